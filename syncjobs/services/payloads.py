"""Erasing what sources sent of a person."""

from django.db import transaction

from governance.actors import Actor
from governance.services.subjects import erase_subject
from syncjobs.models import CanonicalRecord, ExternalRef, InboundEvent
from syncjobs.payloads import of_record


@transaction.atomic
def erase_payloads(actor: Actor, record: CanonicalRecord) -> None:
    """Make all that sources sent of a record unreadable, for good. Raises NotPermitted.

    The record itself, its versions' fields and what was written stay: they are the systems' own.
    What comes of it later is taken in, and its payload is not kept.
    """
    erase_subject(actor, of_record(record.pk), client_id=record.client_id)
    for ref in ExternalRef.objects.filter(record=record):
        InboundEvent.objects.filter(
            connection_id=ref.connection_id, external_id=ref.external_id, state="processed"
        ).update(payload={})
