"""Erasing what sources sent of a person."""

from typing import Final

from django.db import transaction
from django.utils import timezone

from governance.actors import Actor
from governance.services.subjects import erase_subject
from syncjobs.engine.issues import settle_issues
from syncjobs.engine.rows import execute
from syncjobs.engine.transitions import move_rows
from syncjobs.models import CanonicalRecord, ExternalRef, InboundEvent
from syncjobs.payloads import of_record
from syncjobs.state import INBOUND


@transaction.atomic
def erase_payloads(actor: Actor, record: CanonicalRecord) -> None:
    """Make all that sources sent of a record unreadable, for good. Raises NotPermitted.

    The record itself, its versions' fields and what was written stay: they are the systems' own.
    What waits to be taken in or was set aside is discarded, but for deletions. What comes later
    is taken in, and its payload is not kept.
    """
    erase_subject(actor, of_record(record.pk), client_id=record.client_id)
    # What was kept before payloads were sealed, or while the key could not be opened.
    execute(_EMPTY, {"record": record.pk})
    for ref in ExternalRef.objects.filter(record=record):
        _empty_messages(ref)


def _empty_messages(ref: ExternalRef) -> None:
    sent = InboundEvent.objects.filter(
        connection_id=ref.connection_id, external_id=ref.external_id, stream__object=ref.object
    )
    told = sent.filter(state__in=sorted(INBOUND.open), issue__isnull=False)
    issues = set(told.values_list("issue_id", flat=True))
    # Without content they would only be refused; a deletion needs none.
    move_rows(sent.filter(deleted=False), INBOUND, "discard", processed_at=timezone.now())
    sent.update(payload={})
    settle_issues(issues)


_EMPTY: Final = """
    UPDATE syncjobs_recordversion SET source = NULL
    WHERE record_id = %(record)s AND jsonb_typeof(source) = 'object'
"""
