"""What people do with runs."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from governance.actors import Actor
from governance.deadlocks import again_after_deadlock
from governance.services import audit
from syncjobs import actions
from syncjobs.engine.doorbell import ring
from syncjobs.engine.issues import settle_issues
from syncjobs.engine.release import lock_to_release, release_watchers
from syncjobs.engine.runs import refresh_runs
from syncjobs.engine.transitions import move_row, move_rows
from syncjobs.models import Delivery, Hold, Run, Workflow
from syncjobs.neighbours import watch_delivery
from syncjobs.state import DELIVERY, RUN


def standing_for(actor: Actor, number: int) -> Run | None:
    """Return the run that a reading is counted in which found nothing and was let go."""
    seen = (
        Run.objects.all() if actor.client_id is None else Run.objects.filter(client=actor.client_id)
    )
    return seen.filter(
        kind=Run.Kind.INTAKE, pk__lt=number, detail__folded__contains=[number]
    ).first()


def may_cancel(run: Run) -> bool:
    """Say whether anything of the run is left to give up."""
    left = RUN.may(run.state, "cancel") and _left(run).exists()
    return left or is_planned_on(run)


def is_planned_on(run: Run) -> bool:
    """Say whether a backfill still plans into the run."""
    return _planning(run).exists()


@again_after_deadlock
@transaction.atomic
def cancel_run(actor: Actor, run: Run, *, reason: str) -> int:
    """Give up what of a run has not been written; return how many deliveries that is.

    What is being sent this moment ends as it ends; what a worker has claimed besides, and does
    not count here, goes back within a second and is given up then. A backfill that plans into
    the run ends with it. Raises NotPermitted; BadTransition for one that is over; ValidationError
    without a reason or where nothing is left.
    """
    actor.require("workflows.operate", run.client_id)
    if not reason.strip():
        raise ValidationError("Give a reason.")
    # The order of the engine's locks: workflow, deliveries, the lock to release, run.
    workflow = _planning(run).select_for_update(of=("self",)).first()
    left = dict(_left(run).select_for_update().order_by("id").values_list("pk", "state"))
    ids = [pk for pk, state in left.items() if DELIVERY.may(state, "cancel")]
    lock_to_release()
    row = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    # Between two steps of a backfill, the run is done with all that was planned so far.
    if workflow is None or RUN.may(row.state, "cancel"):
        move_row(row, RUN, "cancel", ended_at=timezone.now())
    if not left and workflow is None:
        raise ValidationError("Nothing of this run is left to give up.")
    _give_up(actor, row, ids, reason)
    if workflow is not None:
        _end_backfill(workflow, len(ids), reason)
    ring()
    return len(ids)


def _planning(run: Run) -> QuerySet[Workflow]:
    """Return the workflow whose backfill still plans into the run, if one does."""
    return Workflow.objects.filter(client_id=run.client_id, backfill__run=run.pk)


def _left(run: Run) -> QuerySet[Delivery]:
    return Delivery.objects.filter(run_id=run.pk, state__in=sorted(DELIVERY.open))


def _give_up(actor: Actor, run: Run, ids: list[int], reason: str) -> None:
    rows = Delivery.objects.filter(pk__in=ids)
    issues = set(rows.filter(issue__isnull=False).values_list("issue_id", flat=True))
    now = timezone.now()
    ended: dict[str, Any] = {"finished_at": now, "updated_at": now, "outcome": reason[:200]}
    move_rows(rows, DELIVERY, "cancel", **ended, issue=None)
    Hold.objects.filter(delivery__in=ids, released_at=None).update(
        released_at=now, released_by=actor.label[:200], reason=reason
    )
    refresh_runs([run.pk])
    audit.record(
        actions.RUN_CANCELLED,
        object_kind="run",
        object_id=run.pk,
        object_label=str(run),
        client_id=run.client_id,
        after={"cancelled": len(ids)},
        reason=reason,
    )
    settle_issues(issues)
    release_watchers(run.client_id, [watch_delivery(id_) for id_ in ids])


def _end_backfill(workflow: Workflow, cancelled: int, reason: str) -> None:
    done = workflow.backfill["done"] if workflow.backfill else 0
    Workflow.objects.filter(pk=workflow.pk).update(backfill=None, next_backfill_at=None)
    audit.record(
        actions.BACKFILL_CANCELLED,
        object_kind="workflow",
        object_id=workflow.pk,
        object_label=workflow.name,
        client_id=workflow.client_id,
        reason=reason,
        after={"planned": done, "cancelled": cancelled},
    )
