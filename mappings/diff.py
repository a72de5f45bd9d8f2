"""What differs between two documents, rule by rule, in plain words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.documents import canonical_json, rules_of

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """`sign` is "+", "-" or " "."""

    sign: str
    text: str


def _steps(rule: Record) -> list[str]:
    steps = rule.get("steps")
    words = []
    for step in steps if isinstance(steps, list) else []:
        settings = ", ".join(f"{name} {value}" for name, value in step.items() if name != "do")
        words.append(f"{step.get('do')}({settings})" if settings else str(step.get("do")))
    return words


def rule_words(rule: Record) -> str:
    """Return a rule in one line, such as `amount ← Amount | round(digits 2), required`."""
    if "constant" in rule:
        origin = f"always {rule['constant']!r}"
    elif "expr" in rule:
        origin = str(rule["expr"])
    else:
        origin = str(rule.get("source") or rule.get("for_each"))
    parts = [origin, *_steps(rule)]
    lookup = rule.get("lookup")
    if isinstance(lookup, Mapping):
        name = lookup.get("reference") or lookup.get("value_map")
        parts.append(f"look up {name}")
    text = f"{rule.get('target')} ← {' | '.join(parts)}"
    if "default" in rule:
        text += f", else {rule['default']!r}"
    if rule.get("required"):
        text += ", required"
    return f"{text}, when {rule['when']}" if rule.get("when") else text


def _by_id(document: Record) -> dict[str, Record]:
    return {str(rule.get("id")): rule for rule in rules_of(document)}


def diff(old: Record, new: Record) -> list[Line]:
    """Return the new document's rules with what went and what came, in the new order."""
    before, after = _by_id(old), _by_id(new)
    lines = [Line("-", rule_words(rule)) for ident, rule in before.items() if ident not in after]
    for ident, rule in after.items():
        was = before.get(ident)
        if was is not None and canonical_json(was) == canonical_json(rule):
            lines.append(Line(" ", rule_words(rule)))
            continue
        if was is not None:
            lines.append(Line("-", rule_words(was)))
        lines.append(Line("+", rule_words(rule)))
    old_checks, new_checks = old.get("checks") or [], new.get("checks") or []
    if old_checks != new_checks:
        lines += [Line("-", f"check: {_check(one)}") for one in _listed(old_checks)]
        lines += [Line("+", f"check: {_check(one)}") for one in _listed(new_checks)]
    return lines


def _listed(value: object) -> list[Record]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _check(check: Record) -> str:
    return f"{check.get('assert')}, else {check.get('severity', 'reject')}: {check.get('message')}"


def changed_targets(old: Record, new: Record) -> set[str]:
    """Return the target fields whose rules differ."""
    before, after = _by_id(old), _by_id(new)
    return {
        str(rule.get("target"))
        for one, other in ((before, after), (after, before))
        for ident, rule in one.items()
        if ident not in other or canonical_json(other[ident]) != canonical_json(rule)
    }
