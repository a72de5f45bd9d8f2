"""What all pages of the engine share: the frame, the rows that one may see, forms with a reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Page
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from governance import correlation
from governance.errors import Refusal
from governance.lists import number_in
from governance.requests import actor_of
from syncjobs.services.hold_releases import Released
from tenants.accounts.models import Client
from tenants.nouns import in_words

M = TypeVar("M", bound=Model)
_TYPED = "typed"
_LONGEST_REASON = 500
FRAMES = {"admin": "staff/base.html", "portal": "portal/base.html"}


class ReasonForm(forms.Form):
    """A reason, which goes to the audit trail."""

    reason = forms.CharField(
        max_length=_LONGEST_REASON,
        widget=forms.TextInput(attrs={"placeholder": "Why", "required": True}),
    )


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render `syncjobs/<template>` in the frame of the request's door."""
    door = correlation.current().door
    actor = actor_of(request)
    listed = context.get("page", context.get("deliveries"))
    shared = {
        "base": FRAMES[door],
        "staff": actor.client_id is None,
        "actor": actor,
        "empty": isinstance(listed, Page) and not listed.paginator.count,
    }
    return render(request, f"syncjobs/{template}", shared | context)


def visible(request: HttpRequest, rows: QuerySet[M], path: str = "client_id") -> QuerySet[M]:
    """Return the rows of the actor's client; all of the partner's for staff.

    Staff may narrow a list by `?client=<id>`.
    """
    actor = actor_of(request)
    if actor.client_id is not None:
        return rows.filter(**{path: actor.client_id})
    wanted = number_in(request.GET.get("client", ""))
    return rows if wanted is None else rows.filter(**{path: wanted})


def one_of(request: HttpRequest, rows: QuerySet[M], pk: int, path: str = "client_id") -> M:
    """Return one row that the actor may see, or answer 404."""
    actor = actor_of(request)
    if actor.client_id is not None:
        rows = rows.filter(**{path: actor.client_id})
    return get_object_or_404(rows, pk=pk)


def any_client() -> bool:
    """Say whether there is a client whom something can be set up for."""
    return Client.objects.exclude(status=Client.Status.LEFT).exists()


def reason_in(request: HttpRequest) -> str:
    """Return the reason that was typed. Raises ValidationError in plain words."""
    form = ReasonForm(request.POST)
    if form.has_error("reason", "max_length"):
        raise ValidationError(f"A reason has at most {_LONGEST_REASON} characters.")
    if not form.is_valid():
        raise ValidationError("Say why: a reason is kept with every such decision.")
    return str(form.cleaned_data["reason"])


def explain_failure(request: HttpRequest, error: ValidationError | Refusal) -> None:
    """Tell the person why it was not done."""
    text = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
    messages.error(request, text)


def utc_text(moment: datetime | None) -> str:
    """Return a moment as tables to download say it."""
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def back_to(request: HttpRequest, address: str) -> HttpResponseRedirect:
    """Return to the page after a form."""
    return HttpResponseRedirect(address)


def keep_typed(request: HttpRequest, form: str, *names: str) -> None:
    """Keep what was typed into a refused form until its page has shown it once more."""
    values = {name: request.POST.get(name, "")[:4000] for name in names}
    request.session[_TYPED] = {"form": form, "values": values}


def typed_before(request: HttpRequest, form: str) -> dict[str, str]:
    """Return what was typed into a form that was refused a moment ago, and forget it."""
    kept = request.session.get(_TYPED)
    if not kept or kept["form"] != form:
        return {}
    del request.session[_TYPED]
    return dict(kept["values"])


def _tabs(here: str, entries: Sequence[tuple[str, str]]) -> list[dict[str, object]]:
    return [
        {"label": label, "url": reverse(name), "active": name == here} for name, label in entries
    ]


def queue_tabs(request: HttpRequest, here: str) -> list[dict[str, object]]:
    """Return the tabs over what needs somebody: exceptions, and what is on hold."""
    return _tabs(here, [("exception_list", in_words("Exceptions")), ("hold_list", "On hold")])


def workflow_tabs(request: HttpRequest, here: str) -> list[dict[str, object]]:
    """Return the portal's tabs over workflows and runs; staff have both in their menu."""
    if actor_of(request).client_id is None:
        return []
    return _tabs(here, [("workflow_list", in_words("Workflows")), ("run_list", "Runs")])


def released_words(done: Released) -> str:
    """Say what came of letting holds go."""
    said = []
    if done.count == 1:
        said.append("Released. It goes out with the next pass.")
    elif done.count:
        said.append(f"Released {done.count}. They go out now.")
    if done.request is not None:
        said.append(f"Others must sign it: request {done.request.pk} asks them to.")
    return " ".join(said)
