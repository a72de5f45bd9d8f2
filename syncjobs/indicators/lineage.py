"""Why a record is as it is, and what became of it: from the source to the targets."""

from collections.abc import Iterable
from dataclasses import dataclass

from governance.models import Approval
from mappings.models import MappingVersion
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


@dataclass(frozen=True)
class Mapped:
    """The version of a mapping that made what was written, and who let it go live.

    `by`: who signed its change request; where nobody had to, who made it.
    """

    number: int
    by: tuple[str, ...]
    signed: bool


def mapped_by(version_ids: Iterable[int | None]) -> dict[int, Mapped]:
    """Return id of a mapping's version → its number and who approved it."""
    versions = list(MappingVersion.objects.filter(pk__in={one for one in version_ids if one}))
    asked = {one.change_request for one in versions if one.change_request}
    signers: dict[int, list[str]] = {}
    for one in (
        Approval.objects.select_related("request").filter(request_id__in=asked).order_by("pk")
    ):
        if one.content_hash == one.request.content_hash:
            signers.setdefault(one.request_id, []).append(one.approver_label)
    found = {}
    for version in versions:
        signed = tuple(dict.fromkeys(signers.get(version.change_request or 0, ())))
        by = signed or tuple(filter(None, [version.author_label]))
        found[version.pk] = Mapped(version.number, by, bool(signed))
    return found
