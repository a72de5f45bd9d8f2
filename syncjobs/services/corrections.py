"""A field of a record corrected by hand, and what failed over it tried again.

The record here is corrected, not its source: the correction holds until the source changes the
record. Only texts are for this, and none that decides whether, when, to whom or how something is
billed: approving time, completing a milestone or moving work to another project by hand would go
around the source and its people. Nor is the number that all systems know the record by.
"""

from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from governance import correlation
from governance.actors import Actor
from governance.deadlocks import again_after_deadlock
from governance.services import audit
from mappings.canonical import registry
from mappings.canonical.custom import CustomFields
from mappings.canonical.fields import Field
from mappings.canonical.validation import faults
from mappings.services.custom_fields import custom_fields
from syncjobs import actions
from syncjobs.canonical_store import Incoming, Origin, store
from syncjobs.engine.doorbell import ring
from syncjobs.engine.plan import Cause, plan
from syncjobs.engine.raising import raise_events
from syncjobs.engine.release import lock_to_release
from syncjobs.engine.runs import refresh_runs
from syncjobs.intake.disputes import settle_disputes
from syncjobs.models import CanonicalRecord, Delivery, Run
from syncjobs.neighbours import watch_record
from syncjobs.services.deliveries import try_again
from syncjobs.state import NEEDS_PERSON

_SAYS_WHAT_IS_BILLED: Final = frozenset(
    {
        "amendment",
        "billing_rule",
        "billing_schedule",
        "billing_status",
        "category",
        "contract_number",
        "cost_account",
        "country",
        "currency",
        "entity",
        "external_number",
        "job_code",
        "milestone_obligation",
        "obligation",
        "parent",
        "payment_terms",
        "period",
        "project_code",
        "revenue_account",
        "task",
        "tax_code",
        "tax_number",
        "time_obligation",
    }
)
ENGAGEMENT: Final = "engagement"


def correctable(type_: str) -> list[Field]:
    """Return the fields of an object that may be corrected by hand."""
    shape = registry.schema(type_)
    closed = {*shape.natural_key, *_SAYS_WHAT_IS_BILLED}
    return [one for one in shape.fields if one.type == "text" and one.name not in closed]


@again_after_deadlock
@transaction.atomic
def correct_record(
    actor: Actor, record: CanonicalRecord, *, field: str, text: str, reason: str
) -> int:
    """Set one field, as a version of its own; return how many deliveries are tried again.

    Raises NotPermitted; ValidationError without a reason, for a field that is not for this, a
    value that the field can't have, or an engagement that no other record has.
    """
    actor.require("exceptions.work", record.client_id)
    if not reason.strip():
        raise ValidationError("Say why: a reason is kept with every correction.")
    row = CanonicalRecord.objects.select_for_update(of=("self",)).select_related("client")
    locked = row.get(pk=record.pk)
    value = _value(locked, field, text.strip(), custom_fields(retired=True))
    if field == ENGAGEMENT and value is not None:
        _require_known(locked, str(value))
    scope = correlation.current().correlation_id
    change = Incoming(type=locked.type, key=locked.key, data={field: value})
    stored = store([change], Origin(locked.client_id, None, None, scope))
    cause = Cause(
        client_id=locked.client_id,
        trigger=Run.Trigger.PERSON,
        correlation=scope,
        actor=actor.label[:200],
        zone=locked.client.time_zone,
    )
    planned = plan(raise_events(locked.client_id, scope, stored), cause)
    settle_disputes(locked.client_id, [(locked.type, locked.key, field)])
    failed = _failed(locked)
    for one in failed:
        try_again(one)
    audit.record(
        actions.RECORD_CORRECTED,
        object_kind="record",
        object_id=locked.pk,
        object_label=locked.label or locked.key,
        client_id=locked.client_id,
        before={field: locked.data.get(field)},
        after={field: value},
        reason=reason,
    )
    # In the order of locks: the advisory lock, runs, the wake-up row.
    lock_to_release()
    refresh_runs(one.run_id for one in failed if one.run_id is not None)
    planned.finish(locked.client_id, [watch_record(locked.type, locked.key)])
    ring()
    return planned.new + planned.renewed + len(failed)


def _require_known(record: CanonicalRecord, engagement: str) -> None:
    """Refuse an engagement that no other record has: a mistyped one would take the record, and
    its money, out of every sum of its own. Raises ValidationError."""
    others = CanonicalRecord.objects.filter(client_id=record.client_id, engagement=engagement)
    if not others.exclude(pk=record.pk).exists():
        raise ValidationError(
            f"No other record has the engagement {engagement}. Look it up on one that it has."
        )


def _value(record: CanonicalRecord, name: str, text: str, custom: CustomFields) -> object:
    """Return what a field is to hold. Raises ValidationError, saying what it can be."""
    field = next((one for one in correctable(record.type) if one.name == name), None)
    if field is None:
        raise ValidationError(
            "Choose one of the fields. What decides about billing is corrected in the source."
        )
    value = text or None
    if value == record.data.get(name):
        raise ValidationError(f"{field.label} says that already.")
    wrong = faults(record.type, {**record.data, name: value}, custom)
    if wrong:
        named = {name: field.label, "": "The record"}
        told = [f"{named.get(one.path, one.path)} {one.message}." for one in wrong[:3]]
        raise ValidationError(" ".join(told))
    return value


def _failed(record: CanonicalRecord) -> list[Delivery]:
    """Lock what failed of the record, or of what was made from it."""
    rows = Delivery.objects.select_for_update(of=("self",)).order_by("pk")
    mine = Q(record=record) | Q(origin=record)
    return list(rows.filter(mine, client_id=record.client_id, state__in=sorted(NEEDS_PERSON)))
