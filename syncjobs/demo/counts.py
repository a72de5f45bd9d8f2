"""What the product did since a moment, per canonical object, from its own ledger."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Sum

from syncjobs.models import Delivery, InboundEvent, Issue, Run
from syncjobs.state import BLOCKED, DELIVERY, INBOUND, ISSUE, NEEDS_PERSON
from tenants.accounts.models import Client

OBJECTS = {
    "customer": "Customers",
    "contact": "Contacts",
    "contract": "Contracts",
    "service_item": "Service items",
    "project": "Projects",
    "task": "Tasks",
    "resource": "People",
    "assignment": "Assignments",
    "opportunity": "Opportunities",
    "time_entry": "Time entries",
    "expense": "Expenses",
    "milestone": "Milestones",
    "invoice": "Invoices",
    "payment": "Payments",
    "revenue_event": "Recognised revenue",
    "support_case": "Support cases",
}


@dataclass
class ObjectCounts:
    """One kind of object. read, delivered and unchanged are of this run; the rest is as it is."""

    read: int = 0
    delivered: int = 0
    unchanged: int = 0
    held: int = 0
    failed: int = 0


@dataclass
class Counts:
    """One client."""

    objects: dict[str, ObjectCounts] = field(default_factory=lambda: defaultdict(ObjectCounts))
    exceptions: int = 0

    def total(self, name: str) -> int:
        """The sum of one column."""
        return sum(getattr(one, name) for one in self.objects.values())


def count_since(client: Client, since: datetime) -> Counts:
    """Count a client's records and deliveries. Inside the partner's schema."""
    counts = Counts()
    reads = Run.objects.filter(client=client, stream__isnull=False, started_at__gte=since)
    for kind, number in _pairs(reads.values_list("stream__canonical").annotate(n=Sum("read"))):
        counts.objects[kind].read = number
    mine = Delivery.objects.filter(client=client)
    finished = mine.filter(finished_at__gte=since)
    for state, column in (("delivered", "delivered"), ("unchanged", "unchanged")):
        rows = finished.filter(state=state).values_list("record__type").annotate(n=Count("id"))
        for kind, number in _pairs(rows):
            setattr(counts.objects[kind], column, number)
    for states, column in ((BLOCKED, "held"), (NEEDS_PERSON, "failed")):
        rows = mine.filter(state__in=states).values_list("record__type").annotate(n=Count("id"))
        for kind, number in _pairs(rows):
            setattr(counts.objects[kind], column, number)
    counts.exceptions = Issue.objects.filter(client=client, state__in=ISSUE.open).count()
    return counts


def count_unexplained() -> int:
    """Count what has neither ended nor says why: no exception, and nothing that it waits for."""
    left = Delivery.objects.filter(state__in=sorted(DELIVERY.open), issue=None)
    return (
        left.filter(watch=[]).count()
        + InboundEvent.objects.filter(state__in=sorted(INBOUND.open), issue=None).count()
    )


def _pairs(rows: Iterable[tuple[object, object]]) -> list[tuple[str, int]]:
    return [(str(kind), int(str(number or 0))) for kind, number in rows]
