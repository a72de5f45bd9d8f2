"""The editor's form: what was sent, what its buttons do, and the document that it is. Pure."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from mappings.documents import Problem, checks_of, open_targets, rules_of
from mappings.editor.rows import ORIGINS, Row, row_of, rule_of
from mappings.editor.steps import BadCell, StepRow, rows_of_steps
from mappings.own_maps import own_map_name
from mappings.suggestions import OWN_VALUES, Suggestion
from mappings.transforms import TRANSFORMS

Record = Mapping[str, object]
MAX_ROWS: Final = 500
MAX_CELL: Final = 20_000
# The choice of a value map of the rule's own, which gets its name when the form is read.
OWN_LOOKUP: Final = "own"
# The buttons that add a rule: an empty one, one from a source, one for a target.
ADDING: Final = ("add-rule", "use", "fill")
_ORIGINS: Final = frozenset(name for name, _ in ORIGINS)


class Sent(Protocol):
    """What a browser sent, as Django keeps it."""

    def get(self, name: str, /) -> str | None: ...

    def getlist(self, name: str, /) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check as texts. `number`: its place in the form."""

    number: int
    id: str
    condition: str = ""
    message: str = ""
    severity: str = "reject"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a word of a value map is to become, "" while nobody has said it."""

    value_map: str
    word: str
    becomes: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """Everything that the editor holds. `opened`: ids of the rules to show with their details.

    open_targets: what clients may add rules for, with spaces between. entries: of value maps,
    as they were sent.
    """

    rows: tuple[Row, ...]
    checks: tuple[CheckRow, ...] = ()
    opened: frozenset[str] = frozenset()
    open_targets: str = ""
    entries: tuple[Entry, ...] = ()

    @property
    def tables(self) -> dict[str, dict[str, str]]:
        """The entries that say something, by value map."""
        made: dict[str, dict[str, str]] = {}
        for one in self.entries:
            if one.becomes:
                made.setdefault(one.value_map, {})[one.word] = one.becomes
        return made


def form_of(document: Record) -> Form:
    """Return a document as a form."""
    return Form(
        rows=tuple(row_of(rule, number) for number, rule in enumerate(rules_of(document), 1)),
        checks=tuple(
            CheckRow(
                number=number,
                id=str(one.get("id")),
                condition=str(one.get("assert") or ""),
                message=str(one.get("message") or ""),
                severity=str(one.get("severity") or "reject"),
            )
            for number, one in enumerate(checks_of(document), 1)
        ),
        open_targets=" ".join(open_targets(document)),
    )


def read_form(sent: Sent, slug: str = "") -> Form:
    """Return the form that was sent. `slug`: of the mapping, for value maps of a rule's own."""
    rows = tuple(_row(sent, number, slug) for number in _numbers(sent, "row"))
    checks = tuple(
        CheckRow(
            number=int(number),
            id=_cell(sent, "check-id", number) or f"check-{number}",
            condition=_cell(sent, "check-assert", number),
            message=_cell(sent, "check-message", number),
            severity=_cell(sent, "check-severity", number) or "reject",
        )
        for number in _numbers(sent, "check")
    )
    opened = (sent.get("open-targets") or "")[:MAX_CELL]
    return Form(rows, checks, open_targets=opened, entries=_entries(sent))


def _entries(sent: Sent) -> tuple[Entry, ...]:
    given = zip(
        sent.getlist("entry-map")[:MAX_ROWS],
        sent.getlist("entry-word")[:MAX_ROWS],
        sent.getlist("entry-becomes")[:MAX_ROWS],
        strict=False,
    )
    return tuple(
        Entry(name[:60], word[:MAX_CELL], becomes.strip()[:MAX_CELL])
        for name, word, becomes in given
        if word
    )


def _numbers(sent: Sent, name: str) -> list[str]:
    """Return the numbers of the rows that were sent, each once."""
    given = [one for one in sent.getlist(name)[:MAX_ROWS] if one.isascii() and one.isdecimal()]
    return list(dict.fromkeys(one for one in given if len(one) < 6))


def _cell(sent: Sent, name: str, number: str) -> str:
    return (sent.get(f"{name}-{number}") or "")[:MAX_CELL].replace("\r\n", "\n")


def _row(sent: Sent, number: str, slug: str) -> Row:
    origin = _cell(sent, "origin", number)
    target, lookup = _cell(sent, "target", number), _cell(sent, "lookup", number)
    if lookup == OWN_LOOKUP:
        lookup = f"values {own_map_name(slug, target.strip())}" if target.strip() else ""
    names = list(sent.getlist(f"step-{number}"))[:50]
    return Row(
        number=int(number),
        id=_cell(sent, "id", number) or f"rule-{number}",
        target=target,
        origin=origin if origin in _ORIGINS else "source",
        value=_cell(sent, "value", number),
        steps=tuple(_step(sent, number, place, name) for place, name in enumerate(names)),
        lookup=lookup,
        on_miss=_cell(sent, "on_miss", number) or "fail",
        default=_cell(sent, "default", number),
        on_missing=_cell(sent, "on_missing", number),
        on_null=_cell(sent, "on_null", number),
        when=_cell(sent, "when", number),
        type=_cell(sent, "type", number),
        required=bool(_cell(sent, "required", number)),
        note=_cell(sent, "note", number),
        members=_cell(sent, "members", number),
        extension=_cell(sent, "extension", number),
    )


def _step(sent: Sent, number: str, place: int, name: str) -> StepRow:
    params = TRANSFORMS[name].params if name in TRANSFORMS else ()
    given = {one.name: sent.get(f"set-{number}-{place}-{one.name}") for one in params}
    texts = {key: text[:MAX_CELL] for key, text in given.items() if text}
    return StepRow(name[:40], {key: text.replace("\r\n", "\n") for key, text in texts.items()})


def document_of(form: Form, base: Record) -> tuple[dict[str, object], list[Problem]]:
    """Return the form as a document, and which cells can't be read.

    `base`: the document that the form was made of. A rule with a cell that can't be read stays
    as it was there, or out; an empty row is no rule.
    """
    before = {str(rule.get("id")): rule for rule in rules_of(base)}
    rules: list[Record] = []
    problems: list[Problem] = []
    for row in form.rows:
        if row.is_empty:
            continue
        old = before.get(row.id, {})
        try:
            rules.append(rule_of(row, old))
        except BadCell as error:
            problems.append(Problem("cell", str(error), row.id, row.target))
            rules += [old] if old else []
    document: dict[str, object] = {"rules": rules}
    if checks := [_check(one, base) for one in form.checks if _is_written(one)]:
        document["checks"] = checks
    if opened := sorted(set(form.open_targets.replace(",", " ").split())):
        document["open_targets"] = opened
    return document, problems


def _is_written(check: CheckRow) -> bool:
    return bool(check.condition.strip() or check.message.strip())


def _check(row: CheckRow, base: Record) -> dict[str, object]:
    made: dict[str, object] = {
        "id": row.id,
        "assert": row.condition.strip(),
        "message": row.message.strip(),
    }
    old = next((one for one in checks_of(base) if one.get("id") == row.id), {})
    if "severity" in old or row.severity != "reject":
        made["severity"] = row.severity
    return made


# --- buttons ---------------------------------------------------------------------------------


def press(form: Form, command: str, sent: Sent) -> Form:
    """Return the form after one of its buttons; a command that it does not know changes nothing.

    Commands: add-rule, use:source, fill:target, add-check, remove-rule:id, remove-check:id,
    add-step:id, remove-step:id:place, raise-step:id:place.
    """
    name, _, rest = command.partition(":")
    ident, _, place = rest.partition(":")
    at = int(place) if place.isascii() and place.isdecimal() and len(place) < 4 else 0
    if name in ADDING:
        number = max((row.number for row in form.rows), default=0) + 1
        made = Row(
            number,
            _free_id("rule", {row.id for row in form.rows}),
            target=rest if name == "fill" else "",
            value=rest if name == "use" else "",
        )
        return replace(form, rows=(*form.rows, made))
    if name == "remove-rule":
        return replace(form, rows=tuple(row for row in form.rows if row.id != ident))
    if name == "add-check":
        number = max((one.number for one in form.checks), default=0) + 1
        check = CheckRow(number, _free_id("check", {one.id for one in form.checks}))
        return replace(form, checks=(*form.checks, check))
    if name == "remove-check":
        return replace(form, checks=tuple(one for one in form.checks if one.id != ident))
    return _press_step(form, name, ident, at, sent)


def with_suggestions(
    form: Form, found: Sequence[Suggestion], required: Container[str], slug: str
) -> Form:
    """Return the form with a rule for each suggestion, in place of rows that are empty."""
    rows = [row for row in form.rows if not row.is_empty]
    number = max((row.number for row in form.rows), default=0)
    for place, one in enumerate(found, 1):
        taken = {row.id for row in rows}
        ident = one.target if one.target not in taken else _free_id("rule", taken)
        own = f"values {own_map_name(slug, one.target)}"
        rows.append(
            Row(
                number + place,
                ident,
                target=one.target,
                value=one.source,
                steps=rows_of_steps(list(one.steps)),
                lookup=own if one.lookup == OWN_VALUES else "",
                required=one.target in required,
                hint=one.why,
            )
        )
    return replace(form, rows=tuple(rows))


def _press_step(form: Form, name: str, ident: str, place: int, sent: Sent) -> Form:
    changes: dict[str, Callable[[Row], tuple[StepRow, ...]]] = {
        "add-step": lambda row: (*row.steps, *_new_step(sent, ident)),
        "remove-step": lambda row: row.steps[:place] + row.steps[place + 1 :],
        "raise-step": lambda row: _raised(row.steps, place),
    }
    if name not in changes:
        return form
    rows = tuple(
        replace(row, steps=changes[name](row)) if row.id == ident else row for row in form.rows
    )
    return replace(form, rows=rows, opened=form.opened | {ident})


def _new_step(sent: Sent, ident: str) -> tuple[StepRow, ...]:
    name = sent.get(f"new-step-{ident}") or ""
    return (StepRow(name),) if name in TRANSFORMS else ()


def _raised(steps: tuple[StepRow, ...], place: int) -> tuple[StepRow, ...]:
    if not 0 < place < len(steps):
        return steps
    return (*steps[: place - 1], steps[place], steps[place - 1], *steps[place + 1 :])


def _free_id(stem: str, taken: set[str]) -> str:
    return next(name for n in range(1, MAX_ROWS * 2) if (name := f"{stem}-{n}") not in taken)
