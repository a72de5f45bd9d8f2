"""A rule as a row of the form, and the form as a document."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mappings.documents import rules_of

Record = Mapping[str, object]
_NAME = re.compile(r"\s*(?P<name>[a-z][a-z0-9_]{0,39})\s*(?P<open>\()?")
_BAR = re.compile(r"\s*(?:\||$)")
_SETTING = re.compile(r"\s*(?P<name>[a-z_]{1,30})\s*=\s*")
_NEXT = re.compile(r"\s*(?P<sign>[,)])")
_BARE = re.compile(r"[A-Za-z0-9_/.+:-]+")
_HOW = "Write steps as name(setting=value), with | between them."
_KEPT = ("for_each", "rules", "on_null", "on_missing", "type", "note")
ORIGINS = (("source", "Field"), ("constant", "Always"), ("expr", "Expression"))
MAX_ROWS = 200


class BadRow(ValueError):
    """A cell of the form can't be read. Fit to show beside the row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rule as texts. `fixed`: a rule over a list, which the form shows but does not edit."""

    id: str
    target: str = ""
    origin: str = "source"
    value: str = ""
    steps: str = ""
    lookup: str = ""
    default: str = ""
    when: str = ""
    required: bool = False
    fixed: bool = False
    error: str = ""


def _written(value: object) -> str:
    """Return a setting: bare when that is clear, as JSON otherwise."""
    if isinstance(value, str) and _BARE.fullmatch(value) and not value.isdecimal():
        return value
    return json.dumps(value, ensure_ascii=False)


def steps_text(steps: object) -> str:
    """Return steps as people write them: `trim | round(digits=2)`."""
    parts = []
    for step in steps if isinstance(steps, list) else []:
        settings = ", ".join(
            f"{name}={_written(value)}" for name, value in step.items() if name != "do"
        )
        parts.append(f"{step['do']}({settings})" if settings else str(step["do"]))
    return " | ".join(parts)


def read_steps(text: str) -> list[dict[str, object]]:
    """Return the steps of `trim | round(digits=2)`. Raises BadRow."""
    steps: list[dict[str, object]] = []
    at = 0
    while text[at:].strip():
        found = _NAME.match(text, at)
        if found is None:
            raise BadRow(_HOW)
        step: dict[str, object] = {"do": found["name"]}
        at = found.end()
        if found["open"]:
            at = _read_settings(text, at, step)
        steps.append(step)
        at = _past(_BAR, text, at)
    return steps


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    if found is None:
        raise BadRow(_HOW)
    return found.end()


def _read_settings(text: str, at: int, step: dict[str, object]) -> int:
    """Read `name=value, …)` into the step and return where it ends."""
    while True:
        named = _SETTING.match(text, at)
        if named is None:
            raise BadRow(_HOW)
        value, at = _read_value(text, named.end())
        step[named["name"]] = value
        closed = _NEXT.match(text, at)
        if closed is None:
            raise BadRow(_HOW)
        at = closed.end()
        if closed["sign"] == ")":
            return at


def _read_value(text: str, at: int) -> tuple[object, int]:
    bare = _BARE.match(text, at)
    if bare is not None and not bare[0].lstrip("-").isdecimal():
        return bare[0], bare.end()
    try:
        value, end = json.JSONDecoder().raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise BadRow('Write a value as a word, a number, "a text" or {"a": "b"}.') from error
    return value, end


def _lookup_text(lookup: object) -> str:
    if not isinstance(lookup, Mapping):
        return ""
    if "reference" in lookup:
        return f"reference {lookup['reference']}"
    miss = lookup.get("on_miss")
    return f"values {lookup['value_map']}" + (f" or {miss}" if miss else "")


def _read_lookup(text: str) -> dict[str, object] | None:
    words = text.split()
    match words:
        case []:
            return None
        case ["reference", kind]:
            return {"reference": kind}
        case ["values", name]:
            return {"value_map": name}
        case ["values", name, "or", miss]:
            return {"value_map": name, "on_miss": miss}
    raise BadRow("Write a look-up as 'reference customer' or 'values terms'.")


def rows_of(document: Record) -> list[Row]:
    """Return a document's rules as rows."""
    return [_row(rule) for rule in rules_of(document)]


def _row(rule: Record) -> Row:
    origin = next((name for name, _ in ORIGINS if name in rule), "source")
    value = rule.get(origin, rule.get("for_each", ""))
    return Row(
        id=str(rule.get("id")),
        target=str(rule.get("target") or ""),
        origin=origin,
        value=value if isinstance(value, str) else json.dumps(value),
        steps=steps_text(rule.get("steps")),
        lookup=_lookup_text(rule.get("lookup")),
        default=str(rule["default"]) if "default" in rule else "",
        when=str(rule.get("when") or ""),
        required=bool(rule.get("required")),
        fixed="for_each" in rule,
    )


def rule_of(row: Row, old: Record) -> dict[str, object]:
    """Return a row as a rule; what the form does not show is kept from `old`. Raises BadRow."""
    rule: dict[str, object] = {name: old[name] for name in _KEPT if name in old}
    rule |= {"id": row.id, "target": row.target.strip()}
    if row.fixed:
        return {**old, **rule}
    rule[row.origin] = _constant(row.value, old) if row.origin == "constant" else row.value.strip()
    if steps := read_steps(row.steps):
        rule["steps"] = steps
    if lookup := _read_lookup(row.lookup):
        rule["lookup"] = lookup
    if row.default:
        rule["default"] = row.default
    if row.when.strip():
        rule["when"] = row.when.strip()
    if row.required:
        rule["required"] = True
    return rule


def _constant(text: str, old: Record) -> object:
    """Return a constant with the type it had: `true`, a number or a text."""
    was = old.get("constant")
    if isinstance(was, bool) or text in ("true", "false"):
        return text == "true"
    if isinstance(was, int) and text.lstrip("-").isdecimal():
        return int(text)
    return text


def document_of(rows: Sequence[Row], base: Record) -> tuple[dict[str, object], list[Row]]:
    """Return the form as a document, and the rows with what is wrong with each beside it.

    Rows without target and value are left out; so a row is removed by emptying it.
    """
    old = {str(rule.get("id")): rule for rule in rules_of(base)}
    rules, shown = [], []
    for row in rows[:MAX_ROWS]:
        if not row.target.strip() and not row.value.strip():
            continue
        try:
            rules.append(rule_of(row, old.get(row.id, {})))
            shown.append(row)
        except BadRow as error:
            shown.append(replace(row, error=str(error)))
    document: dict[str, object] = {"rules": rules}
    if base.get("checks"):
        document["checks"] = base["checks"]
    return document, shown


def rows_from(post: Mapping[str, str], listed: Sequence[str]) -> list[Row]:
    """Return the rows that a form sent. `listed`: the row numbers, in order."""

    def cell(number: str, name: str) -> str:
        return post.get(f"{name}-{number}", "")[:2_000]

    return [
        Row(
            id=cell(number, "id") or f"r{number}",
            target=cell(number, "target"),
            origin=cell(number, "origin") or "source",
            value=cell(number, "value"),
            steps=cell(number, "steps"),
            lookup=cell(number, "lookup"),
            default=cell(number, "default"),
            when=cell(number, "when"),
            required=bool(cell(number, "required")),
            fixed=bool(cell(number, "fixed")),
        )
        for number in listed[:MAX_ROWS]
    ]


def paths_in(sample: object, prefix: str = "", *, depth: int = 4) -> list[str]:
    """Return the paths of a sample record, for the source suggestions; at most 300."""
    found: list[str] = []
    if isinstance(sample, Mapping) and depth:
        for name, value in sample.items():
            path = f"{prefix}{str(name).replace('.', chr(92) + '.')}"
            found.append(path)
            found += paths_in(value, f"{path}.", depth=depth - 1)
    return found[:300]
