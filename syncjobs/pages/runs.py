"""Runs: what was read, what was written, record by record."""

from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from governance.errors import Refusal
from governance.lists import chips, ordered, page_of
from governance.requests import actor_of
from syncjobs.indicators.throughput import DONE
from syncjobs.indicators.timing import step_times
from syncjobs.intake.polling import FAILED
from syncjobs.intake.warned import warnings_in
from syncjobs.models import Delivery, Issue, Run
from syncjobs.pace import WINDOW, Pace, pace
from syncjobs.pages.frame import (
    back_to,
    explain_failure,
    one_of,
    page,
    reason_in,
    utc_text,
    visible,
    workflow_tabs,
)
from syncjobs.services import runs
from syncjobs.services.catalogue import explain
from syncjobs.services.incidents import STOPPED_BY
from syncjobs.state import DELIVERY, ISSUE, MOVING, RUN, WORKFLOW
from tenants.tables.listed import listed_file

# What a person wants to see first: runs that changed something, or did not end well. Systems
# are read every few minutes, mostly to find nothing.
MOVED = Q(changed__gt=0) | Q(planned__gt=0) | Q(refused__gt=0) | ~Q(state="succeeded")
SHOWN = {
    "": ("With changes", MOVED),
    "attention": ("Needs attention", Q(state__in=("partial", "failed"))),
    "running": ("Running", Q(state=RUN.start)),
    "all": ("All", Q()),
}

COUNTED = (
    ("read", "Read"),
    ("changed", "Changed"),
    ("same", "Known already"),
    ("refused", "Not understood"),
    ("warned", "With a warning"),
    ("planned", "Planned"),
    ("delivered", "Delivered"),
    ("unchanged", "Unchanged"),
    ("blocked", "Held back"),
    ("failed", "Failed"),
    ("dropped", "Cancelled or skipped"),
)


SORTS = {"started": "pk", "read": "read", "delivered": "delivered", "failed": "failed"}
COLUMNS: dict[str, Callable[[Run], object]] = {
    "Started (UTC)": lambda run: utc_text(run.started_at),
    "Ended (UTC)": lambda run: utc_text(run.ended_at),
    "Of": lambda run: run.workflow or run.stream or "",
    "Client": lambda run: run.client,
    "Kind": lambda run: run.get_kind_display(),
    "Begun by": lambda run: run.get_trigger_display(),
    "Outcome": lambda run: run.get_state_display(),
    **{label: attrgetter(name) for name, label in COUNTED},
}


def search_runs(request: HttpRequest, rows: QuerySet[Run]) -> QuerySet[Run]:
    """Return the runs that have the address's words in what they are of."""
    words = request.GET.get("q", "").strip()
    if not words:
        return rows
    return rows.filter(
        Q(workflow__name__icontains=words)
        | Q(stream__connection__name__icontains=words)
        | Q(stream__object__icontains=words)
        | Q(client__name__icontains=words)
    )


def run_list(request: HttpRequest) -> HttpResponse:
    """Show the latest runs, those that moved something first of all."""
    rows = visible(request, Run.objects.select_related("client", "workflow", "stream__connection"))
    counted = ("attention", "running")
    options = [
        (value, words, rows.filter(condition).count() if value in counted else None)
        for value, (words, condition) in SHOWN.items()
    ]
    shown = request.GET.get("show", "")
    _, condition = SHOWN.get(shown, SHOWN[""])
    found = ordered(request, search_runs(request, rows.filter(condition)), SORTS, "-id")
    if file := listed_file(request, "runs", found, COLUMNS):
        return file
    context = {
        "page": page_of(request, found),
        "chips": chips(request, "show", options, ""),
        "tabs": workflow_tabs(request, "run_list"),
    }
    return page(request, "run_list.html", context)


def searched(request: HttpRequest, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Return those of a run's rows that the address asks for."""
    words = request.GET.get("q", "").strip()
    state = request.GET.get("state", "")
    if state in DELIVERY.labels:
        rows = rows.filter(state=state)
    if words:
        rows = rows.filter(Q(record__key__icontains=words) | Q(record__label__icontains=words))
    return rows


def _before(run: Run) -> Run | None:
    """Return the run of the same kind and source or workflow that came before."""
    same = Run.objects.filter(kind=run.kind, pk__lt=run.pk)
    if run.stream_id is not None:
        return same.filter(stream=run.stream_id).order_by("-id").first()
    if run.workflow_id is not None:
        return same.filter(workflow=run.workflow_id).order_by("-id").first()
    return None


def _compared(run: Run, before: Run) -> list[tuple[str, int, int, int]]:
    """Return (what, then, now, difference) of what either of the two counted."""
    rows = [(label, getattr(before, name), getattr(run, name)) for name, label in COUNTED]
    return [(label, then, now, now - then) for label, then, now in rows if then or now]


def _pace(run: Run) -> tuple[Pace | None, int]:
    """Return how fast the run goes, and how many of its records are due later only."""
    if run.state != RUN.start or (run.workflow and run.workflow.state != WORKFLOW.start):
        return None, 0
    now = timezone.now()
    since = max(run.started_at, now - timedelta(seconds=WINDOW))
    # By the client's latest, which are few; a run may have closed many thousand.
    closed = Delivery.objects.filter(
        client_id=run.client_id, run=run, finished_at__gte=since, state__in=DONE
    ).count()
    left = run.deliveries.filter(state__in=sorted(MOVING)).aggregate(
        due=Count("pk", filter=Q(not_before__lte=now) | Q(state=DELIVERY.target("claim"))),
        every=Count("pk"),
    )
    all_planned = run.kind != Run.Kind.BACKFILL or not runs.is_planned_on(run)
    seconds = (now - since).total_seconds()
    return pace(closed, seconds, left["due"], all_planned=all_planned), left["every"] - left["due"]


def _behind(request: HttpRequest, run: Run) -> tuple[Issue, str] | None:
    """Return the open exception that a failed reading raised, with what to do about it."""
    if run.state != RUN.target("settle_badly") or run.stream is None:
        return None
    of_system = Q(kind__in=STOPPED_BY, connection=run.stream.connection_id)
    of_stream = Q(kind=FAILED, connection=run.stream.connection_id)
    of_stream &= Q(detail__object=run.stream.object)
    open_ones = visible(request, Issue.objects.filter(state__in=sorted(ISSUE.open)))
    found = open_ones.filter(of_system | of_stream).order_by("severity", "-pk").first()
    return (found, explain(found).next_step) if found else None


def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one run: its counts, why it ended so, and its deliveries."""
    try:
        run = one_of(
            request, Run.objects.select_related("client", "workflow", "stream__connection"), pk
        )
    except Http404:
        if kept := runs.standing_for(actor_of(request), pk):
            return redirect("run_detail", kept.pk)
        raise
    rows = run.deliveries.select_related("record", "origin", "connection", "workflow_version")
    counts = dict(rows.values_list("state").annotate(Count("pk")).order_by())
    options = [("", "All", sum(counts.values()))] + [
        (state, label, counts[state]) for state, label in DELIVERY.choices if counts.get(state)
    ]
    before = _before(run)
    goes, later = _pace(run)
    may_operate = actor_of(request).can("workflows.operate", run.client_id)
    # What was being sent when a run was given up ends as it ends.
    is_going = run.state == RUN.start or bool(counts.get(DELIVERY.target("claim")))
    context = {
        "run": run,
        "warnings": warnings_in(run),
        "behind": _behind(request, run),
        "before": before,
        "compared": _compared(run, before) if before else [],
        "page": page_of(request, searched(request, rows).order_by("-id")),
        "chips": chips(request, "state", options, ""),
        "going": is_going,
        "closed": run.delivered + run.unchanged + run.dropped,
        "pace": goes,
        "later": later,
        "may_cancel": may_operate and runs.may_cancel(run),
        # Only what the workflow itself wrote: a reading has nothing to send.
        "may_replay": may_operate
        and run.workflow is not None
        and run.workflow.state == WORKFLOW.start
        and run.delivered + run.unchanged > 0,
        # While it goes, the page is asked for every two seconds.
        "steps": [] if is_going else step_times(run),
    }
    answer = page(request, "run_detail.html", context)
    if not is_going and request.headers.get("HX-Target") == "run-counts":
        # The counts are asked for while it goes; with its end the whole page says something else.
        answer["HX-Refresh"] = "true"
    return answer


def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Give up what of a run has not been written, with a reason."""
    run = one_of(request, Run.objects.all(), pk)
    try:
        count = runs.cancel_run(actor_of(request), run, reason=reason_in(request))
        given_up = f"{count} {'record was' if count == 1 else 'records were'} given up"
        messages.success(request, f"Cancelled: {given_up}. What was written stays.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("run_detail", args=[pk]))
