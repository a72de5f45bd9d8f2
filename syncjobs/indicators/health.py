"""How each client is: what is stuck, what is broken, how much went through."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet, Value
from django.utils import timezone

from syncjobs.indicators.throughput import DAYS, DONE, TROUBLE, success_percent
from syncjobs.models import Connection, Delivery, Hold, Issue
from syncjobs.state import ISSUE
from tenants.accounts.models import Client
from tenants.nouns import in_words

BROKEN = ("failing", "refused")
Counts = dict[tuple[int, str], tuple[int, int]]
# The cache's keys carry the schema; what is kept is numbers of all clients, for staff.
_KEY = "health:deliveries"
_SECONDS = 30


@dataclass(frozen=True)
class Health:
    """One client's state. `grade`: good, watch, bad or idle, with the reason in plain words."""

    client: Client
    done: int
    failed: int
    open_exceptions: int
    past_due: int
    held: int
    broken_connections: int
    connections: int

    @property
    def success_percent(self) -> Decimal | None:
        """Share of deliveries that went through, one digit; None when nothing was tried."""
        return success_percent(self.done, self.failed)

    @property
    def grade(self) -> str:
        """Good, watch or bad: the worst thing that is true. Idle before anything is connected."""
        if self.broken_connections or self.past_due:
            return "bad"
        if self.open_exceptions or self.failed:
            return "watch"
        return "good" if self.connections else "idle"

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
        return "All well" if self.connections else "No system connected yet"


@dataclass(frozen=True)
class Totals:
    """All clients together."""

    done: int
    failed: int
    held: int

    @property
    def success_percent(self) -> Decimal | None:
        """As of one client."""
        return success_percent(self.done, self.failed)


def totals_of(clients: Iterable[Health]) -> Totals:
    """Add the clients up."""
    known = list(clients)
    return Totals(
        sum(one.done for one in known),
        sum(one.failed for one in known),
        sum(one.held for one in known),
    )


def _counted(number: int, noun: str, state: str) -> str:
    return in_words(f"{number} {noun}{'' if number == 1 else 's'} {state}")


def _counted_by_client(
    rows: QuerySet[Any, Any], kind: str, first: Count, second: Count
) -> QuerySet[Any, Any]:
    """Return rows of client id, kind and two counts."""
    by_client = rows.order_by().values("client_id")
    counted: QuerySet[Any, Any] = by_client.annotate(kind=Value(kind), first=first, second=second)
    return counted


def _counts(mine: Q, *, keep: bool) -> Counts:
    """Return (client id, kind) → the kind's two counts, see `Health`; one query.

    keep: two weeks of all clients' deliveries are many rows and change slowly, so they are
    counted at most every half minute. What needs somebody is counted each time.
    """
    now = timezone.now()
    everything = Count("pk")
    issues = _counted_by_client(
        Issue.objects.filter(mine, state__in=sorted(ISSUE.open)),
        "issues",
        everything,
        Count("pk", filter=Q(due_at__lt=now)),
    )
    holds = _counted_by_client(
        Hold.objects.filter(mine, released_at=None), "holds", everything, everything
    )
    connections = _counted_by_client(
        Connection.objects.filter(mine),
        "connections",
        Count("pk", filter=Q(state__in=BROKEN)),
        everything,
    )
    parts = [holds, connections]
    known: Counts | None = cache.get(_KEY) if keep else None
    if known is None:
        recent = Delivery.objects.filter(mine, updated_at__gte=now - timedelta(days=DAYS))
        done, failed = (
            Count("pk", filter=Q(state__in=DONE)),
            Count("pk", filter=Q(state__in=TROUBLE)),
        )
        parts.append(_counted_by_client(recent, "deliveries", done, failed))
    rows = issues.union(*parts, all=True)
    found = {(row["client_id"], row["kind"]): (row["first"], row["second"]) for row in rows}
    if known is None and keep:
        kept = {key: counts for key, counts in found.items() if key[1] == "deliveries"}
        if kept:  # a partner's first records are seen at once
            cache.set(_KEY, kept, _SECONDS)
    return {**(known or {}), **found}


def health_of(clients: Iterable[Client]) -> list[Health]:
    """Return the clients' health, worst first; one query however many clients."""
    chosen = list(clients)
    return _ranked(chosen, _counts(Q(client_id__in=[one.pk for one in chosen]), keep=False))


def health_of_everybody() -> list[Health]:
    """Return the health of all clients that have not left, worst first; two queries."""
    clients = Client.objects.exclude(status=Client.Status.LEFT)
    return _ranked(clients, _counts(Q(), keep=True))


def healths(client_ids: Sequence[int]) -> dict[int, Health]:
    """Return the health of these clients by their id."""
    chosen = Client.objects.filter(pk__in=client_ids)
    return {one.client.pk: one for one in health_of(chosen)}


def _ranked(clients: Iterable[Client], counted: Counts) -> list[Health]:
    def counts(client: Client, kind: str) -> tuple[int, int]:
        return counted.get((client.pk, kind), (0, 0))

    def health(client: Client) -> Health:
        done, failed = counts(client, "deliveries")
        issues, past_due = counts(client, "issues")
        broken, connected = counts(client, "connections")
        held, _ = counts(client, "holds")
        return Health(client, done, failed, issues, past_due, held, broken, connected)

    found = [health(client) for client in clients]
    order = {"bad": 0, "watch": 1, "good": 2, "idle": 3}
    return sorted(found, key=lambda one: (order[one.grade], -one.open_exceptions, one.client.name))
