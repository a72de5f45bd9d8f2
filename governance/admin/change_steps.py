"""What staff do with a change request besides signing it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from governance.decisions import (
    SignatureForm,
    decide,
    post_attachment,
    post_comment,
    said_after_passing,
    send_attachment,
    submitted,
)
from governance.doors import guarded_page
from governance.entities import read_entities
from governance.errors import InvalidProposal
from governance.models import ChangeRequest
from governance.replays import Resent
from governance.requests import actor_of
from governance.services import emergencies, rollbacks, schedule, sets, solo
from governance.services.entities import limit

PAGE = "change_detail"


class ReasonForm(forms.Form):
    """What comes with a roll-back: the reason."""

    comment = forms.CharField(
        max_length=2000, label="Reason", error_messages={"required": "Say why."}
    )


class EmergencyForm(SignatureForm):
    """What comes with an emergency: the reason, and the hash of what the page showed."""

    comment = forms.CharField(
        max_length=2000, label="Reason", error_messages={"required": "Say what the emergency is."}
    )


class MomentForm(forms.Form):
    """When a change is to go in, in the viewer's time."""

    at = forms.DateTimeField(
        label="Go in on",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={
            "required": "Choose a day and an hour.",
            "invalid": "Write a day and an hour, such as 2026-12-31T18:00.",
        },
    )


class EntitiesForm(forms.Form):
    """Legal entities, one a line; none for all."""

    entities = forms.CharField(required=False, max_length=3000)


class JoinForm(forms.Form):
    """Which other request comes into the set."""

    other = forms.IntegerField(
        min_value=1, max_value=2**63 - 1, error_messages={"required": "Choose a request."}
    )


@guarded_page("changes.propose")
@require_POST
def change_rush(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Make a change live at once as an emergency."""

    def run(data: dict[str, str]) -> ChangeRequest:
        return emergencies.rush(
            actor_of(request), pk, content_hash=data["content_hash"], reason=data["comment"]
        )

    said = "It is live. Somebody else has to review it in time."
    return submitted(request, PAGE, pk, EmergencyForm, run, lambda _: said)


@guarded_page("changes.approve")
@require_POST
def change_alone(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Let one's own change in where nobody else could sign."""

    def run(data: dict[str, str]) -> ChangeRequest:
        return solo.approve_alone(actor_of(request), pk, content_hash=data["content_hash"])

    return submitted(request, PAGE, pk, SignatureForm, run, _said_alone)


def _said_alone(decided: ChangeRequest) -> str:
    if decided.status == "applied":
        return "It is live. The record says that nobody else signed it."
    return decided.notice or "Recorded. It goes in when nothing else is missing."


@guarded_page("changes.apply")
@require_POST
def change_schedule(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Let an approved change go in by itself at a moment."""
    form = MomentForm(request.POST)

    def run() -> ChangeRequest:
        if not form.is_valid():
            raise InvalidProposal(str(next(iter(form.errors.values()))[0]))
        return schedule.schedule(actor_of(request), pk, at=form.cleaned_data["at"])

    return decide(request, PAGE, pk, run, lambda _: "Scheduled.")


@guarded_page("changes.apply")
@require_POST
def change_hold(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take a change off the schedule."""

    def run() -> ChangeRequest:
        return schedule.hold(actor_of(request), pk)

    return decide(request, PAGE, pk, run, lambda _: "It waits until somebody applies it.")


@guarded_page("changes.propose")
@require_POST
def change_roll_back(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Ask for what was before a change to come back; the page of that request comes next."""
    made: list[ChangeRequest] = []

    def run(data: dict[str, str]) -> ChangeRequest:
        made.append(rollbacks.roll_back(actor_of(request), pk, reason=data["comment"]))
        return made[0]

    answer = submitted(request, PAGE, pk, ReasonForm, run, _said_back)
    return redirect(PAGE, made[0].pk) if made else answer


def _said_back(back: ChangeRequest) -> str:
    if back.status == "applied":
        return "Rolled back: what was before is live again."
    if back.status != "submitted":
        return said_after_passing(back)
    needed = "It comes back with the signatures that such a change needs."
    return f"Proposed. {back.notice or needed}"


@guarded_page("exceptions.work")
@require_POST
def change_replay(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send again what was written under a change that was rolled back."""
    told: list[Resent] = []

    def run() -> ChangeRequest:
        try:
            told.append(rollbacks.send_again(actor_of(request), pk))
        except ValidationError as error:
            raise InvalidProposal(" ".join(error.messages)) from error
        return ChangeRequest.objects.get(pk=pk)

    return decide(request, PAGE, pk, run, lambda _: _said_resent(told[0]))


def _said_resent(sent: Resent) -> str:
    if not sent.planned:
        return "Nothing new was planned: what went out is waiting to go out again already."
    if sent.planned == 1:
        return "1 record is on its way again."
    return f"{sent.planned:,} records are on their way again."


@guarded_page("changes.propose")
@require_POST
def change_join(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Bring another open request into this set."""

    def run(data: dict[str, Any]) -> ChangeRequest:
        return sets.join(actor_of(request), pk, data["other"])

    return submitted(request, PAGE, pk, JoinForm, run, lambda _: "Joined.")


@guarded_page("changes.propose")
@require_POST
def change_entities(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Say which legal entities a change concerns."""

    def run(data: dict[str, Any]) -> ChangeRequest:
        return limit(actor_of(request), pk, read_entities(data["entities"]))

    return submitted(request, PAGE, pk, EntitiesForm, run, lambda _: "Said.")


@guarded_page("changes.view")
@require_POST
def change_comment(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Say something about a change."""
    return post_comment(request, PAGE, pk)


@guarded_page("changes.view")
@require_POST
def change_attach(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Attach a file to a change."""
    return post_attachment(request, PAGE, pk)


@guarded_page("changes.view")
@require_GET
def change_attachment(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """Send a file of a change."""
    return send_attachment(request, pk, number)
