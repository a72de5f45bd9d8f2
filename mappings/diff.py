"""What differs between two documents, rule by rule, in plain words. Pure.

All that a rule holds is in its words: what is signed is what was read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from mappings.documents import canonical_json, checks_of, objects_in, open_targets, rules_of
from tenants.nouns import in_words

Record = Mapping[str, object]
_POLICY_WORDS: Final = {
    "fail": "refuse the record",
    "null": "leave it empty",
    "default": "take the default",
    "skip": "leave it out",
}
_EXTENSION_WORDS: Final = {
    "replace": "clients may replace it",
    "any": "clients may replace it or leave it out",
}
_MISS_WORDS: Final = {
    "fail": "refuse the record",
    "hold": "hold the record",
    "default": "take the default",
    "pass": "keep the value",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference: added, removed or unchanged."""

    sign: Literal["+", "-", " "]
    text: str
    rule: str = ""


def _word(value: object) -> str:
    """Return a value as it stands in a rule's words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} → {_word(one)}" for key, one in value.items())
    if isinstance(value, list):
        return f"[{', '.join(_word(one) for one in value)}]"
    return str(value) if isinstance(value, int | Decimal) else f"'{value}'"


def _step_words(step: Record) -> str:
    settings = ", ".join(f"{name} {_word(one)}" for name, one in step.items() if name != "do")
    return f"{step.get('do')} ({settings})" if settings else str(step.get("do"))


def _lookup_words(lookup: object) -> str:
    if not isinstance(lookup, Mapping):
        return ""
    if "reference" in lookup:
        return f"look up the {lookup['reference']}"
    miss = _MISS_WORDS.get(str(lookup.get("on_miss", "fail")), "")
    return f"by the value map {lookup.get('value_map')} (no entry: {miss})"


def _origin_words(rule: Record) -> str:
    if "constant" in rule:
        return f"always {_word(rule['constant'])}"
    if "expr" in rule:
        return str(rule["expr"])
    if "for_each" in rule:
        return f"each of {rule['for_each']}"
    return str(rule.get("source"))


def rule_words(rule: Record) -> str:
    """Return a rule in one line, such as `amount ← Amount | round (digits 2); required`."""
    ways = [_origin_words(rule), *(_step_words(step) for step in objects_in(rule.get("steps")))]
    if lookup := _lookup_words(rule.get("lookup")):
        ways.append(lookup)
    said = [f"{rule.get('target')} ← {' | '.join(ways)}"]
    if rule.get("type"):
        said.append(f"as {rule['type']}")
    if rule.get("required"):
        said.append("required")
    if "default" in rule:
        said.append(f"default {_word(rule['default'])}")
    for name, words in (("on_missing", "no such field"), ("on_null", "empty")):
        if name in rule:
            said.append(f"{words}: {_POLICY_WORDS.get(str(rule[name]), rule[name])}")
    if rule.get("when"):
        said.append(f"only when {rule['when']}")
    if rule.get("extension"):
        said.append(_EXTENSION_WORDS.get(str(rule["extension"]), ""))
    if rule.get("note"):
        said.append(f"note: {rule['note']}")
    return "; ".join(said)


def _check_words(check: Record) -> str:
    return f"check: {check.get('assert')}, else {check.get('severity', 'reject')}: " + str(
        check.get("message")
    )


def _by_id(rules: list[Record]) -> dict[str, Record]:
    return {str(rule.get("id")): rule for rule in rules}


def is_same(one: Record | None, other: Record | None) -> bool:
    """Say whether two rules or checks hold the same."""
    if one is None or other is None:
        return one is other
    return canonical_json(one) == canonical_json(other)


def diff(old: Record, new: Record) -> list[Line]:
    """Return the new document's rules and checks with what went and what came, in new order."""
    lines = _rules_diff(rules_of(old), rules_of(new), "")
    before, after = _by_id(checks_of(old)), _by_id(checks_of(new))
    for ident in [*after, *(one for one in before if one not in after)]:
        lines += _changed(before.get(ident), after.get(ident), _check_words)
    return lines + _open_diff(old, new)


@dataclass(frozen=True, slots=True)
class RuleChange:
    """How one rule or check differs between two documents, in plain words.

    change: added, removed, changed or same. kind: rule or check. parts: those of the rule
    that differ.
    """

    kind: str
    id: str
    change: str
    before: str
    after: str
    parts: tuple[str, ...]


def compare(old: Record, new: Record) -> list[RuleChange]:
    """Return every rule and check of either document with what became of it."""
    made = _compared("rule", rules_of(old), rules_of(new), _whole_words)
    made += _compared("check", checks_of(old), checks_of(new), _check_words)
    for line in _open_diff(old, new):
        is_new = line.sign == "+"
        target = line.text.rpartition(" ")[2]
        words = ("", line.text) if is_new else (line.text, "")
        made.append(RuleChange("opening", target, "added" if is_new else "removed", *words, ()))
    return made


def _compared(
    kind: str, old: list[Record], new: list[Record], words: Callable[[Record], str]
) -> list[RuleChange]:
    before, after = _by_id(old), _by_id(new)
    made = []
    for ident in [*after, *(one for one in before if one not in after)]:
        was, now = before.get(ident), after.get(ident)
        change = "added" if was is None else "removed" if now is None else "changed"
        change = "same" if is_same(was, now) else change
        names = sorted({*(was or {}), *(now or {})}) if was and now else []
        differ = tuple(name for name in names if not _same_part(was or {}, now or {}, name))
        made.append(
            RuleChange(
                kind, ident, change, words(was) if was else "", words(now) if now else "", differ
            )
        )
    return made


def _same_part(was: Record, now: Record, name: str) -> bool:
    if (name in was) != (name in now):
        return False
    return canonical_json(was[name]) == canonical_json(now[name])


def _whole_words(rule: Record) -> str:
    """Return a rule with those of its members in words."""
    members = [_whole_words(one) for one in rules_of(rule)]
    return "\n    ".join([rule_words(rule), *members])


def _open_diff(old: Record, new: Record) -> list[Line]:
    """Return how the targets differ that clients may add rules for."""
    was, now = open_targets(old), open_targets(new)
    words = in_words("clients may add: ")
    lines = [Line("-", words + one) for one in was if one not in now]
    return lines + [Line("+", words + one) for one in now if one not in was]


def _changed(was: Record | None, now: Record | None, words: Callable[[Record], str]) -> list[Line]:
    """Return one rule or check as it went, came or stayed."""
    if was is not None and is_same(was, now):
        return [Line(" ", words(was), str(was.get("id")))]
    gone = [Line("-", words(was), str(was.get("id")))] if was is not None else []
    return gone + ([Line("+", words(now), str(now.get("id")))] if now is not None else [])


def _rules_diff(old: list[Record], new: list[Record], indent: str) -> list[Line]:
    before, after = _by_id(old), _by_id(new)

    def words(rule: Record) -> str:
        return indent + rule_words(rule)

    lines: list[Line] = []
    for ident, rule in before.items():
        if ident not in after:
            lines += [
                Line("-", words(rule), ident),
                *_rules_diff(rules_of(rule), [], f"{indent}    "),
            ]
    for ident, rule in after.items():
        was = before.get(ident)
        flat_was, flat = _without_members(was), _without_members(rule)
        lines += _changed(flat_was, flat, words)
        lines += _rules_diff(rules_of(was or {}), rules_of(rule), f"{indent}    ")
    if [ident for ident in before if ident in after] != [one for one in after if one in before]:
        lines.append(Line("+", f"{indent}The rules stand in another order."))
    return lines


def _without_members(rule: Record | None) -> Record | None:
    return None if rule is None else {key: one for key, one in rule.items() if key != "rules"}


def changed_rules(old: Record, new: Record) -> list[Record]:
    """Return the rules, of the old or new document, that are not the same in the other."""
    before, after = _by_id(rules_of(old)), _by_id(rules_of(new))
    return [
        rule
        for one, other in ((before, after), (after, before))
        for ident, rule in one.items()
        if not is_same(rule, other.get(ident))
    ]
