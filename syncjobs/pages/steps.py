"""What a workflow does, as its own page and the page that installs it tell it.

A blueprint names its systems only: their objects come with a client's connections.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from mappings.ownership import system_words
from syncjobs.gates import APPROVE, NEXT_CYCLE, REJECT, WARN, then_of
from syncjobs.templatetags.words import plain_words, times

_THEN: Final = {
    APPROVE: "Letting it go by hand needs signatures.",
    NEXT_CYCLE: "Without it, it is billed in the next cycle.",
    REJECT: "Without it, it is refused.",
    WARN: "Without it, it goes out with a warning.",
}


class Gate(NamedTuple):
    """What holds a record back, and why."""

    name: str
    text: str


class Step(NamedTuple):
    """One step or comparison: where it happens, its gates, and what else is to be known."""

    title: str
    where: str
    gates: tuple[Gate, ...] = ()
    notes: tuple[str, ...] = ()


def start_words(definition: Mapping[str, Any]) -> str:
    """Return what starts a workflow."""
    events = definition.get("trigger", {}).get("events", ())
    named = ", ".join(plain_words(one).lower() for one in events)
    return f"Starts on {named}" if named else "Starts by its schedule"


def steps_told(definition: Mapping[str, Any]) -> list[Step]:
    """Return the steps of a definition, or of a blueprint's with its points filled in."""
    compared = [Step(_name(one), _sides(one)) for one in definition.get("comparisons", ())]
    return [*compared, *(_step(one) for one in definition.get("steps", ()))]


def _name(part: Mapping[str, Any]) -> str:
    return str(part.get("label") or plain_words(part["name"]))


def _sides(comparison: Mapping[str, Any]) -> str:
    sides = [_place(comparison[side]) for side in ("source", "target")]
    return _sentence(f"{' against '.join(sides)}, by number and amount")


def _place(side: Mapping[str, Any]) -> str:
    system = f"the {system_words(side['role'])}"
    return f"{plain_words(side['object']).lower()} in {system}" if "object" in side else system


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _step(step: Mapping[str, Any]) -> Step:
    target = step.get("target")
    where = _place(target) if target else _system(step)
    gates = tuple(_gate(one) for one in step.get("gates", ()))
    return Step(_name(step), _sentence(where), gates, tuple(_notes(step)))


def _system(step: Mapping[str, Any]) -> str:
    """Return where a blueprint's step writes; nothing where its name says so."""
    role = str(step["role"])
    return "" if role in _name(step).lower() else f"in the {system_words(role)}"


def _gate(gate: Mapping[str, Any]) -> Gate:
    said = (gate.get("message", ""), _THEN.get(then_of(gate), ""))
    return Gate(_name(gate), " ".join(one for one in said if one))


def _notes(step: Mapping[str, Any]) -> Iterator[str]:
    if step.get("mode") == "match":
        yield "Only looked for there, never written."
    if step.get("not_back"):
        yield "What it tells of itself is not sent back."
    if step.get("tries"):
        yield f"Fails after {times(step['tries'])}."
    if step.get("on_failure") == "go_on":
        yield "Later steps go on if it fails."
