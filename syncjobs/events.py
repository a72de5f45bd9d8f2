"""Business events, raised by rules from a change of a canonical record. Pure data."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """`event` is raised when `field` of a `type` is in `values` and the record changed.

    `once`: only when it was not so before. Otherwise later changes of the record raise it
    again (a corrected amount must reach the targets too). Without a field, any change does.
    `watch`: only when one of these fields changed; with `replaced`, only when one of them had
    another value before: a system that tells its part for the first time changes nothing; with
    `first`, only when one had none: what was asked for has been found.
    `members`: a list of the record, one of whose members (by `number`) newly has a status in
    `values`. `withdrawn`: values of `field` by which its source takes the event back.
    """

    type: str
    event: str
    field: str = ""
    values: frozenset[str] = frozenset()
    once: bool = False
    created_only: bool = False
    watch: frozenset[str] = frozenset()
    replaced: bool = False
    first: bool = False
    members: str = ""
    withdrawn: frozenset[str] = frozenset()


def _of(*values: str) -> frozenset[str]:
    return frozenset(values)


_UNAPPROVED: Final = _of("draft", "submitted", "rejected")
_UNISSUED: Final = _of("draft", "cancelled")
RULES: Final = (
    Rule("customer", "customer.changed"),
    Rule("contact", "contact.changed"),
    Rule("opportunity", "opportunity.won", "stage", _of("won"), withdrawn=_of("open", "lost")),
    Rule("contract", "contract.signed", "status", _of("signed", "active"), once=True),
    Rule("contract", "contract.amended", watch=_of("amendments")),
    Rule(
        "contract",
        "contract.amended",
        watch=_of("agreed_value", "agreed_end", "budget_hours", "billing_rule"),
        replaced=True,
    ),
    Rule("contract", "sow.approved", values=_of("approved"), members="statements_of_work"),
    Rule("contract", "contract.renewed", watch=_of("renewed_on")),
    Rule("project", "project.created", created_only=True),
    Rule("project", "project.activated", "status", _of("active"), once=True),
    Rule("assignment", "resource.assigned", created_only=True),
    Rule("assignment", "resource.assigned", watch=_of("resource"), first=True),
    Rule("assignment", "resource.substituted", watch=_of("resource"), replaced=True),
    Rule(
        "assignment",
        "assignment.changed",
        watch=_of("job_code", "planned_hours", "rate", "cost_rate", "start_date", "end_date"),
    ),
    Rule("time_entry", "time.approved", "status", _of("approved"), withdrawn=_UNAPPROVED),
    Rule("expense", "expense.approved", "status", _of("approved"), withdrawn=_UNAPPROVED),
    Rule("milestone", "milestone.completed", "status", _of("completed"), withdrawn=_of("open")),
    Rule(
        "invoice",
        "invoice.released",
        "status",
        _of("released", "posted", "paid"),
        once=True,
        withdrawn=_UNISSUED,
    ),
    Rule("invoice", "invoice.posted", "status", _of("posted", "paid"), withdrawn=_UNISSUED),
    Rule("payment", "payment.received"),
    Rule("payment", "payment.reconciled", "status", _of("reconciled"), once=True),
    Rule("revenue_event", "revenue.recognised"),
    Rule("support_case", "case.escalated", "status", _of("escalated")),
    Rule("support_case", "case.resolved", "status", _of("resolved"), once=True),
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
        if rule.watch and not _moved(rule, before, after):
            continue
        if rule.members and not _among(rule, after) - _among(rule, before or {}):
            continue
        if rule.event not in events:
            events.append(rule.event)
    return events


def _moved(rule: Rule, before: Mapping[str, object] | None, after: Mapping[str, object]) -> bool:
    """Say whether a watched field changed; a new record changes none."""
    if before is None:
        return False
    changed = [name for name in rule.watch if before.get(name) != after.get(name)]
    if rule.first:
        return any(before.get(name) is None for name in changed)
    return any(not rule.replaced or before.get(name) is not None for name in changed)


def _among(rule: Rule, data: Mapping[str, object]) -> set[str]:
    """Return the numbers of the members that have one of the statuses."""
    members = data.get(rule.members)
    return {
        str(one.get("number"))
        for one in (members if isinstance(members, list) else ())
        if isinstance(one, Mapping) and one.get("status") in rule.values
    }


@lru_cache(maxsize=1_000)
def withdrawals(events: frozenset[str], type_: str) -> tuple[Rule, ...]:
    """Return the rules by which records of a type raise these events, where each of them can be
    withdrawn; none where it may have been raised by another."""
    rules = tuple(rule for rule in _BY_TYPE.get(type_, ()) if rule.event in events)
    return rules if all(rule.withdrawn for rule in rules) else ()


def is_withdrawn(rule: Rule, data: Mapping[str, object], *, deleted: bool) -> bool:
    """Say whether its source has taken back what raised the event, or deleted the record."""
    return deleted or data.get(rule.field) in rule.withdrawn


def standing_rules(events: Collection[str]) -> list[Rule]:
    """Return the rules of these events, for finding the records to which they still apply."""
    return [rule for rule in RULES if rule.event in events]
