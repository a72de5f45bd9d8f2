"""Why a record is as it is, and what became of it: from the source to the targets."""

from dataclasses import dataclass

from syncjobs.intake.warned import Warned, warnings_of
from syncjobs.models import Attempt, CanonicalRecord, Delivery, Event, ExternalRef, RecordVersion


@dataclass(frozen=True)
class Written:
    """One delivery of the record with its last try."""

    delivery: Delivery
    last: Attempt | None


@dataclass(frozen=True)
class Lineage:
    """All that is known of one record."""

    record: CanonicalRecord
    versions: list[RecordVersion]
    references: list[ExternalRef]
    events: list[Event]
    written: list[Written]
    warnings: list[Warned]


def lineage(record: CanonicalRecord) -> Lineage:
    """Return a record's versions, references, events, deliveries and warnings, newest first."""
    deliveries = list(
        record.deliveries.select_related("workflow", "connection").order_by("-id")[:50]
    )
    last: dict[int, Attempt] = {}
    for attempt in Attempt.objects.filter(delivery__in=deliveries).order_by("number"):
        last[attempt.delivery_id] = attempt
    references = list(record.refs.select_related("connection").order_by("connection__name"))
    return Lineage(
        record,
        list(record.versions.select_related("connection")[:20]),
        references,
        list(record.events.order_by("-id")[:50]),
        [Written(one, last.get(one.pk)) for one in deliveries],
        warnings_of(record, references),
    )
