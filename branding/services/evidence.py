"""Evidence as a workbook: a sheet for each question that an auditor asks."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from branding.nouns import Nouns
from governance.evidence import Evidence, Section, Story, utc
from tenants.tables.xlsx import write_sheets

_Rows = list[tuple[str, ...]]


def evidence_workbook(evidence: Evidence) -> bytes:
    """Return everything as .xlsx; every cell is a text that no program runs."""
    emergencies = evidence.emergencies
    sheets: list[tuple[str, _Rows]] = [
        ("About", _about(evidence)),
        ("Changes", [_POPULATION, *(_population(one) for one in evidence.stories)]),
        ("Approvals", [_APPROVALS, *_each(evidence.stories, lambda one: one.approvals)]),
        ("Impact previews", [("Change", "Preview"), *_previews(evidence.stories)]),
        ("What changed", [_CHANGED, *_differences(evidence.stories)]),
        ("Files", [_FILES, *_each(evidence.stories, lambda one: one.files)]),
        ("Steps", [_STEPS, *_each(evidence.stories, lambda one: one.steps)]),
        *((_title(one), _table(one)) for one in (emergencies, *evidence.sections)),
        ("Check of the audit trail", [(line,) for line in evidence.verification.lines]),
    ]
    return write_sheets(sheets)


def in_words(evidence: Evidence, nouns: Nouns) -> Evidence:
    """Return it in the partner's words, but for what was written by people or by the trail."""
    word = nouns.sentence
    return replace(
        evidence,
        stories=[
            replace(
                one,
                concerns=one.concerns or word("All clients"),
                approvals=[(row[0], word(row[1]), *row[2:]) for row in one.approvals],
            )
            for one in evidence.stories
        ],
        sections=[
            replace(
                one,
                title=word(one.title),
                note=word(one.note),
                columns=tuple(word(column) for column in one.columns),
            )
            for one in evidence.sections
        ],
    )


_POPULATION = (
    "Change", "Title", "Reason", "Ticket", "Concerns", "Author", "Written by", "State", "Risk",
    "Emergency", "Revision", "Proposed", "Live since", "Applied by", "Closed by", "Roll-back",
    "Content",
)  # fmt: skip
_APPROVALS = ("Change", "Signed by", "For", "When", "Counts", "Before going live", "Remark")
_CHANGED = ("Change", "What", "Version before", "Version after", "Difference")
_FILES = ("Change", "Name", "Bytes", "SHA-256", "Attached by", "When")
_STEPS = ("Change", "When", "Who", "Door", "What", "Why")


def _about(evidence: Evidence) -> _Rows:
    period = evidence.period
    return [
        ("Evidence of change control",),
        ("From", utc(period.since)),
        ("Until (not included)", utc(period.until)),
        ("Made", utc(evidence.made_at)),
        ("Made by", evidence.made_by),
        ("Times", "All times are UTC."),
        *(("Population", line) for line in evidence.population),
        *((section.title, section.note) for section in evidence.sections),
        *(("Check of the audit trail", line) for line in evidence.verification.lines),
    ]


def _population(one: Story) -> tuple[str, ...]:
    return (
        str(one.number),
        one.title,
        one.reason,
        one.ticket,
        one.concerns,
        one.author,
        one.writers,
        one.status,
        one.risk,
        "Yes" if one.emergency else "No",
        str(one.revision),
        one.proposed,
        one.applied,
        one.applied_by,
        one.closed_by,
        " ".join(one.links),
        one.content_hash,
    )


def _each(stories: Iterable[Story], rows_of: Callable[[Story], Sequence[tuple[str, ...]]]) -> _Rows:
    return [(str(one.number), *row) for one in stories for row in rows_of(one)]


def _previews(stories: Iterable[Story]) -> _Rows:
    return [
        (str(one.number), line) for one in stories for line in one.impacts or ["None was made."]
    ]


def _differences(stories: Iterable[Story]) -> _Rows:
    return [
        (str(one.number), what, was, became, line)
        for one in stories
        for what, was, became, lines in one.changed
        for line in lines or ["Nothing differs."]
    ]


def _table(section: Section) -> _Rows:
    return [section.columns, *(section.rows or [(section.empty,)])]


def _title(section: Section) -> str:
    return section.title.replace(":", ",")
