"""How each client is: what is stuck, what is broken, how much went through."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from syncjobs.indicators.throughput import DAYS, DONE, TROUBLE
from syncjobs.models import Connection, Delivery, Hold, Issue
from syncjobs.state import ISSUE
from tenants.accounts.models import Client

BROKEN = ("failing", "refused")


@dataclass(frozen=True)
class Health:
    """One client's state. `grade`: good, watch or bad, with the reason in plain words."""

    client: Client
    done: int
    failed: int
    open_exceptions: int
    past_due: int
    held: int
    broken_connections: int

    @property
    def success_percent(self) -> Decimal | None:
        """Share of deliveries that went through, one digit; None when nothing was tried."""
        tried = self.done + self.failed
        return None if tried == 0 else (Decimal(100 * self.done) / tried).quantize(Decimal("0.1"))

    @property
    def grade(self) -> str:
        """Good, watch or bad: the worst thing that is true."""
        if self.broken_connections or self.past_due:
            return "bad"
        if self.open_exceptions or self.failed:
            return "watch"
        return "good"

    @property
    def reason(self) -> str:
        """The grade in words."""
        if self.broken_connections:
            return _counted(self.broken_connections, "connection", "down")
        if self.past_due:
            return _counted(self.past_due, "exception", "past due")
        if self.open_exceptions:
            return _counted(self.open_exceptions, "exception", "open")
        if self.held:
            return f"{self.held} on hold"
        return "All well"


def _counted(number: int, noun: str, state: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'} {state}"


def _by_client(rows: QuerySet[Any, Any], **counts: Count) -> dict[int, dict[str, int]]:
    """Return client id → the counts, in one query."""
    return {row["client_id"]: row for row in rows.values("client_id").annotate(**counts)}


def health_of(clients: Iterable[Client]) -> list[Health]:
    """Return the clients' health, worst first; four queries however many clients."""
    chosen = list(clients)
    ids = [client.pk for client in chosen]
    since = timezone.now() - timedelta(days=DAYS)
    mine = Q(client_id__in=ids)
    deliveries = _by_client(
        Delivery.objects.filter(mine, updated_at__gte=since),
        done=Count("pk", filter=Q(state__in=DONE)),
        failed=Count("pk", filter=Q(state__in=TROUBLE)),
    )
    issues = _by_client(
        Issue.objects.filter(mine, state__in=sorted(ISSUE.open)),
        open=Count("pk"),
        past_due=Count("pk", filter=Q(due_at__lt=timezone.now())),
    )
    holds = _by_client(Hold.objects.filter(mine, released_at=None), held=Count("pk"))
    connections = _by_client(Connection.objects.filter(mine, state__in=BROKEN), broken=Count("pk"))
    found = [
        Health(
            client,
            deliveries.get(client.pk, {}).get("done", 0),
            deliveries.get(client.pk, {}).get("failed", 0),
            issues.get(client.pk, {}).get("open", 0),
            issues.get(client.pk, {}).get("past_due", 0),
            holds.get(client.pk, {}).get("held", 0),
            connections.get(client.pk, {}).get("broken", 0),
        )
        for client in chosen
    ]
    order = {"bad": 0, "watch": 1, "good": 2}
    return sorted(found, key=lambda one: (order[one.grade], -one.open_exceptions, one.client.name))
