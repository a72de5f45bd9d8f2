"""Reading the audit trail: filters, pages by keyset, and export."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from governance.actions import AUDIT_EXPORTED
from governance.actors import Actor
from governance.models import AuditEntry
from governance.services import audit

PAGE_SIZE: Final = 50
_EXPORT_CHUNK: Final = 2000

# What leaves the product, as CSV and by the API, in this order.
COLUMNS: Final = (
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor_label",
    "door",
    "address",
    "action",
    "object_kind",
    "object_id",
    "object_label",
    "client_id",
    "before",
    "after",
    "reason",
    "correlation_id",
)


@dataclass(frozen=True)
class Place:
    """Where a page ends: the time and id of its last entry."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}_{self.id}"


def place_from(text: str) -> Place | None:
    """Return the place that `str(place)` wrote; None for any other text."""
    at, _, number = text.rpartition("_")
    try:
        moment = datetime.fromisoformat(at)
        place = Place(moment, int(number))
    except ValueError:
        return None
    return place if moment.tzinfo is not None and 0 <= place.id < 2**63 else None


@dataclass(frozen=True)
class Filters:
    """What to look for; empty values look for everything.

    object_name: a part of what the object was called. since is included, until is not.
    """

    actor_kind: str = ""
    actor_id: int | None = None
    action: str = ""
    object_kind: str = ""
    object_id: str = ""
    object_name: str = ""
    client_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class TrailPage:
    """Entries, newest first, and where the next older page starts (None: no more)."""

    entries: Sequence[AuditEntry]
    older: Place | None


def trail(actor: Actor, filters: Filters) -> QuerySet[AuditEntry]:
    """Return the entries that match, newest first. Raises NotPermitted.

    A client's actor reads its own client's entries only.
    """
    actor.require("audit.view")
    found = AuditEntry.objects.all()
    if actor.client_id is not None:
        found = found.filter(client_id=actor.client_id)
    wanted = {
        "actor_kind": filters.actor_kind,
        "actor_id": filters.actor_id,
        "action": filters.action,
        "object_kind": filters.object_kind,
        "object_id": filters.object_id,
        "object_label__icontains": filters.object_name,
        "client_id": filters.client_id,
        "at__gte": filters.since,
        "at__lt": filters.until,
    }
    kept = {name: value for name, value in wanted.items() if value not in (None, "")}
    return found.filter(**kept).order_by("-at", "-id")


def trail_page(
    actor: Actor, filters: Filters, *, after: Place | None = None, size: int = PAGE_SIZE
) -> TrailPage:
    """Return one page of `trail`, older than the place `after`. Raises NotPermitted."""
    rows = list(older_than(trail(actor, filters), after)[: size + 1])
    entries = rows[:size]
    more = len(rows) > size
    return TrailPage(entries, Place(entries[-1].at, entries[-1].pk) if more else None)


def export_trail(actor: Actor, filters: Filters) -> Iterator[AuditEntry]:
    """Record that the trail was exported, and yield all matching entries, newest first.

    The recording happens at once, before the first entry is asked for. Entries written
    after that moment are not part of the export.
    """
    found = trail(actor, filters)
    audit.record(
        AUDIT_EXPORTED,
        object_kind="audit_trail",
        object_id="",
        client_id=actor.client_id,
        after={
            name: str(value) for name, value in vars(filters).items() if value not in (None, "")
        },
    )
    return _all(found.filter(at__lte=Now()))


def _all(found: QuerySet[AuditEntry]) -> Iterator[AuditEntry]:
    """Yield by keyset, so that no server-side cursor outlives its transaction."""
    last: Place | None = None
    while chunk := list(older_than(found, last)[:_EXPORT_CHUNK]):
        yield from chunk
        last = Place(chunk[-1].at, chunk[-1].pk)


def older_than(found: QuerySet[AuditEntry], place: Place | None) -> QuerySet[AuditEntry]:
    """Return what follows `place` in the order of `trail`; all of it for None."""
    if place is None:
        return found
    # The first condition lets the index start there; the second settles equal times.
    return found.filter(Q(at__lt=place.at) | Q(at=place.at, id__lt=place.id), at__lte=place.at)
