"""Backfilling a workflow from a day on: preview, start, cancel."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from governance import correlation
from governance.actors import Actor
from governance.errors import BadTransition
from governance.services import audit
from syncjobs import actions
from syncjobs.engine import backfill
from syncjobs.engine.doorbell import ring
from syncjobs.models import Run, Workflow
from syncjobs.services.runs import cancel_run
from syncjobs.services.workflows import require_active

PER_MINUTE = 600
FASTEST = 6000


def preview_backfill(actor: Actor, workflow: Workflow, *, start: date) -> int:
    """Return how many records a backfill would plan; plans none. Raises NotPermitted."""
    actor.require("workflows.operate", workflow.client_id)
    return backfill.count_backfill(workflow, start.isoformat())


@transaction.atomic
def start_backfill(
    actor: Actor,
    workflow: Workflow,
    *,
    start: date,
    reason: str,
    per_minute: int = PER_MINUTE,
) -> Run:
    """Plan the workflow for what there is from a day on, behind live work; return its run.

    Raises NotPermitted; BadTransition where one goes on already or the workflow is not active;
    ValidationError where it only compares, or there is nothing to do.
    """
    actor.require("workflows.operate", workflow.client_id)
    rows = Workflow.objects.select_for_update(of=("self",)).select_related("client", "version")
    row = rows.get(pk=workflow.pk)
    if row.backfill is not None:
        raise BadTransition("A backfill goes on already. Cancel it first, or let it end.")
    require_active(row)
    if not 1 <= per_minute <= FASTEST:
        raise ValidationError(f"Choose between 1 and {FASTEST} records a minute.")
    total = backfill.count_backfill(row, start.isoformat())
    if not total:
        raise ValidationError(f"There is no record from {start} on that this would write.")
    run = Run.objects.create(
        client_id=row.client_id,
        kind=Run.Kind.BACKFILL,
        trigger=Run.Trigger.PERSON if actor.kind == "person" else Run.Trigger.API,
        workflow=row,
        workflow_version=row.version,
        actor=actor.label[:200],
        correlation=correlation.current().correlation_id,
        message=f"0 of about {total} records from {start} on are planned.",
    )
    state = {"from": start.isoformat(), "run": run.pk, "after": 0, "total": total, "done": 0}
    Workflow.objects.filter(pk=row.pk).update(
        backfill={**state, "per_minute": per_minute}, next_backfill_at=timezone.now()
    )
    audit.record(
        actions.BACKFILL_STARTED,
        object_kind="workflow",
        object_id=row.pk,
        object_label=row.name,
        client_id=row.client_id,
        reason=reason,
        after={"from": start.isoformat(), "records": total, "per_minute": per_minute},
    )
    ring()
    return run


def cancel_backfill(actor: Actor, workflow: Workflow, *, reason: str) -> int:
    """End a backfill and give up what of it was not written; return how many deliveries.

    Raises NotPermitted; ValidationError where none goes on, or without a reason.
    """
    actor.require("workflows.operate", workflow.client_id)
    row = Workflow.objects.get(pk=workflow.pk)
    if row.backfill is None:
        raise ValidationError("No backfill goes on here.")
    return cancel_run(actor, Run.objects.get(pk=row.backfill["run"]), reason=reason)
