"""Backfilling a workflow: from which day, how many records that is, how far it has come."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.errors import Refusal
from governance.requests import actor_of
from syncjobs.models import Workflow
from syncjobs.pages.frame import back_to, explain_failure, one_of, page, reason_in
from syncjobs.services import backfills

ROWS = Workflow.objects.select_related("client", "blueprint", "version")


class FromForm(forms.Form):
    """From which day on."""

    start = forms.DateField(
        label="From", widget=forms.DateInput(attrs={"type": "date"}), help_text="The first day."
    )


class StartForm(FromForm):
    """How fast, and why."""

    per_minute = forms.IntegerField(
        label="Records a minute",
        initial=backfills.PER_MINUTE,
        min_value=1,
        max_value=backfills.FASTEST,
        help_text="At most; live work always goes first.",
    )
    reason = forms.CharField(label="Why", max_length=500)


def workflow_backfill(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a day, show how many records that is, and start."""
    workflow = one_of(request, ROWS, pk)
    actor = actor_of(request)
    asked = FromForm(request.GET if "start" in request.GET else None)
    context = {"workflow": workflow, "asked": asked, "form": None, "count": None}
    try:
        if request.method == "POST":
            form = StartForm(request.POST)
            context["form"] = form
            if form.is_valid():
                run = backfills.start_backfill(actor, workflow, **form.cleaned_data)
                messages.success(request, "It goes on in the background.")
                return back_to(request, reverse("run_detail", args=[run.pk]))
        elif asked.is_valid():
            start = asked.cleaned_data["start"]
            context["count"] = backfills.preview_backfill(actor, workflow, start=start)
            context["form"] = StartForm(
                initial={"start": start, "per_minute": backfills.PER_MINUTE}
            )
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return page(request, "workflow_backfill.html", context)


def workflow_backfill_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End a backfill."""
    workflow = one_of(request, ROWS, pk)
    try:
        count = backfills.cancel_backfill(actor_of(request), workflow, reason=reason_in(request))
        messages.success(request, f"Cancelled; {count} deliveries were given up.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("workflow_detail", args=[pk]))
