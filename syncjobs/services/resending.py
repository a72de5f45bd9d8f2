"""Sending again what went out under a change that was rolled back."""

from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.actors import Actor
from governance.models import Change
from governance.replays import Replay, Resent
from mappings.models import Mapping, ValueMap
from mappings.services.value_maps import used_by
from syncjobs.models import Delivery
from syncjobs.services.deliveries import replay_delivery
from syncjobs.state import DELIVERY

MOST: Final = 1_000


def written_under(change: Change) -> QuerySet[Delivery]:
    """Return the deliveries that went out while the change was live, the last of each record
    and step: what it says now goes where it says now."""
    request = change.request
    back = request.rollbacks.filter(status="applied").order_by("-applied_at").first()
    until = back.applied_at if back and back.applied_at else timezone.now()
    rows = Delivery.objects.filter(
        _affected(change),
        state=DELIVERY.target("deliver"),
        finished_at__gte=request.applied_at or until,
        finished_at__lte=until,
    )
    if change.client_id is not None:
        rows = rows.filter(client_id=change.client_id)
    newest = rows.order_by("record_id", "workflow_id", "step", "-id")
    return newest.distinct("record_id", "workflow_id", "step")


def send_again(actor: Actor, change: Change) -> Resent:
    """Plan the flows of those deliveries again. What a target has already turns out unchanged
    and is not written. Raises NotPermitted, ValidationError for too many."""
    actor.require("exceptions.work", change.client_id)
    rows = list(written_under(change)[: MOST + 1])
    if len(rows) > MOST:
        raise ValidationError(f"More than {MOST:,} records: send them again workflow by workflow.")
    why = f"After the roll-back of change {change.request_id}"
    sent = Resent(records=len(rows))
    for row in rows:
        planned = replay_delivery(actor, row, reason=why)
        sent += Resent(planned=planned.new, runs=tuple(planned.run_ids))
    return sent


def _affected(change: Change) -> Q:
    pk = int(change.target_id)
    if change.kind == "workflow":
        return Q(workflow_id=pk)
    if change.kind == "mapping_version":
        slugs = list(Mapping.objects.filter(pk=pk).values_list("slug", flat=True))
        return Q(mapping__in=slugs)
    value_map = ValueMap.objects.filter(pk=pk).first()
    using = used_by(value_map) if value_map else []
    return Q(mapping__in=[one.slug for one in using])


REPLAY: Final = Replay(count=lambda change: written_under(change).count(), run=send_again)
