"""Erasing what sources sent of a person."""

from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.services.subjects import erase_subject, erased_at
from syncjobs.engine.issues import settle_issues
from syncjobs.engine.rows import execute
from syncjobs.engine.transitions import move_rows
from syncjobs.intake.polling import read_from_start
from syncjobs.models import CanonicalRecord, ExternalRef, InboundEvent
from syncjobs.payloads import PERSONAL, of_record
from syncjobs.state import INBOUND


@transaction.atomic
def erase_payloads(actor: Actor, record: CanonicalRecord, *, reason: str) -> None:
    """Make all that sources sent of a record unreadable, for good.

    Raises NotPermitted for all but staff who manage people, ValidationError for a record of no
    person or erased before.

    Where a source record became several, what was sent of this one was sent of the others too: that
    goes for all of them, and their source is read again for what of it had still to be taken in.

    The record itself, its versions' fields and what was written stay: they are the systems' own.
    What waits to be taken in or was set aside is discarded, but for deletions. What comes later
    is taken in, and its payload is not kept.
    """
    if not may_erase_payloads(actor, record):
        raise NotPermitted(f"{actor.label} may not do this: staff who manage people may.")
    if record.type not in PERSONAL:
        raise ValidationError("Nothing of this kind of record is personal: there is no key to it.")
    if payloads_erased_at(record) is not None:
        raise ValidationError("What was sent of this record has been erased before.")
    erase_subject(actor, of_record(record.pk), client_id=record.client_id, reason=reason)
    # What was kept before payloads were sealed, or while the key could not be opened.
    execute(_EMPTY, {"record": record.pk})
    execute(_EMPTY_COPIES, {"record": record.pk})
    for ref in ExternalRef.objects.filter(record=record):
        _empty_messages(ref)


def may_erase_payloads(actor: Actor, record: CanonicalRecord) -> bool:
    """Partner staff alone: what their client's person asked for is theirs to see through."""
    return actor.client_id is None and actor.can("users.manage", record.client_id)


def payloads_erased_at(record: CanonicalRecord) -> datetime | None:
    """Return when what sources sent of a record was erased, None while it was not."""
    return erased_at(of_record(record.pk))


def _empty_messages(ref: ExternalRef) -> None:
    sent = InboundEvent.objects.filter(
        connection_id=ref.connection_id, external_id=ref.external_id, stream__object=ref.object
    )
    told = sent.filter(state__in=sorted(INBOUND.open), issue__isnull=False)
    issues = set(told.values_list("issue_id", flat=True))
    open_rows = sent.filter(state__in=sorted(INBOUND.open), deleted=False)
    if ref.part and open_rows.exists():
        read_from_start(ref.connection_id, ref.object)
    # Without content they would only be refused; a deletion needs none.
    move_rows(sent.filter(deleted=False), INBOUND, "discard", processed_at=timezone.now())
    sent.update(payload={})
    settle_issues(issues)


# Copies for the others from before they were sealed under the keys of all.
_EMPTY_COPIES: Final = """
    UPDATE syncjobs_recordversion SET source = NULL
    WHERE source IS NOT NULL AND source #>> '{}' NOT LIKE '~s2.%%'
      AND record_id IN (
        SELECT o.record_id FROM syncjobs_externalref m
        JOIN syncjobs_externalref o ON o.connection_id = m.connection_id
            AND o.object = m.object AND o.external_id = m.external_id
        WHERE m.record_id = %(record)s AND m.part <> '' AND o.record_id <> m.record_id)
"""
_EMPTY: Final = """
    UPDATE syncjobs_recordversion SET source = NULL
    WHERE record_id = %(record)s AND jsonb_typeof(source) = 'object'
"""
