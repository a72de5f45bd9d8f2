"""Which engagements there are: one row for each identifier of a client."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from syncjobs.models import CanonicalRecord, Delivery
from syncjobs.state import DELIVERY, NEEDS_PERSON

# An engagement is called after its project; before there is one, after what it will come from.
HEADS: Final = ("project", "contract", "opportunity")
# What goes on only when something arrives or somebody acts.
STOPPED: Final = NEEDS_PERSON | {DELIVERY.target("hold")}
Key = tuple[int, str]

_RANK: Final = Case(
    *(When(type=kind, then=Value(place)) for place, kind in enumerate(HEADS)),
    output_field=IntegerField(),
)


def engagements(rows: QuerySet[CanonicalRecord]) -> QuerySet[CanonicalRecord]:
    """Return the records that stand for the engagements among `rows`, one for each."""
    heads = rows.filter(type__in=HEADS, version__gt=0, deleted=False).exclude(engagement="")
    order = ("client_id", "engagement", "rank", "pk")
    first = heads.annotate(rank=_RANK).order_by(*order).distinct("client_id", "engagement")
    return CanonicalRecord.objects.filter(pk__in=first.values("pk"))


def head_of(record: CanonicalRecord) -> CanonicalRecord:
    """Return the record that stands for a record's engagement; itself where none does."""
    mine = CanonicalRecord.objects.filter(client_id=record.client_id, engagement=record.engagement)
    return engagements(mine).select_related("client").first() or record


def key_of(record: CanonicalRecord) -> Key:
    """Return what all records of an engagement share."""
    return record.client_id, record.engagement


def standing(client_id: int | None = None) -> dict[Key, bool]:
    """Return the engagements with open deliveries, and whether any of these is stopped."""
    rows = Delivery.objects.filter(state__in=sorted(DELIVERY.open)).exclude(record__engagement="")
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    found: dict[Key, bool] = {}
    kinds = rows.order_by().values_list("client_id", "record__engagement", "state").distinct()
    for client, name, state in kinds:
        found[client, name] = found.get((client, name), False) or state in STOPPED
    return found


@dataclass(frozen=True)
class Foremost:
    """How many engagements a client has, how many are stopped, and the first of them."""

    count: int
    stopped: int
    first: Sequence[tuple[CanonicalRecord, bool]]


def foremost(client_id: int, limit: int = 6) -> Foremost:
    """Return a client's engagements in brief: those that are stopped, then the latest."""
    rows = engagements(CanonicalRecord.objects.filter(client_id=client_id))
    is_stopped = among(key for key, stopped in standing(client_id).items() if stopped)
    stopped = rows.filter(is_stopped)
    first = [(one, True) for one in stopped.order_by("-changed_at", "pk")[:limit]]
    others = rows.exclude(is_stopped).order_by("-changed_at", "pk")
    first += [(one, False) for one in others[: limit - len(first)]]
    return Foremost(rows.count(), stopped.count(), first)


def among(keys: Iterable[Key]) -> Q:
    """Return the condition that a record belongs to one of these engagements."""
    names: dict[int, list[str]] = defaultdict(list)
    for client, name in keys:
        names[client].append(name)
    each = (Q(client_id=client, engagement__in=of) for client, of in names.items())
    return reduce(or_, each, Q(pk__in=()))
