"""A rule as a row of the form, and back. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.documents import canonical_json, objects_in
from mappings.editor.steps import BadCell, StepRow, rows_of_steps, step_of, text_of
from mappings.json_text import BadJson, read_json

Record = Mapping[str, object]
ORIGINS = (
    ("source", "Field"),
    ("constant", "Always"),
    ("expr", "Expression"),
    ("for_each", "Each of a list"),
)
POLICIES = (
    ("", "As usual"),
    ("fail", "Refuse the record"),
    ("null", "Leave it empty"),
    ("default", "Take the default"),
    ("skip", "Leave it out"),
)
EXTENSIONS = (
    ("", "Must stay as it is"),
    ("replace", "May replace it"),
    ("any", "May replace it or leave it out"),
)
MISSES = (
    ("fail", "Refuse the record"),
    ("hold", "Hold it until there is one"),
    ("default", "Take the default"),
    ("pass", "Keep the value"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One rule as texts.

    number: its place in the form, which stays while rows come and go. value: the path,
    constant or expression. lookup: `reference customer` or `values terms`. members: the rules
    for a list's members, as JSON. hint: why it was suggested; it is not kept.
    """

    number: int
    id: str
    target: str = ""
    origin: str = "source"
    value: str = ""
    steps: tuple[StepRow, ...] = ()
    lookup: str = ""
    on_miss: str = "fail"
    default: str = ""
    on_missing: str = ""
    on_null: str = ""
    when: str = ""
    type: str = ""
    required: bool = False
    note: str = ""
    members: str = ""
    extension: str = ""
    hint: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written in it: then it is no rule."""
        return not self.target.strip() and not self.value.strip()

    @property
    def extras(self) -> list[str]:
        """What else the rule does, in a few words, for its folded part."""
        words = ["Required"] if self.required else []
        words += [step.label for step in self.steps]
        words += [f"Look-up: {self.lookup.partition(' ')[2]}"] if self.lookup else []
        words += [f"Default {self.default}"] if self.default else []
        words += ["Only when …"] if self.when.strip() else []
        return words


def row_of(rule: Record, number: int) -> Row:
    """Return a rule as a row."""
    origin = next((name for name, _ in ORIGINS if name in rule), "source")
    lookup = rule.get("lookup")
    return Row(
        number=number,
        id=str(rule.get("id")),
        target=str(rule.get("target") or ""),
        origin=origin,
        value=text_of(rule.get(origin, "")),
        steps=rows_of_steps(rule.get("steps")),
        lookup=_lookup_text(lookup),
        on_miss=str(lookup.get("on_miss", "fail")) if isinstance(lookup, Mapping) else "fail",
        default=text_of(rule.get("default")),
        on_missing=str(rule.get("on_missing") or ""),
        on_null=str(rule.get("on_null") or ""),
        when=str(rule.get("when") or ""),
        type=str(rule.get("type") or ""),
        required=rule.get("required") is True,
        note=str(rule.get("note") or ""),
        members=_members_text(rule.get("rules")) if "rules" in rule else "",
        extension=str(rule.get("extension") or ""),
    )


def _members_text(rules: object) -> str:
    lines = ",\n ".join(canonical_json(one) for one in objects_in(rules))
    return f"[{lines}]"


def _lookup_text(lookup: object) -> str:
    if not isinstance(lookup, Mapping):
        return ""
    if "reference" in lookup:
        return f"reference {lookup['reference']}"
    return f"values {lookup.get('value_map')}"


def rule_of(row: Row, old: Record) -> dict[str, object]:
    """Return a row as a rule. Raises BadCell.

    `old`: the rule before; a value that reads the same is taken as it is, so that what is no
    text stays what it was.
    """
    rule: dict[str, object] = {"id": row.id, "target": row.target.strip()}
    rule[row.origin] = (
        _value(row.value, old.get("constant")) if row.origin == "constant" else row.value.strip()
    )
    if row.origin == "for_each":
        rule["rules"] = _members(row.members)
    if row.steps:
        before = objects_in(old.get("steps"))
        rule["steps"] = [step_of(step, before) for step in row.steps]
    if lookup := _lookup(row, old):
        rule["lookup"] = lookup
    if row.default != "" or ("default" in old and text_of(old["default"]) == ""):
        rule["default"] = _value(row.default, old.get("default"))
    texts = {
        "on_missing": row.on_missing,
        "on_null": row.on_null,
        "when": row.when.strip(),
        "type": row.type,
        "note": row.note.strip(),
        "extension": row.extension,
    }
    rule |= {name: text for name, text in texts.items() if text}
    if row.required or old.get("required") is False:
        rule["required"] = row.required
    return rule


def _value(text: str, old: object) -> object:
    """Return a constant or default with the type that it had: true and false are no texts."""
    if text_of(old) == text:
        return old
    return text == "true" if text in ("true", "false") else text


def _lookup(row: Row, old: Record) -> dict[str, object]:
    kind, _, name = row.lookup.partition(" ")
    if not name:
        return {}
    if kind == "reference":
        return {"reference": name}
    before = old.get("lookup")
    is_said = isinstance(before, Mapping) and "on_miss" in before
    made: dict[str, object] = {"value_map": name}
    return {**made, "on_miss": row.on_miss} if is_said or row.on_miss != "fail" else made


def _members(text: str) -> list[object]:
    try:
        found = read_json(text or "[]")
    except BadJson as error:
        raise BadCell(f"Rules of the members: {error}") from error
    if not isinstance(found, list):
        raise BadCell("The rules of the members are a list: [{…}, {…}].")
    return found
