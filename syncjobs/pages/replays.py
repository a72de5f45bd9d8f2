"""Replaying a workflow: choose what, see what would come of it, send it through again."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.errors import Refusal
from governance.requests import actor_of
from syncjobs.models import Workflow
from syncjobs.pages.frame import back_to, explain_failure, one_of, page
from syncjobs.services import replays

ROWS = Workflow.objects.select_related("client", "blueprint", "version")
# So many of what would change something are listed; the counts are of all that was tried.
SHOWN = 50


class ChoiceForm(forms.Form):
    """What is sent through again; what is left empty leaves nothing out."""

    since = forms.DateField(
        label="Delivered from", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label="Delivered until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The last day, included.",
    )
    run = forms.IntegerField(
        label="Run", required=False, min_value=1, max_value=2**63 - 1, help_text="Its number."
    )
    mapping_version = forms.TypedChoiceField(
        label="Mapped by", required=False, coerce=int, empty_value=None
    )
    record = forms.CharField(
        label="Record", required=False, max_length=200, help_text="Its number."
    )

    def __init__(self, *args: Any, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = self.fields["mapping_version"]
        assert isinstance(versions, forms.ChoiceField)
        versions.choices = [("", "Any version"), *replays.versions_of(workflow)]

    def clean(self) -> dict[str, object]:
        """Refuse a choice of everything, and days in the wrong order."""
        given = self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            raise ValidationError("The last day is before the first.")
        if not self.errors and not any(given.values()):
            raise ValidationError("Choose days, a run, a version or a record.")
        return given

    @property
    def choice(self) -> replays.Choice:
        """Return what a valid form chooses."""
        return replays.Choice(**self.cleaned_data)


def workflow_replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask what, show what would come of it, and start."""
    workflow = one_of(request, ROWS, pk)
    actor = actor_of(request)
    context: dict[str, object] = {"workflow": workflow, "preview": None, "reason": ""}
    try:
        asked = request.POST if request.method == "POST" else request.GET or None
        form = ChoiceForm(asked, workflow=workflow)
        context["form"] = form
        if form.is_valid():
            if request.method == "POST":
                context["reason"] = reason = request.POST.get("reason", "")[:500]
                run = replays.start_replay(actor, workflow, form.choice, reason=reason)
                messages.success(request, "It is sent through again now.")
                return back_to(request, reverse("run_detail", args=[run.pk]))
            preview = replays.preview_replay(actor, workflow, form.choice)
            context |= {"preview": preview, "shown": preview.telling[:SHOWN]}
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
        if "form" not in context:
            return back_to(request, reverse("workflow_detail", args=[pk]))
    return page(request, "workflow_replay.html", context | {"tried": replays.TRIED})
