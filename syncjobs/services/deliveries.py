"""What people do with deliveries: retry, cancel, skip, replay; holds: `hold_releases`."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from governance import correlation
from governance.actions import Action
from governance.actors import Actor
from governance.services import audit
from syncjobs import actions
from syncjobs.connectors import registry
from syncjobs.engine.doorbell import ring
from syncjobs.engine.flows import Flow, definition_of
from syncjobs.engine.issues import settle_issues
from syncjobs.engine.known import known
from syncjobs.engine.plan import Cause, Planned, Raised, plan
from syncjobs.engine.release import release_watchers
from syncjobs.engine.runs import refresh_runs
from syncjobs.engine.transitions import move_row
from syncjobs.models import Delivery, ExternalRef, Run
from syncjobs.neighbours import watch_delivery
from syncjobs.services.catalogue import GONE
from syncjobs.state import DELIVERY
from syncjobs.verdict import Facts, Verdict, verdict


def verdict_of(delivery: Delivery) -> Verdict:
    """Say whether sending this delivery (again) is safe, and what it is expected to do."""
    return verdicts_of([delivery])[0]


def verdicts_of(deliveries: Sequence[Delivery]) -> list[Verdict]:
    """Return each delivery's verdict, in order; a handful of queries for however many."""
    prefetch_related_objects(deliveries, "workflow_version", "connection", "record", "issue")
    rows = ExternalRef.objects.filter(
        record_id__in={one.record_id for one in deliveries},
        connection_id__in={one.connection_id for one in deliveries},
    )
    refs = {(row.record_id, row.connection_id, row.object): row for row in rows}
    return [
        verdict(_facts(one, refs.get((one.record_id, one.connection_id, one.object))))
        for one in deliveries
    ]


def _facts(delivery: Delivery, ref: ExternalRef | None) -> Facts:
    step = definition_of(delivery.workflow_version).step(delivery.step)
    last = ref.written.get(delivery.mapping) if ref else None
    return Facts(
        mode=step.mode,
        state=delivery.state,
        known_there=ref is not None,
        idempotent_target=registry.connector(
            delivery.connection.connector
        ).descriptor.writes_idempotent,
        can_look_up=can_look_up(delivery),
        outcome_open=delivery.verify,
        same_content=last is not None and last["version"] == delivery.record.version,
        gone=delivery.issue is not None and delivery.issue.kind == GONE,
    )


def can_look_up(delivery: Delivery) -> bool:
    """Say whether the delivery's target can be asked for its record by number."""
    descriptor = registry.connector(delivery.connection.connector).descriptor
    return any(one.can_look_up for one in descriptor.objects if one.name == delivery.object)


@transaction.atomic
def retry_delivery(actor: Actor, delivery: Delivery, *, reason: str = "") -> None:
    """Try again now; an outcome that is not known is looked up first.

    Raises NotPermitted; BadTransition for one that is not failed, parked or retrying.
    """
    row = _locked(actor, delivery)
    try_again(row)
    _audit(actions.DELIVERY_RETRIED, row, reason)
    _finish([row])


def try_again(row: Delivery) -> None:
    """Make a locked row due now. Raises BadTransition."""
    move_row(
        row,
        DELIVERY,
        "retry",
        not_before=timezone.now(),
        updated_at=timezone.now(),
        attempts=row.attempts,
        unfinished_starts=0,
        outcome="Asked to try again.",
    )


@transaction.atomic
def cancel_delivery(actor: Actor, delivery: Delivery, *, reason: str) -> None:
    """Give it up: nothing is written for this version. A later change plans it again.

    Raises NotPermitted; BadTransition while it runs or has ended; ValidationError.
    """
    _end(actor, delivery, "cancel", reason)


@transaction.atomic
def skip_delivery(actor: Actor, delivery: Delivery, *, reason: str) -> None:
    """Take it as done elsewhere; what comes after it goes on. Raises as `cancel_delivery`."""
    _end(actor, delivery, "skip", reason)


def _end(actor: Actor, delivery: Delivery, move: str, reason: str) -> None:
    if not reason.strip():
        raise ValidationError("Give a reason.")
    row = _locked(actor, delivery)
    issue_id = row.issue_id
    now = timezone.now()
    ended: dict[str, Any] = {"finished_at": now, "updated_at": now, "outcome": reason[:200]}
    move_row(row, DELIVERY, move, **ended, issue_id=None)
    row.holds.filter(released_at=None).update(
        released_at=timezone.now(), released_by=actor.label[:200], reason=reason
    )
    action = actions.DELIVERY_CANCELLED if move == "cancel" else actions.DELIVERY_SKIPPED
    _audit(action, row, reason)
    if issue_id is not None:
        settle_issues([issue_id])
    release_watchers(row.client_id, [watch_delivery(row.pk)])
    _finish([row])


@transaction.atomic
def replay_delivery(actor: Actor, delivery: Delivery, *, reason: str) -> Planned:
    """Plan the delivery's whole flow again for its cause; return what came of it.

    What the target has already turns out unchanged and is not written. Raises NotPermitted.
    """
    actor.require("exceptions.work", delivery.client_id)
    version = delivery.workflow.version or delivery.workflow_version
    flow = Flow(
        delivery.workflow_id, version.pk, delivery.workflow.priority, definition_of(version)
    )
    cause = Cause(
        client_id=delivery.client_id,
        trigger=Run.Trigger.PERSON,
        correlation=correlation.current().correlation_id,
        kind=Run.Kind.REPLAY,
        actor=actor.label[:200],
        zone=delivery.client.time_zone,
    )
    event = min(flow.definition.events)
    planned = plan([Raised(event, known(delivery.origin), delivery.event_id)], cause, [flow])
    _audit(actions.DELIVERY_REPLAYED, delivery, reason, {"planned": planned.new})
    planned.finish(delivery.client_id)
    ring()
    return planned


def _locked(actor: Actor, delivery: Delivery) -> Delivery:
    actor.require("exceptions.work", delivery.client_id)
    return Delivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)


def _finish(rows: Sequence[Delivery]) -> None:
    refresh_runs(row.run_id for row in rows if row.run_id is not None)
    ring()


def _audit(
    action: Action, row: Delivery, reason: str, after: dict[str, object] | None = None
) -> None:
    audit.record(
        action,
        object_kind="delivery",
        object_id=row.pk,
        object_label=f"{row.step}: {row.record.key}",
        client_id=row.client_id,
        after=after,
        reason=reason,
    )
