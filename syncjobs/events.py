"""Business events, raised by rules from a change of a canonical record. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """`event` is raised when `field` of a `type` is in `values` and the record changed.

    `once`: only when it was not so before. Otherwise later changes of the record raise it
    again (a corrected amount must reach the targets too). Without a field, any change does.
    """

    type: str
    event: str
    field: str = ""
    values: frozenset[str] = frozenset()
    once: bool = False
    created_only: bool = False
    watch: frozenset[str] = frozenset()


def _of(*values: str) -> frozenset[str]:
    return frozenset(values)


RULES: Final = (
    Rule("customer", "customer.changed"),
    Rule("contact", "contact.changed"),
    Rule("opportunity", "opportunity.won", "stage", _of("won")),
    Rule("contract", "contract.signed", "status", _of("signed", "active"), once=True),
    Rule("contract", "contract.amended", watch=_of("amendments")),
    Rule("project", "project.created", created_only=True),
    Rule("project", "project.activated", "status", _of("active"), once=True),
    Rule("assignment", "resource.assigned", created_only=True),
    Rule("assignment", "resource.substituted", watch=_of("resource")),
    Rule("time_entry", "time.approved", "status", _of("approved")),
    Rule("milestone", "milestone.completed", "status", _of("completed")),
    Rule("invoice", "invoice.posted", "status", _of("posted", "paid")),
    Rule("payment", "payment.received"),
)
EVENTS: Final = tuple(dict.fromkeys(rule.event for rule in RULES))
_BY_TYPE: Final = {
    kind: tuple(rule for rule in RULES if rule.type == kind) for kind in {r.type for r in RULES}
}


def _met(rule: Rule, data: Mapping[str, object]) -> bool:
    return not rule.field or data.get(rule.field) in rule.values


def raised_events(
    type_: str, before: Mapping[str, object] | None, after: Mapping[str, object]
) -> list[str]:
    """Return the events of one change; `before` is None for a record that is new."""
    events: list[str] = []
    for rule in _BY_TYPE.get(type_, ()):
        if not _met(rule, after):
            continue
        if rule.created_only and before is not None:
            continue
        if rule.once and before is not None and _met(rule, before):
            continue
        if rule.watch and (
            before is None or all(before.get(name) == after.get(name) for name in rule.watch)
        ):
            continue
        events.append(rule.event)
    return events
