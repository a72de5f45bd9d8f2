"""When a workflow works: at once, or by a schedule in its client's zone."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from governance.actors import Actor
from governance.services import audit
from syncjobs import actions
from syncjobs.cron import CronError, parse
from syncjobs.engine.flows import definition_of
from syncjobs.engine.issues import settle_workflow
from syncjobs.engine.lateness import LATE
from syncjobs.engine.release import ring_in_turn
from syncjobs.engine.schedules import next_firing
from syncjobs.models import Delivery, Run, Workflow
from syncjobs.state import DELIVERY


@transaction.atomic
def set_schedule(
    actor: Actor,
    workflow: Workflow,
    *,
    mode: str | None = None,
    schedule: str | None = None,
    within_hours: str | None = None,
) -> Workflow:
    """Let a workflow work in real time, or write only when its schedule fires.

    `schedule`: a cron expression in the client's zone, needed for all modes but real time. In
    batch mode its work also goes behind all other. `within_hours`: what is open for longer is an
    exception; "" for no promise. None leaves a part as the locked row has it, so that two who
    change different parts at once undo nothing of each other. Raises NotPermitted;
    ValidationError where the schedule or the hours cannot be read, the workflow compares and
    so needs a schedule, or a new schedule is given for real time.
    """
    actor.require("workflows.manage", workflow.client_id)
    rows = Workflow.objects.select_for_update(of=("self",)).select_related("client", "version")
    row = rows.get(pk=workflow.pk)
    mode = row.mode if mode is None else mode
    text = row.schedule if schedule is None else " ".join(schedule.split())
    _check(row, mode, text, typed=schedule is not None)
    promise = row.sla_seconds if within_hours is None else _seconds(within_hours)
    before = {"mode": row.mode, "schedule": row.schedule, "sla_seconds": row.sla_seconds}
    row.sla_seconds = promise
    row.mode, row.schedule = mode, "" if mode == Workflow.Mode.REAL_TIME else text
    if (row.mode, row.schedule) != (before["mode"], before["schedule"]):
        _go_by_it(row)
    names = ["mode", "schedule", "priority", "sla_seconds", "next_run_at", "updated_at"]
    row.save(update_fields=names)
    if promise is None:
        # Nobody looks again at a workflow that promises nothing.
        settle_workflow(row.pk, LATE, keep=())
    ring_in_turn()
    audit.record(
        actions.WORKFLOW_CHANGED,
        object_kind="workflow",
        object_id=row.pk,
        object_label=row.name,
        client_id=row.client_id,
        before=before,
        after={"mode": row.mode, "schedule": row.schedule, "sla_seconds": row.sla_seconds},
    )
    return row


def _go_by_it(row: Workflow) -> None:
    """Let what was planned under the old rule go by the new one; but not what somebody sends again
    or brings up to date, which goes by no schedule."""
    row.priority = _priority(row)
    row.next_run_at = next_firing(row)
    waiting = Delivery.objects.filter(workflow=row, state=DELIVERY.start, attempts=0)
    waiting.exclude(run__kind__in=(Run.Kind.REPLAY, Run.Kind.BACKFILL)).update(
        not_before=row.next_run_at or timezone.now(), priority=row.priority
    )


def _seconds(hours: str) -> int | None:
    """Read the promised hours: from a minute to a year, None for nothing."""
    if not hours.strip():
        return None
    try:
        seconds = float(hours.strip().replace(",", ".")) * 3600
    except ValueError:
        seconds = 0.0
    if not 60 <= seconds <= 365 * 86_400:
        text = "Give the hours as a number, such as 4 or 0.5; leave it empty for no promise."
        raise ValidationError({"within_hours": text})
    return round(seconds)


def _check(workflow: Workflow, mode: str, schedule: str, *, typed: bool) -> None:
    if mode not in Workflow.Mode.values:
        raise ValidationError({"mode": f"Choose one of {', '.join(Workflow.Mode.values)}."})
    if mode == Workflow.Mode.REAL_TIME:
        if workflow.version is not None and definition_of(workflow.version).comparisons:
            raise ValidationError({"mode": "This one compares whole months: give it a schedule."})
        # Whoever sends a schedule wants it: in real time it would be dropped without a word.
        if typed and schedule not in ("", workflow.schedule):
            text = "Choose another mode for it, or empty the schedule."
            raise ValidationError({"schedule": f"In real time there is no schedule. {text}"})
        return
    try:
        parse(schedule)
    except CronError as error:
        raise ValidationError({"schedule": str(error)}) from error


def _priority(workflow: Workflow) -> int:
    """Batch work is in the background; leaving batch gives the blueprint's own class back."""
    if workflow.mode == Workflow.Mode.BATCH:
        return int(Workflow.Priority.BULK)
    if workflow.priority != Workflow.Priority.BULK:
        return workflow.priority
    shipped = workflow.version.definition.get("priority") if workflow.version else None
    return int(shipped or Workflow.Priority.NORMAL)
