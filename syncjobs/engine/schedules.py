"""Fires workflows by their schedule: once for each time, whatever number of workers there is.

When is kept in the workflow's own row (`next_run_at`), which is also a part of when this partner
is due at all (`doorbell.settle`). Whoever fires takes the row's lock, moves it to the next time
and starts the work in one transaction; everybody else passes the row over.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from governance import correlation
from syncjobs.cron import next_after, parse
from syncjobs.engine.flows import definition_of
from syncjobs.engine.transitions import move_row
from syncjobs.models import Delivery, Run, Stream, Workflow
from syncjobs.state import BLOCKED, CLAIMABLE, RUN, WORKFLOW

# A comparison whose worker died, or whose system could not be read, is made again after this.
AGAIN: Final = timedelta(minutes=20)


def next_firing(workflow: Workflow, moment: datetime | None = None) -> datetime | None:
    """Return when the workflow's schedule fires next, None without one."""
    if workflow.mode == Workflow.Mode.REAL_TIME or not workflow.schedule:
        return None
    return next_after(parse(workflow.schedule), moment or timezone.now(), workflow.client.time_zone)


def fire_due() -> list[int]:
    """Start every workflow whose time has come; return the runs whose comparisons are to be made.

    What was missed while nobody worked fires once, not once for each time.
    """
    compare: list[int] = []
    for workflow_id in _due():
        run_id = _fire(workflow_id)
        if run_id is not None:
            compare.append(run_id)
    return compare


def _due() -> list[int]:
    rows = Workflow.objects.filter(
        state=WORKFLOW.start, next_run_at__isnull=False, next_run_at__lte=timezone.now()
    )
    return list(rows.order_by("next_run_at").values_list("pk", flat=True)[:20])


@transaction.atomic
def _fire(workflow_id: int) -> int | None:
    now = timezone.now()
    rows = Workflow.objects.select_for_update(of=("self",), skip_locked=True)
    workflow = (
        rows.select_related("client", "version")
        .filter(pk=workflow_id, state=WORKFLOW.start, next_run_at__lte=now)
        .first()
    )
    if workflow is None or workflow.version is None:
        return None  # another worker has fired it
    compares = bool(definition_of(workflow.version).comparisons)
    following = next_firing(workflow, now)
    again = now + AGAIN if compares else following
    Workflow.objects.filter(pk=workflow.pk).update(
        next_run_at=min(again, following) if again and following else following
    )
    streams, released = wake(workflow)
    run = Run.objects.create(
        client_id=workflow.client_id,
        kind=Run.Kind.WORKFLOW,
        trigger=Run.Trigger.SCHEDULE,
        workflow=workflow,
        workflow_version=workflow.version,
        actor=correlation.current().actor.label[:200],
        correlation=correlation.current().correlation_id,
    )
    if compares:
        _end_abandoned(run)
        return run.pk
    told = f"{streams} sources are read now; {released} deliveries had waited for this time."
    move_row(run, RUN, "settle_well", message=told, ended_at=now)
    return None


def wake(workflow: Workflow) -> tuple[int, int]:
    """Let the workflow's sources be read and what waits for its time go, now; return how many.

    In the caller's transaction; streams are locked in the order of their ids.
    """
    streams = Stream.objects.filter(connection_id__in=workflow.bindings.values(), enabled=True)
    ids = list(streams.select_for_update().order_by("pk").values_list("pk", flat=True))
    count = Stream.objects.filter(pk__in=ids).update(next_poll_at=timezone.now())
    rows = Delivery.objects.filter(workflow=workflow)
    # What is let go later must not wait for the time after this one.
    blocked = rows.filter(state__in=sorted(BLOCKED), not_before__gt=timezone.now())
    blocked.update(not_before=timezone.now())
    return count, rows.filter(state__in=sorted(CLAIMABLE)).update(not_before=timezone.now())


def _end_abandoned(run: Run) -> None:
    """The workflow fires again: whoever compared before is gone."""
    earlier = Run.objects.filter(workflow=run.workflow, state=RUN.start)
    for one in earlier.filter(detail__has_key="comparing").exclude(pk=run.pk):
        text = "The worker that compared ended before it was done; it is made again."
        move_row(one, RUN, "settle_badly", message=text, ended_at=timezone.now())
    Run.objects.filter(pk=run.pk).update(detail={"comparing": True})
