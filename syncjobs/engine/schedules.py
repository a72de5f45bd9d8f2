"""Fires workflows by their schedule: once for each time, whatever number of workers there is.

When is kept in the workflow's own row (`next_run_at`), which is also a part of when this partner
is due at all (`doorbell.settle`). Whoever fires takes the row's lock, moves it to the next time
and starts the work in one transaction; everybody else passes the row over.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance import correlation
from syncjobs.cron import next_after, parse
from syncjobs.engine.flows import definition_of
from syncjobs.engine.halfway import left_by
from syncjobs.engine.issues import Cause, Occurrence, raise_issues
from syncjobs.engine.rows import database_now
from syncjobs.engine.transitions import move_row
from syncjobs.models import Delivery, Run, Stream, Workflow
from syncjobs.state import BLOCKED, CLAIMABLE, RUN, WORKFLOW

# A comparison whose worker died, or whose system could not be read, is made again after this.
AGAIN: Final = timedelta(minutes=20)
# So many comparisons in a row whose worker died are enough until the next time.
MOST_ABANDONED: Final = 2
UNFINISHED: Final = "comparison_unfinished"
GIVEN_UP: Final = (
    "Two comparisons in a row ended before they were done; the next one is made by the schedule."
)


def next_firing(workflow: Workflow, moment: datetime | None = None) -> datetime | None:
    """Return when the workflow's schedule fires next, None without one."""
    if workflow.mode == Workflow.Mode.REAL_TIME or not workflow.schedule:
        return None
    return next_after(parse(workflow.schedule), moment or database_now(), workflow.client.time_zone)


def fire_due() -> int:
    """Start every workflow whose time has come and that compares nothing; return how many.

    What was missed while nobody worked fires once, not once for each time.
    """
    fired = [_fire(id_) for id_ in _due(database_now(), comparing=False)]
    return sum(run is not None for run in fired)


def fire_comparison(waited: timedelta = timedelta(0)) -> int | None:
    """Start one workflow that compares and whose time has come `waited` ago or more.

    Returns the run whose comparisons are to be made now; None when there is none. One whose
    worker died twice is not tried again before its next time; that is an exception.
    """
    for workflow_id in _due(database_now() - waited, comparing=True):
        run = _fire(workflow_id)
        if run is not None and not _is_given_up(run):
            return run.pk
    return None


def _due(moment: datetime, *, comparing: bool) -> list[int]:
    rows = Workflow.objects.filter(
        state=WORKFLOW.start, next_run_at__isnull=False, next_run_at__lte=moment
    )
    compares = Q(version__definition__comparisons__0__isnull=False)
    rows = rows.filter(compares) if comparing else rows.exclude(compares)
    return list(rows.order_by("next_run_at").values_list("pk", flat=True)[:20])


@transaction.atomic
def _fire(workflow_id: int) -> Run | None:
    now = database_now()
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
        return run
    told = f"{streams} sources are read now; {released} deliveries had waited for this time."
    move_row(run, RUN, "settle_well", message=told, ended_at=now)
    return run


def wake(workflow: Workflow) -> tuple[int, int]:
    """Let the workflow's sources be read and what waits for its time go, now; return how many.

    In the caller's transaction; streams are locked in the order of their ids.
    """
    now = database_now()
    streams = Stream.objects.filter(connection_id__in=workflow.bindings.values(), enabled=True)
    ids = list(streams.select_for_update().order_by("pk").values_list("pk", flat=True))
    count = Stream.objects.filter(pk__in=ids).update(next_poll_at=now)
    rows = Delivery.objects.filter(workflow=workflow)
    # What is let go later must not wait for the time after this one.
    blocked = rows.filter(state__in=sorted(BLOCKED), not_before__gt=now)
    blocked.update(not_before=now)
    return count, rows.filter(state__in=sorted(CLAIMABLE)).update(not_before=now)


def _end_abandoned(run: Run) -> None:
    """The workflow fires again: whoever compared before is gone."""
    earlier = Run.objects.filter(workflow=run.workflow, state=RUN.start)
    abandoned = 0
    for one in earlier.filter(detail__has_key="comparing").exclude(pk=run.pk):
        text = "The worker that compared ended before it was done."
        move_row(one, RUN, "settle_badly", message=text, ended_at=timezone.now())
        abandoned = max(abandoned, int(one.detail.get("abandoned", 0)) + 1)
    run.detail = {"comparing": True, "abandoned": abandoned, **left_by(run)}
    run.save(update_fields=["detail"])


@transaction.atomic
def _is_given_up(run: Run) -> bool:
    """End a run whose workflow's comparison took its worker down too often: raise an exception."""
    workflow = run.workflow
    if workflow is None or run.detail["abandoned"] < MOST_ABANDONED:
        return False
    cause = Cause(
        kind=UNFINISHED,
        client_id=run.client_id,
        same=(workflow.pk,),
        detail={"workflow": workflow.name},
        workflow_id=workflow.pk,
    )
    raise_issues([Occurrence(cause, GIVEN_UP)])
    move_row(run, RUN, "settle_badly", message=GIVEN_UP, ended_at=timezone.now())
    Workflow.objects.filter(pk=workflow.pk).update(next_run_at=next_firing(workflow))
    return True
