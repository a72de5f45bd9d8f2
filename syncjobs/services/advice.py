"""What to do about one exception, by what is known of the records it stops."""

from collections.abc import Sequence
from typing import Final

from django.db.models import QuerySet

from syncjobs.indicators.composition import invoices_of
from syncjobs.models import CanonicalRecord, Delivery, Issue
from syncjobs.services.bringing import brought
from syncjobs.services.catalogue import Explanation, explain

REJECTED: Final = "rejected_by_target"
OF_GATES: Final = frozenset({"missing_prerequisite", "gate_rejected"})
# What finance does with an invoice after which its own system takes no more lines of it.
CLOSED: Final = {"posted": "posted", "paid": "paid", "cancelled": "cancelled"}
_NAMED: Final = 3


def advice_on(issue: Issue, stopped: QuerySet[Delivery]) -> Explanation:
    """Return the catalogue's advice, or better: what a gate waits for is named with its place,
    and a line that is refused behind a closed invoice does not go out however its source is
    corrected."""
    found = explain(issue)
    if issue.kind in OF_GATES:
        return Explanation(found.why, brought(issue) or found.next_step)
    if issue.kind != REJECTED:
        return found
    closed = [one for one in invoices_of(stopped) if one.data.get("status") in CLOSED]
    return Explanation(found.why, _behind(closed)) if closed else found


def _behind(invoices: Sequence[CanonicalRecord]) -> str:
    named = [f"{_number(one)} is {CLOSED[one.data['status']]}" for one in invoices[:_NAMED]]
    more = len(invoices) - len(named)
    said = ", ".join(named) + (f", and so are {more} more invoices" if more else "")
    return (
        f"{said}, so correcting the source does not help: no line is added there any more. Either "
        "finance opens the invoice again in its own system, and you try all again; or the work is "
        "billed by hand, and you resolve this as settled elsewhere, with the reason."
    )


def _number(invoice: CanonicalRecord) -> str:
    return str(invoice.data.get("external_number") or invoice.key)
