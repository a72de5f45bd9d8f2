"""What a client's workflows promise of each engagement, read from their definitions. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from mappings.canonical.registry import reference_of
from syncjobs.engine.definition import Definition, Step
from syncjobs.events import RULES

# What begins an engagement. A step that these lead to is one that each engagement must take.
_BEGINNINGS: Final = frozenset(
    {
        "opportunity.won", "contract.signed", "sow.approved", "project.created",
        "project.activated",
    }
)  # fmt: skip
_WORK: Final = frozenset({"time_entry", "expense", "milestone"})
_OF_EVENT: Final = {rule.event: rule.type for rule in RULES}


@dataclass(frozen=True, slots=True)
class Promises:
    """`homes`: kind of record → connections where each engagement's must be. The others:
    connections that work is taken to for billing, that invoices are made in, and that are told
    what revenue rests on.
    """

    homes: dict[str, set[int]] = field(default_factory=dict)
    billing: set[int] = field(default_factory=set)
    invoicing: set[int] = field(default_factory=set)
    revenue: set[int] = field(default_factory=set)


def promises_of(definitions: Iterable[Definition]) -> Promises:
    """Return what these workflows of one client promise together."""
    made = Promises()
    for definition in definitions:
        begins = bool(definition.events & _BEGINNINGS)
        for step in definition.steps:
            for kind in _kinds(step, definition.events):
                _note(made, kind, step, begins=begins)
    return made


def _note(made: Promises, kind: str, step: Step, *, begins: bool) -> None:
    if step.role == "revenue":
        made.revenue.add(step.connection_id)
    elif kind == "invoice" and step.role == "erp":
        made.invoicing.add(step.connection_id)
    elif kind in _WORK and step.role == "erp":
        made.billing.add(step.connection_id)
    elif begins and kind in ("project", "contract", "opportunity"):
        made.homes.setdefault(kind, set()).add(step.connection_id)


def _kinds(step: Step, events: Iterable[str]) -> Iterator[str]:
    """Return the kinds of record that a step writes."""
    if step.derive is not None:
        yield step.derive.object
        return
    for cause in {_OF_EVENT[event] for event in events}:
        path = step.path_from(cause)
        if path is None:
            continue
        kind: str | None = cause
        for name in [] if path == "self" else path.split("."):
            kind = reference_of(kind, name) if kind else None
        if kind:
            yield kind
