"""Why a record is as it is, and what became of it: from the source to the targets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from governance.actors import Actor
from governance.models import Approval, AuditEntry
from governance.services.trail import Filters, trail
from mappings.models import MappingVersion
from syncjobs.actions import RECORD_CORRECTED
from syncjobs.intake.warned import Warned, warnings_of
from syncjobs.models import Attempt, CanonicalRecord, Delivery, Event, ExternalRef, RecordVersion

MOST_ENTRIES: Final = 200


@dataclass(frozen=True)
class Written:
    """One delivery of the record with its tries, the last first, without what was sent."""

    delivery: Delivery
    tries: list[Attempt]

    @property
    def last(self) -> Attempt | None:
        """Return the last try."""
        return self.tries[0] if self.tries else None


@dataclass(frozen=True)
class Lineage:
    """All that is known of one record. `corrections`: the number of a version that somebody made
    by hand → the entry that says who and why."""

    record: CanonicalRecord
    versions: list[RecordVersion]
    corrections: dict[int, AuditEntry]
    references: list[ExternalRef]
    events: list[Event]
    written: list[Written]
    warnings: list[Warned]


def lineage(record: CanonicalRecord) -> Lineage:
    """Return a record's versions, references, events, deliveries and warnings, newest first."""
    deliveries = list(
        record.deliveries.select_related("workflow", "connection").order_by("-id")[:50]
    )
    tries: dict[int, list[Attempt]] = {}
    started = Attempt.objects.filter(delivery__in=deliveries).defer("request", "answer")
    for attempt in started.order_by("-number"):
        tries.setdefault(attempt.delivery_id, []).append(attempt)
    references = list(record.refs.select_related("connection").order_by("connection__name"))
    versions = list(record.versions.select_related("connection").defer("data", "source")[:20])
    return Lineage(
        record,
        versions,
        _corrections(record, versions),
        references,
        list(record.events.order_by("-id")[:50]),
        [Written(one, tries.get(one.pk, [])) for one in deliveries],
        warnings_of(record, references),
    )


def entries_of(actor: Actor, known: Lineage) -> list[AuditEntry] | None:
    """Return what the audit trail says of the record and its deliveries, newest first, by number;
    None for who may not read the trail."""
    if not actor.can("audit.view", known.record.client_id):
        return None
    rows = trail(actor, Filters()).only("id", "at", "action", "object_kind", "object_id")
    ids = [str(one.delivery.pk) for one in known.written]
    # Ordered as the index of objects is: by time alone, the whole trail might be read.
    by_object = ("object_kind", "object_id", "-at", "-id")
    found = [
        *rows.filter(object_kind="record", object_id=str(known.record.pk)).order_by(*by_object),
        *rows.filter(object_kind="delivery", object_id__in=ids).order_by(*by_object),
    ]
    return sorted(found, key=lambda one: (one.at, one.pk), reverse=True)[:MOST_ENTRIES]


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


def _corrections(
    record: CanonicalRecord, versions: Sequence[RecordVersion]
) -> dict[int, AuditEntry]:
    """Return number of a version made by hand → its entry, the newest of both first: a caller may
    use one correlation id for several."""
    numbers: dict[str, list[int]] = {}
    for one in versions:
        if one.is_by_hand:
            numbers.setdefault(one.correlation, []).append(one.number)
    if not numbers:
        return {}
    entries = AuditEntry.objects.filter(
        action=RECORD_CORRECTED.key,
        object_kind="record",
        object_id=str(record.pk),
        correlation_id__in=list(numbers),
    )
    found = {}
    for entry in entries.order_by("-at", "-pk"):
        if left := numbers[entry.correlation_id]:
            found[left.pop(0)] = entry
    return found
