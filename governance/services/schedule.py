"""Approved changes that wait for their moment: a release window, a freeze's end, a date."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from governance.actions import CHANGE_HELD, CHANGE_SCHEDULED
from governance.actors import SYSTEM, Actor
from governance.bell import ring_bell
from governance.errors import BadTransition, Frozen, InvalidProposal, Refusal
from governance.models import ChangeRequest
from governance.services.applying import apply_approved
from governance.services.policies import requirement_of
from governance.services.requests import (
    load_request,
    move_request,
    open_request,
    record_step,
)
from governance.services.windows import next_opening

logger = logging.getLogger(__name__)
_BATCH = 20


def apply_when_open(actor: Actor, request_id: int) -> ChangeRequest:
    """Make an approved request live now or, if nothing may go in now, at the next moment at
    which it may. Raises ApplyFailed, ContentChanged, BaseMoved, ChangeRequest.DoesNotExist."""
    try:
        return _apply_or_wait(actor, request_id)
    except BadTransition:
        # Somebody edited, rejected or applied it since it was approved: that is its state now.
        return load_request(actor, request_id)


def schedule(actor: Actor, request_id: int, *, at: datetime) -> ChangeRequest:
    """Let an approved request go in by itself at a moment, or when the next window after it
    opens. Raises NotPermitted, BadTransition, InvalidProposal, BaseMoved."""
    actor.require("changes.apply", load_request(actor, request_id).client_id)
    if at <= timezone.now():
        raise InvalidProposal("Choose a moment that is still to come.")
    return _wait(actor, request_id, at, "")


@transaction.atomic
def hold(actor: Actor, request_id: int) -> ChangeRequest:
    """Take a request off the schedule; it stays approved. Raises NotPermitted, BadTransition."""
    request = load_request(actor, request_id, lock=True)
    actor.require("changes.apply", request.client_id)
    _unschedule(request, "")
    return request


def apply_due() -> int:
    """Make live whatever is scheduled for now; returns how many. What cannot go in leaves the
    schedule, with the reason on its page: to be signed again where signatures are missing by
    now, else as approved."""
    due = ChangeRequest.objects.filter(
        status="scheduled", scheduled_for__lte=timezone.now()
    ).order_by("scheduled_for")
    return sum(_apply_one(pk) for pk in list(due.values_list("pk", flat=True)[:_BATCH]))


def _apply_one(request_id: int) -> bool:
    try:
        return _apply_or_wait(SYSTEM, request_id).status == "applied"
    except Refusal as refusal:
        logger.info("scheduled change %s did not go in: %s", request_id, refusal)
        _stop_waiting(request_id, refusal)
    return False


def _apply_or_wait(actor: Actor, request_id: int) -> ChangeRequest:
    try:
        return apply_approved(actor, request_id)
    except Frozen as closed:
        return _wait(actor, request_id, timezone.now(), str(closed))


@transaction.atomic
def _stop_waiting(request_id: int, refusal: Refusal) -> None:
    """Take a request whose moment came in vain off the schedule, or every worker would try it
    for ever. One that went back to be signed, expired or was put off is left as it is."""
    request = load_request(SYSTEM, request_id, lock=True)
    if not _is_due(request):
        return
    _unschedule(request, str(refusal))


def _is_due(request: ChangeRequest) -> bool:
    at = request.scheduled_for
    return request.status == "scheduled" and at is not None and at <= timezone.now()


def _wait(actor: Actor, request_id: int, after: datetime, why: str) -> ChangeRequest:
    """Put an approved request on the schedule for the first moment from `after` on."""
    with transaction.atomic():
        request, changes, refusal = open_request(actor, request_id)
        if refusal is None:
            at = next_opening(request, requirement_of(request, changes), after)
            if at is None:
                none = f"{why} No window opens within a year: ask for one.".strip()
                if _is_due(request):
                    _unschedule(request, none)
                else:
                    request.notice = none
            else:
                before = request.scheduled_for
                move_request(request, "schedule")
                request.scheduled_for, request.notice = at, why
                ring_bell()
                if at != before:
                    told = {"scheduled_for": at.isoformat()}
                    record_step(CHANGE_SCHEDULED, request, after=told, reason=why)
            request.save()
    if refusal is not None:
        raise refusal
    return request


def _unschedule(request: ChangeRequest, why: str) -> None:
    move_request(request, "hold")
    request.scheduled_for = None
    request.notice = f"It could not be applied: {why}" if why else ""
    request.save()
    record_step(CHANGE_HELD, request, reason=why)
