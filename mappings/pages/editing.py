"""What the editor shows: the form's rules with what each gives, the sample, the difference."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from django.http import HttpRequest

from governance.requests import actor_of
from mappings.canonical.registry import key_of, schema
from mappings.diff import Line, diff, rule_words
from mappings.documents import Problem, canonical_json, rules_of
from mappings.editor.form import CheckRow, Form, document_of
from mappings.editor.rows import Row
from mappings.engine import Mapped, RuleTrace
from mappings.marks import mark_of
from mappings.models import Mapping, MappingVersion
from mappings.numbers import as_text
from mappings.own_maps import own_map_name
from mappings.pages.fields import SourceField, TargetField, source_tree, target_fields
from mappings.parts import EACH, sample_parts
from mappings.sample_rows import BadSample, SampleRow, Samples, read_samples
from mappings.samples import Sample, samples_for
from mappings.services.checking import sources_of, targets_of
from mappings.services.overlays import rule_origins, standing_document
from mappings.services.preview import Around, Entries, Preview, around, preview_for
from mappings.services.trying import Tried, labelled, map_labels, try_rows
from mappings.values import kept

MAX_SHOWN: Final = 120
# Of the records that a sample becomes, so many are shown.
MAX_MADE: Final = 20


@dataclass(frozen=True, slots=True)
class Editing:
    """One state of the editor, as it was opened or as it was sent.

    base: the version that the form was made of. text: the sample as it stands in its box; at:
    which of its rows is shown. notes, wrong: what to know of a file that was brought.
    """

    mapping: Mapping
    base: MappingVersion | None
    form: Form
    text: str
    samples: list[Sample]
    chosen: str = ""
    at: int = 0
    notes: list[str] = field(default_factory=list)
    wrong: str = ""
    is_typing: bool = False

    @property
    def base_document(self) -> dict[str, object]:
        """The document that the form was made of."""
        if self.base is not None:
            return dict(self.base.document)
        return standing_document(self.mapping) or {"rules": []}


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule of the form with what it gives for the sample, and what is wrong with it.

    words: the rule in one line, for those who only read. origin: whose rule it is, for a
    client's overlay. own_lookup: what its look-up is with a value map of its own.
    """

    row: Row
    trace: RuleTrace | None
    errors: list[str]
    is_open: bool
    words: str = ""
    origin: str = ""
    own_lookup: str = ""

    @property
    def result(self) -> str:
        """What the rule gives, as a text."""
        if self.trace is None:
            return ""
        return "left out" if self.trace.skipped else self._text(self.trace.value)

    @property
    def mark(self) -> str:
        """What its result is known by."""
        is_faint = self.trace is None or self.trace.skipped or self.trace.value is None
        return mark_of(f"out-{self.row.number}", self.errors, self.result, self.chain, is_faint)

    @property
    def chain(self) -> str:
        """What was taken and what each step made of it; "" when nothing happened to it."""
        if self.trace is None or not self.trace.steps:
            return ""
        values = [self.trace.taken, *(step.value for step in self.trace.steps)]
        return " → ".join(self._text(one) for one in values)

    def _text(self, value: object) -> str:
        """Return a value as a text; of a list that is taken apart, how many members it has."""
        if self.row.target.strip() == EACH and isinstance(value, list):
            return f"{len(value)} members" if len(value) != 1 else "1 member"
        return _short(value)


def _short(value: object) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, Decimal):
        return as_text(value)
    text = value if isinstance(value, str) else canonical_json(kept(value))
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A check of the form, and what is wrong with it or with the sample.

    waits, warns: what it says of a sample that it holds, or lets go on.
    """

    row: CheckRow
    errors: list[str]
    waits: list[str]
    warns: list[str]

    @property
    def mark(self) -> str:
        """What its answer is known by."""
        return mark_of(f"check-{self.row.number}", [self.errors, self.waits, self.warns])


@dataclass(frozen=True, slots=True)
class Made:
    """One of the records that a sample becomes, or what is wrong with it."""

    number: int
    label: str
    data: dict[str, object] | None
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Shown:
    """The answer to one state of the editor.

    problems: what is wrong beyond a single rule. lines: what differs from the live version;
    same: how many of its rules do not. may_keep: whether the document can be kept. tried: how
    all rows of a table fare, None for a single record; at: the number of the one that is shown.
    """

    document: dict[str, object]
    rules: list[ShownRule]
    checks: list[ShownCheck]
    problems: list[str]
    preview: Preview
    missing: list[str]
    covered: int
    fields: int
    lines: list[Line]
    same: int
    may_keep: bool
    sample: dict[str, object]
    tried: Tried | None = None
    at: int = 1
    entries: Entries = field(default_factory=dict)
    source_tree: list[SourceField] = field(default_factory=list)
    target_fields: list[TargetField] = field(default_factory=list)
    makes: str = ""

    @property
    def source_mark(self) -> str:
        """What the list of the source's fields is known by."""
        return mark_of("sources", self.source_tree)

    @property
    def target_mark(self) -> str:
        """What the list of the target's fields is known by."""
        return mark_of("targets", self.target_fields)

    @property
    def tried_mark(self) -> str:
        """What the line about all rows is known by."""
        one = self.tried
        tried = one and (one.total, one.passed, one.left_out, one.made)
        return mark_of("tried", tried, self.at, bool(self.rules), bool(self.preview.faults))

    @property
    def made(self) -> list[Made]:
        """The records that the sample becomes, where the mapping makes several; the first few."""
        results = self.preview.results if self.preview.several else ()
        return [
            Made(number, self.label_of(one), one.data, [str(fault) for fault in one.problems])
            for number, one in enumerate(results[:MAX_MADE], 1)
        ]

    def label_of(self, one: Mapped) -> str:
        """Return what a record that is made is known by."""
        return key_of(self.makes, one.data) if self.makes and one.data else ""

    @property
    def word_lists(self) -> list[dict[str, Any]]:
        """The value maps that lack words, each word with what was said of it."""
        listed = self.tried.words if self.tried else []
        return [
            {
                "name": one.name,
                "label": one.label,
                "choices": one.choices,
                "value_map": one.value_map,
                "is_theirs": one.is_theirs,
                "rows": [
                    {
                        "id": f"{place}-{at}",
                        "word": word,
                        "count": count,
                        "becomes": self.entries.get(one.name, {}).get(word, ""),
                    }
                    for at, (word, count) in enumerate(one.words)
                ],
            }
            for place, one in enumerate(listed)
        ]

    @property
    def wanted_words(self) -> set[tuple[str, str]]:
        """The words of value maps that the rows have and that are not live."""
        listed = self.tried.words if self.tried else []
        return {(one.name, word) for one in listed if one.is_theirs for word, _ in one.words}


def stored_samples(request: HttpRequest, mapping: Mapping) -> list[Sample]:
    """Return the stored records that this person may try the mapping on."""
    return samples_for(mapping, actor_of(request).client_id)


def sample_text(samples: list[Sample], chosen: str) -> tuple[str, str]:
    """Return (the key, the text) of the chosen sample, of the newest when none is chosen."""
    found = next((one for one in samples if one.key == chosen), samples[0] if samples else None)
    if found is None:
        return "", "{}"
    return found.key, json.dumps(found.data, indent=1, ensure_ascii=False, default=str)


def shown(editing: Editing) -> Shown:
    """Run the form's document on its sample and put everything beside what it concerns."""
    document, cells = document_of(editing.form, editing.base_document)
    samples, sample_problem = samples_in(editing)
    row = samples.at(editing.at)
    sample, entries = row.data, editing.form.tables
    beside = around(editing.mapping)
    preview = preview_for(editing.mapping, document, sample, entries, beside)
    wrong = [*cells, *preview.faults]
    said = [*wrong, *preview.problems, *preview.holds, *preview.warnings]
    rules = _rules(editing, document, preview, wrong, beside)
    places = {one.row.id for one in rules} | {one.id for one in editing.form.checks}
    elsewhere = [str(one) for one in said if _place(one) not in places]
    targets = targets_of(editing.mapping)
    aimed = {row.target.strip().split(".")[0] for row in editing.form.rows}
    filled = {row.target.split(".")[0] for row in preview.rows if row.value is not None} - {EACH}
    lines = diff(standing_document(editing.mapping), document)
    changed = [line for line in lines if line.sign != " "]
    return Shown(
        document=document,
        rules=rules,
        checks=_checks(editing.form, [*wrong, *preview.problems], preview),
        problems=[sample_problem, *elsewhere] if sample_problem else elsewhere,
        preview=preview,
        missing=_missing(editing.mapping, filled, beside) if preview.rows else [],
        covered=len(filled),
        fields=len(targets),
        lines=changed,
        same=len(lines) - len(changed),
        may_keep=not wrong,
        sample=sample,
        tried=_tried(editing, document, preview, samples, beside),
        at=row.number,
        entries=entries,
        source_tree=_sources(editing.mapping, sample, document),
        target_fields=target_fields(editing.mapping, targets, aimed, beside.custom),
        makes=editing.mapping.object_type,
    )


def _sources(
    mapping: Mapping, sample: dict[str, object], document: dict[str, object]
) -> list[SourceField]:
    """Return the source's fields; of a list that is taken apart, those of its first member, too."""
    first = sample_parts(document, sample)[0]
    return source_tree(sources_of(mapping, sample, document), first, document)


def samples_in(editing: Editing) -> tuple[Samples, str]:
    """Return the records of the sample box, an empty one when it can't be read, and why."""
    try:
        return read_samples(editing.text), ""
    except BadSample as error:
        return Samples([SampleRow(1, {})]), str(error)


def _tried(
    editing: Editing,
    document: dict[str, object],
    preview: Preview,
    samples: Samples,
    beside: Around,
) -> Tried | None:
    """Try all rows of a table; those rules that are sound, while others are not."""
    if not samples.is_table:
        return None
    faulty = {fault.rule.split("/")[0] for fault in preview.faults}
    sound = [rule for rule in rules_of(document) if str(rule.get("id")) not in faulty]
    checks = {} if preview.faults else {"checks": document.get("checks", [])}
    tried = try_rows(
        editing.mapping,
        {"rules": sound, **checks},
        samples,
        editing.form.tables,
        beside,
        is_typing=editing.is_typing,
    )
    return replace(tried, passed=0) if preview.faults else tried


def _place(problem: Problem) -> str:
    return problem.rule.split("/")[0]


def _rules(
    editing: Editing,
    document: dict[str, object],
    preview: Preview,
    wrong: Iterable[Problem],
    beside: Around,
) -> list[ShownRule]:
    words = {str(rule.get("id")): rule_words(rule) for rule in rules_of(document)}
    traces = {row.rule: row for row in preview.rows}
    form, origins = editing.form, rule_origins(editing.mapping, document)
    labels = map_labels(editing.mapping, document, beside)
    errors: dict[str, list[str]] = {}
    for problem in wrong:
        errors.setdefault(_place(problem), []).append(problem.message)
    for trace in preview.rows:
        if trace.problem is not None:
            errors.setdefault(trace.rule, []).append(labelled(trace.problem.message, labels))
    return [
        ShownRule(
            row=row,
            trace=traces.get(row.id),
            errors=list(dict.fromkeys(errors.get(row.id, []))),
            is_open=row.id in form.opened,
            words=words.get(row.id, ""),
            origin=origins.get(row.id, ""),
            own_lookup=f"values {own_map_name(editing.mapping.slug, row.target.strip())}",
        )
        for row in form.rows
    ]


def _checks(form: Form, wrong: Iterable[Problem], preview: Preview) -> list[ShownCheck]:
    errors, waits, warns = map(_by_check, (wrong, preview.holds, preview.warnings))
    return [
        ShownCheck(row, errors.get(row.id, []), waits.get(row.id, []), warns.get(row.id, []))
        for row in form.checks
    ]


def _by_check(said: Iterable[Problem]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in said:
        if problem.code == "check":
            found.setdefault(problem.rule, []).append(problem.message)
    return found


def _missing(mapping: Mapping, filled: set[str], beside: Around) -> list[str]:
    if not mapping.object_type:
        return []
    fields = schema(mapping.object_type, beside.custom).fields
    return [one.label for one in fields if one.required and one.name not in filled]
