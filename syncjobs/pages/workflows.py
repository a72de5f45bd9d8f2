"""Workflows: how each does, and starting, pausing and trying it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.errors import Refusal
from governance.lists import ordered, page_of
from governance.models import AuditEntry
from governance.requests import actor_of
from syncjobs import actions
from syncjobs.engine.lateness import late_deliveries
from syncjobs.indicators.throughput import DONE
from syncjobs.indicators.timeline import happenings
from syncjobs.models import Delivery, Run, Workflow
from syncjobs.pages.frame import (
    back_to,
    explain_failure,
    keep_typed,
    one_of,
    page,
    reason_in,
    typed_before,
    visible,
    workflow_tabs,
)
from syncjobs.pages.steps import start_words, steps_told
from syncjobs.services import schedules, workflows
from syncjobs.services.upgrades import behind, upgrade_of, with_versions
from syncjobs.state import BLOCKED, NEEDS_PERSON, WORKFLOW
from tenants.tables.listed import listed_file

ROWS = Workflow.objects.select_related("client", "blueprint", "version")


def counted() -> dict[str, Count]:
    return {
        "done": Count("deliveries", filter=Q(deliveries__state__in=DONE)),
        "blocked": Count("deliveries", filter=Q(deliveries__state__in=sorted(BLOCKED))),
        "stuck": Count("deliveries", filter=Q(deliveries__state__in=sorted(NEEDS_PERSON))),
    }


SORTS = {"name": "name", "state": "state", "done": "done", "blocked": "blocked", "stuck": "stuck"}
COLUMNS: dict[str, Callable[[Any], object]] = {
    "Name": lambda one: one.name,
    "Blueprint": lambda one: one.blueprint.name,
    "Blueprint version": lambda one: one.uses,
    "Client": lambda one: one.client,
    "Mode": lambda one: one.get_mode_display(),
    "State": lambda one: one.get_state_display(),
    "Done": lambda one: one.done,
    "Held back": lambda one: one.blocked,
    "Failed": lambda one: one.stuck,
}


def workflow_list(request: HttpRequest) -> HttpResponse:
    """Show the workflows with what went through and what did not."""
    rows = with_versions(visible(request, ROWS)).annotate(**counted())
    words = request.GET.get("q", "").strip()
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(client__name__icontains=words))
    found = ordered(request, rows, SORTS, "client__name", "name")
    if file := listed_file(request, "workflows", found, COLUMNS):
        return file
    staff = actor_of(request).client_id is None
    context = {
        "page": page_of(request, found),
        "behind": behind(Workflow.objects.all()).count() if staff else 0,
        "may_install": staff and actor_of(request).can("workflows.manage"),
        "tabs": workflow_tabs(request, "workflow_list"),
    }
    return page(request, "workflow_list.html", context)


def workflow_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one workflow: steps and gates, latest runs, what is held or stuck."""
    workflow = one_of(request, ROWS.annotate(**counted()), pk)
    actor = actor_of(request)
    late = late_deliveries(workflow)
    promised = f"{workflow.sla_seconds / 3600:g}" if workflow.sla_seconds else ""
    stored = {
        "mode": workflow.mode,
        "schedule": workflow.schedule,
        "within_hours": promised,
    }
    does = workflow.version.definition if workflow.version else {}
    held = Delivery.objects.filter(workflow=workflow, state__in=sorted(BLOCKED | NEEDS_PERSON))
    context = {
        "workflow": workflow,
        "definition": does,
        "starts": start_words(does),
        "steps": steps_told(does),
        "runs": Run.objects.filter(workflow=workflow).order_by("-id")[:10],
        "attention": (held | late).select_related(
            "record", "origin", "connection", "workflow_version"
        )[:20],
        "versions": workflow.versions.order_by("-number")[:10],
        "may_operate": actor.can("workflows.operate", workflow.client_id),
        "may_manage": actor.can("workflows.manage", workflow.client_id),
        "modes": Workflow.Mode.choices,
        "upgrade": upgrade_of(workflow) if actor.client_id is None else None,
        "late": late.count(),
        "within_hours": promised,
        "paused": _paused(workflow) if actor.client_id is None else None,
        "timeline": happenings(workflow) if actor.client_id is None else [],
        "schedule_was": stored,
        "typed": stored | typed_before(request, f"schedule {pk}"),
    }
    return page(request, "workflow_detail.html", context)


def _paused(workflow: Workflow) -> AuditEntry | None:
    """Return who paused the workflow, when and why; None while it works."""
    if workflow.state == WORKFLOW.start:
        return None
    told = AuditEntry.objects.filter(object_kind="workflow", object_id=str(workflow.pk))
    return told.filter(action=actions.WORKFLOW_PAUSED.key).order_by("-at", "-id").first()


def workflow_dry_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show each request that would be sent now, and send none."""
    workflow = one_of(request, ROWS, pk)
    try:
        rows = workflows.dry_run(actor_of(request), workflow)
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
        return back_to(request, reverse("workflow_detail", args=[pk]))
    return page(request, "dry_run.html", {"workflow": workflow, "rows": rows})


def workflow_schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """Set when one workflow works: in real time, or by a schedule."""
    workflow = one_of(request, ROWS, pk)
    names = ("mode", "schedule", "within_hours")
    sent = {name: request.POST.get(name, "").strip() for name in names}
    # What the person left as it was shown stays as it is by now.
    given = {one: text for one, text in sent.items() if text != request.POST.get(f"was_{one}")}
    try:
        schedules.set_schedule(actor_of(request), workflow, **given)
        messages.success(request, "Saved. It also holds for what is waiting now.")
    except (ValidationError, Refusal) as error:
        keep_typed(request, f"schedule {pk}", *names)
        explain_failure(request, error)
    return back_to(request, reverse("workflow_detail", args=[pk]))


def _run(request: HttpRequest, workflow: Workflow) -> str:
    workflows.run_now(actor_of(request), workflow)
    return "Started: its sources are read and what changed is delivered."


def _pause(request: HttpRequest, workflow: Workflow) -> str:
    workflows.pause_workflow(actor_of(request), workflow, reason=reason_in(request))
    return "Paused. What comes in waits in order."


def _resume(request: HttpRequest, workflow: Workflow) -> str:
    workflows.resume_workflow(actor_of(request), workflow)
    return "Resumed, starting with what waited."


ACTIONS = {"run": _run, "pause": _pause, "resume": _resume}


def workflow_action(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Run, pause or resume one workflow."""
    workflow = one_of(request, ROWS, pk)
    try:
        messages.success(request, ACTIONS[action](request, workflow))
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("workflow_detail", args=[pk]))
