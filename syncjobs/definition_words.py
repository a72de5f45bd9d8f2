"""A workflow's definition in plain lines, and what differs between two. Pure.

All that decides what is written is in its words: what is signed is what was read.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from governance.appliers import DiffLine
from mappings.ownership import system_words
from syncjobs.gates import APPROVE, HOLD, NEXT_CYCLE, REJECT, WARN, then_of

# What follows where a gate does not let a record through, before what it requires.
THEN_WORDS: Final = {
    HOLD: "held until",
    APPROVE: "held until, or until others sign",
    NEXT_CYCLE: "billed in the next cycle without",
    REJECT: "refused without",
    WARN: "warned of without",
}
_MODES: Final = {
    "upsert": "writes new and changed ones",
    "create": "writes each once",
    "update": "changes those that are there",
    "match": "only looks for it",
    "action": "asks the system to act",
}
# Of a step: what has words of its own, or says only how it is called.
_TOLD: Final = frozenset(
    {"name", "label", "role", "target", "mapping", "mode", "gates", "when", "derive", "record",
     "optional"}
)  # fmt: skip
_SETTINGS: Final = {
    ("match", True): "looks for it there before it makes one",
    ("match", False): "makes one without looking for it there",
    ("on_failure", "go_on"): "later steps go on if it fails",
    ("on_failure", "wait"): "later steps wait if it fails",
}
_CYCLE: Final = frozenset({"date", "entity", "approved_at", "rule"})
_OPERATORS: Final = {
    "present": "is there",
    "absent": "is not there",
    "known": "has been read",
    "equals": "is",
    "not_equals": "is not",
    "in": "is one of",
    "same_as": "is the same as",
}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[DiffLine]:
    """Return what goes (-) and what comes (+) from one definition to another, then what stays."""
    was, now = lines_of(before), lines_of(after)
    gone = [DiffLine("-", one) for one in was if one not in now]
    come = [DiffLine("+", one) for one in now if one not in was]
    return [*gone, *come, *(DiffLine(" ", one) for one in now if one in was)]


def moves(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[DiffLine]:
    """Return what goes and what comes, without what stays."""
    return [one for one in differences(before, after) if one.sign != " "]


def lines_of(definition: Mapping[str, Any]) -> list[str]:
    """Return a definition in plain lines; a blueprint's, too, with its points filled in."""
    trigger: Mapping[str, Any] = definition.get("trigger", {})
    lines = [f"starts on {plain(one)}" for one in trigger.get("events", ())]
    lines += [f"only where {condition_words(one)}" for one in trigger.get("when", ())]
    if definition.get("cycle"):
        lines.append(_cycle_words(definition["cycle"]))
    for step in definition.get("steps", ()):
        lines += _step_lines(step)
    return lines + [_comparison(one) for one in definition.get("comparisons", ())]


def _step_lines(step: Mapping[str, Any]) -> Iterator[str]:
    label = str(step.get("label") or plain(step["name"]))
    role = str(step.get("role") or step.get("target", {}).get("role", ""))
    mode = _MODES.get(str(step.get("mode", "")), str(step.get("mode", "")))
    yield f"step {label}, in the {system_words(role)}: {mode}" if mode else f"step {label}"
    yield f"step {label}: mapping {plain(step['mapping'])}"
    if "derive" in step:
        yield f"step {label}: {_derived(step['derive'])}"
    elif step.get("record", "self") != "self":
        yield f"step {label}: of {plain(step['record'])}"
    for one in step.get("when", ()):
        yield f"step {label}: only where {condition_words(one)}"
    for gate in _listed(step.get("gates")):
        yield f"step {label}: {gate_words(gate)}"
    for name in sorted(set(step) - _TOLD):
        if step[name] not in ([], {}, "", None):
            yield f"step {label}: {_setting(name, step[name])}"


def _derived(rule: Mapping[str, Any]) -> str:
    rest = {name: rule[name] for name in rule if name not in {"object", "mapping"}}
    said = f"of the {plain(rule['object'])} that {plain(rule['mapping'])} makes"
    return f"{said}; {told(rest)}" if rest else said


def _setting(name: str, value: object) -> str:
    words = _SETTINGS.get((name, value)) if isinstance(value, str | bool) else None
    if name == "tries":
        return f"fails after {value} tries"
    return words or f"{plain(name)} {told(value)}"


def _cycle_words(cycle: Mapping[str, Any]) -> str:
    rest = {name: cycle[name] for name in cycle if name not in _CYCLE}
    said = f"billed by {plain(cycle.get('date'))}, for each {plain(cycle.get('entity'))}"
    cut_off = f"{plain(cycle.get('approved_at'))} until {told(cycle.get('rule'))}"
    return "; ".join([said, cut_off, *([told(rest)] if rest else [])])


def gate_words(gate: Mapping[str, Any]) -> str:
    """Return all that a gate asks for, in one line."""
    required = " and ".join(condition_words(one) for one in gate.get("require", ()))
    said = f"gate {gate.get('label') or plain(gate['name'])}, {THEN_WORDS[then_of(gate)]}"
    words = [f"{said}: {required}"]
    if gate.get("when"):
        words.append(f"where {' and '.join(condition_words(one) for one in gate['when'])}")
    if gate.get("alert"):
        words.append(f"tells {plain(gate['alert'])}")
    return "; ".join(words)


def condition_words(condition: Mapping[str, Any]) -> str:
    """Return a condition as people read it."""
    path, op = plain(condition["path"]), str(condition.get("op"))
    if op == "any":
        return f"{path} has one with {plain(condition.get('field'))} {told(condition.get('value'))}"
    if op == "exists_in":
        return f"{path} is in the {system_words(str(condition.get('role')))}"
    said = f"{path} {_OPERATORS.get(op, plain(op))}"
    if op == "same_as":
        return f"{said} {plain(condition.get('other'))}"
    listed = condition.get("values", [condition["value"]] if "value" in condition else [])
    return " ".join([said, ", ".join(told(one) for one in listed)]).strip()


def _comparison(one: Mapping[str, Any]) -> str:
    sides = [one["source"], one["target"]]
    named = [f"{plain(side['mapping'])} in the {system_words(side['role'])}" for side in sides]
    said = f"comparison {one.get('label') or plain(one['name'])}: {' against '.join(named)}"
    kept = {name: one[name] for name in one if name not in {"source", "target", "label", "name"}}
    chosen = [f"where {told(side['where'])}" for side in sides if side.get("where")]
    return "; ".join([said, told(kept), *chosen])


def _listed(gates: object) -> Sequence[Mapping[str, Any]]:
    return gates if isinstance(gates, list) else []


def told(value: object) -> str:
    """Return a setting as people read it: {"day": 5, "time": "12:00"} is "day 5, time 12:00"."""
    if isinstance(value, Mapping):
        return ", ".join(f"{plain(name)} {told(value[name])}" for name in sorted(value))
    if isinstance(value, list):
        return ", ".join(told(one) for one in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def plain(name: object) -> str:
    """Return a key or path without its dots and underscores."""
    return str(name).replace("_", " ").replace(".", " ")
