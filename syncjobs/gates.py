"""Gates: conditions over a record and its neighbours, as data. Pure.

A gate:
    {"name": "activation", "label": "Project activation", "alert": "finance",
     "when": [condition…],            all must hold for the gate to apply; none: always
     "require": [condition + {"missing": "tax code on contract {key}"}…],
     "message": "why this matters, for people", "then": "hold"}
`then`: what follows where it does not hold:
    hold: it waits until that arrives, or a person with a reason lets it go; the default
    approve: the same, but letting it go by hand is a change request, which others sign
    next_cycle: it is billed in the cycle after; asked when it is planned, of its cause alone
    reject: it fails, until the record changes
    warn: it goes out, and its outcome says so
A condition: {"path": "contract.tax_code", "op": "present"} with op one of
    present, absent, equals (value), not_equals (value), in (values),
    any (field, value: some item of the list has it), known (the record has been read),
    same_as (other: a path from the same start; numbers are compared as numbers),
    exists_in (role: the record exists in that role's system).
A path starts at the record that is written, or at its cause with "origin.".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from mappings.canonical.registry import fields_of
from syncjobs.neighbours import Known, Neighbourhood, Walked, walk, watch_ref
from syncjobs.sameness import same

# Those that look at one value alone.
COMPARED: Final = frozenset({"present", "absent", "equals", "not_equals", "in"})
OPERATORS: Final = COMPARED | {"any", "known", "same_as", "exists_in"}


HOLD, APPROVE, NEXT_CYCLE, REJECT, WARN = "hold", "approve", "next_cycle", "reject", "warn"
THEN: Final = frozenset({HOLD, APPROVE, NEXT_CYCLE, REJECT, WARN})
OF_CAUSE: Final = "origin."


class GateError(ValueError):
    """A gate's definition is wrong; the message names the gate and what to mend."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a gate may look at. `roles`: role → connection id."""

    record: Known
    origin: Known
    roles: Mapping[str, int]
    world: Neighbourhood


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate's answer. `watch`: what its release hangs on, when it did not pass.

    `wanted`: what has to come where, as data: the record's "type" and "key"; then the "field"
    with the "op" and "value" that it must meet, or the "role" of the system that must have the
    record, or neither, when no system has shown it yet.
    """

    name: str
    label: str
    passed: bool
    missing: tuple[str, ...] = ()
    message: str = ""
    alert: str = ""
    watch: tuple[str, ...] = ()
    then: str = HOLD
    wanted: tuple[Mapping[str, object], ...] = ()


@dataclass(slots=True)
class _Seen:
    watch: dict[str, None] = field(default_factory=dict)

    def note(self, keys: Iterable[str]) -> None:
        self.watch.update(dict.fromkeys(keys))


def check_gate(gate: Mapping[str, object]) -> None:
    """Raise GateError unless `gate` has the shape above."""
    name = gate.get("name")
    if not isinstance(name, str) or not name:
        raise GateError("A gate needs a name.")
    for condition in [*_conditions(gate, "when"), *_conditions(gate, "require")]:
        if condition.get("op") not in OPERATORS or not condition.get("path"):
            raise GateError(f"Gate {name}: a condition needs a path and a known op.")
        if condition["op"] == "same_as" and not condition.get("other"):
            raise GateError(f"Gate {name}: same_as needs the other path.")
    if not _conditions(gate, "require"):
        raise GateError(f"Gate {name} requires nothing.")
    if then_of(gate) not in THEN:
        raise GateError(f"Gate {name}: then must be one of {', '.join(sorted(THEN))}.")
    if then_of(gate) == NEXT_CYCLE and not all(one.startswith(OF_CAUSE) for one in paths_of(gate)):
        raise GateError(f"Gate {name}: next_cycle looks at the cause only, by paths with origin.")


def then_of(gate: Mapping[str, object]) -> str:
    """Return what follows where the gate does not let a record through."""
    return str(gate.get("then") or HOLD)


def paths_of(gate: Mapping[str, object]) -> list[str]:
    """Return every path that the gate looks at."""
    both = [*_conditions(gate, "when"), *_conditions(gate, "require")]
    others = [str(condition["other"]) for condition in both if condition.get("other")]
    return [*(str(condition["path"]) for condition in both), *others]


def evaluate(gate: Mapping[str, object], context: Context) -> GateResult:
    """Return whether the gate lets the record through, and what is missing if not."""
    name, label = str(gate["name"]), str(gate.get("label") or gate["name"])
    seen = _Seen()
    if not all(_holds(one, context, seen) for one in _conditions(gate, "when")):
        return GateResult(name, label, passed=True)
    failed = [one for one in _conditions(gate, "require") if not _holds(one, context, seen)]
    missing = [_missing_text(one, context) for one in failed]
    if not missing:
        return GateResult(name, label, passed=True)
    return GateResult(
        name,
        label,
        passed=False,
        missing=tuple(dict.fromkeys(missing)),
        message=str(gate.get("message", "")),
        alert=str(gate.get("alert", "")),
        watch=tuple(seen.watch),
        then=then_of(gate),
        wanted=tuple(_wanted(one, context) for one in failed if one["op"] != "same_as"),
    )


def holds(conditions: Iterable[Mapping[str, object]], context: Context) -> bool:
    """Say whether all of these conditions hold."""
    seen = _Seen()
    return all(_holds(one, context, seen) for one in conditions)


def _conditions(gate: Mapping[str, object], part: str) -> list[Mapping[str, object]]:
    found = gate.get(part, [])
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise GateError(f"Gate {gate.get('name')}: {part} must be a list.")
    return [one for one in found if isinstance(one, Mapping)]


def start_of(path: str, context: Context) -> tuple[Known, str]:
    """Return the record at which `path` starts, and the rest of the path."""
    if path.startswith("origin."):
        return context.origin, path.removeprefix("origin.")
    return context.record, path


def _walk(condition: Mapping[str, object], context: Context) -> Walked:
    start, rest = start_of(str(condition["path"]), context)
    return walk(start, rest, context.world)


def _holds(condition: Mapping[str, object], context: Context, seen: _Seen) -> bool:
    walked = _walk(condition, context)
    seen.note(walked.seen)
    match condition["op"]:
        case "known":
            return _known(walked, context)
        case "exists_in":
            return _exists_in(str(condition["role"]), walked, context, seen)
        case "any":
            return _any(walked.value, condition)
        case "same_as":
            other = _walk({"path": condition["other"]}, context)
            seen.note(other.seen)
            return same(walked.value, other.value)
        case _:
            return compares(walked.value, condition)


def compares(value: object, condition: Mapping[str, object]) -> bool:
    """Say whether a condition out of `COMPARED` holds of a value."""
    match condition["op"]:
        case "present":
            return value not in (None, "", [], {})
        case "absent":
            return value in (None, "", [], {})
        case "equals":
            return value == condition.get("value")
        case "not_equals":
            return value != condition.get("value")
        case _:
            values = condition.get("values")
            return isinstance(values, Sequence) and value in values


def _any(value: object, condition: Mapping[str, object]) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return False
    name = str(condition.get("field", ""))
    return any(
        isinstance(item, Mapping) and item.get(name) == condition.get("value") for item in value
    )


def _known(walked: Walked, context: Context) -> bool:
    if walked.target is None:
        return False
    found = context.world.record(*walked.target)
    return found is not None and found.exists


def _exists_in(role: str, walked: Walked, context: Context, seen: _Seen) -> bool:
    """The path's end is a reference: its record must have an id in the role's system."""
    connection = context.roles.get(role)
    if walked.target is None or connection is None:
        return False
    seen.note([watch_ref(connection, *walked.target)])
    return context.world.external_id(connection, *walked.target) is not None


def _missing_text(condition: Mapping[str, object], context: Context) -> str:
    """Name the thing: {key} is the record that should have it, {value} what it has now."""
    walked = _walk(condition, context)
    if walked.broken is not None:
        return f"{walked.broken[0].replace('_', ' ')} {walked.broken[1]}"
    start, path = start_of(str(condition["path"]), context)
    holder = walked.at or start
    text = str(condition.get("missing") or f"{path} of {holder.type} {{key}}")
    value = _said(walked.value, holder, path.rpartition(".")[2])
    return text.replace("{key}", holder.key).replace("{value}", value)


def _wanted(condition: Mapping[str, object], context: Context) -> dict[str, object]:
    """Return what must come for the condition to hold, and at which record."""
    walked, op = _walk(condition, context), condition["op"]
    if walked.broken is not None:
        return dict(zip(("type", "key"), walked.broken, strict=True))
    if op in ("known", "exists_in") and walked.target is not None:
        there = {"role": condition["role"]} if op == "exists_in" else {}
        return dict(zip(("type", "key"), walked.target, strict=True)) | there
    start, path = start_of(str(condition["path"]), context)
    holder, segments = walked.at or start, path.split(".")
    # The way ends early where a reference on it is empty: that one is wanted first.
    place = min(len(walked.seen), len(segments))
    found: dict[str, object] = {"type": holder.type, "key": holder.key}
    if place < len(segments) or op in ("known", "exists_in"):
        return found | {"field": segments[place - 1], "op": "present"}
    asked = {name: condition[name] for name in ("value", "values") if name in condition}
    return found | {"field": segments[-1], "op": op} | asked


def _said(value: object, holder: Known, name: str) -> str:
    """Return a value as people read it: money with its currency."""
    if value in (None, ""):
        return "none"
    field_ = fields_of(holder.type).get(name)
    if field_ is None or field_.type != "money":
        return str(value)
    return f"{Decimal(str(value)):,} {holder.data.get('currency') or ''}".strip()
