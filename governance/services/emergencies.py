"""Emergency changes: live at once, signed afterwards, or taken back."""

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from governance.actions import CHANGE_ESCALATED, CHANGE_REVIEWED, CHANGE_RUSHED, CHANGE_SIGNED
from governance.actors import SYSTEM, Actor
from governance.appliers import require_change
from governance.bell import ring_bell
from governance.errors import BadTransition, ContentChanged, InvalidProposal, NotPermitted, Refusal
from governance.models import Change, ChangeRequest
from governance.notices import tell_waiting
from governance.requirements import Requirement
from governance.services.applying import make_live
from governance.services.policies import requirement_of
from governance.services.requests import (
    load_request,
    open_request,
    person_key,
    record_step,
    stored_hash,
)
from governance.services.rollbacks import propose_return, withdraw_open
from governance.services.signing import approve, put_signature, still_missing
from governance.state import may

# How long an emergency that could not be taken back waits for the next try.
_TRY_AGAIN: Final = timedelta(hours=1)


def rush(actor: Actor, request_id: int, *, content_hash: str, reason: str) -> ChangeRequest:
    """Make an open request live now, windows and freezes notwithstanding, for a reason. One that
    waits with its signatures is signed anew, as nobody signed that it does not wait.

    Whoever does it counts as a writer: somebody else signs, within the policy's hours, or it
    is taken back (see `expire_unreviewed`). Raises NotPermitted, BadTransition, BaseMoved,
    InvalidProposal without a reason or where a policy knows no emergencies, ContentChanged,
    ApplyFailed.
    """
    with transaction.atomic():
        request, changes, refusal = open_request(actor, request_id)
        if refusal is None:
            _rush(actor, request, changes, content_hash, reason.strip())
    if refusal is not None:
        raise refusal
    return request


def review(actor: Actor, request_id: int, *, content_hash: str, comment: str = "") -> ChangeRequest:
    """Sign an emergency change afterwards, under the rules of any signature.

    Raises as `signing.approve`; BadTransition for what is no emergency or has been reviewed.
    """
    with transaction.atomic():
        request = load_request(actor, request_id, lock=True)
        changes = list(request.changes.all())
        if not request.awaits_review:
            raise BadTransition("This change does not wait for a review.")
        put_signature(actor, request, changes, content_hash, comment.strip())
        record_step(CHANGE_SIGNED, request, after={"content_hash": content_hash}, reason=comment)
        if still_missing(request, changes).nothing:
            request.reviewed_at = timezone.now()
            request.escalated_at, request.notice = None, ""
            request.save()
            record_step(CHANGE_REVIEWED, request, after={"content_hash": content_hash})
    return request


def sign_or_review(
    actor: Actor, request_id: int, *, content_hash: str, comment: str = ""
) -> ChangeRequest:
    """Sign a request as it stands: before it goes in, or after an emergency. Raises as both."""
    waits = load_request(actor, request_id).awaits_review
    return (review if waits else approve)(
        actor, request_id, content_hash=content_hash, comment=comment
    )


def expire_unreviewed() -> int:
    """Take back every emergency change whose hours are over; returns how many were due.

    What was before comes back by itself, recorded as a request of the system's; requests of
    people to roll it back are withdrawn. Where that cannot be (something newer stands on it, or
    the kind knows no way back) it stays, marked as escalated, all who could sign it are told
    once more, and every hour it is tried again.
    """
    overdue = ChangeRequest.objects.filter(
        emergency=True,
        status="applied",
        reviewed_at=None,
        review_due_at__lte=timezone.now(),
    )
    # The newest first: what stands on an earlier one has to go before it can.
    due = list(overdue.order_by("-pk").values_list("pk", flat=True)[:20])
    for request_id in due:
        _expire(request_id)
    return len(due)


def _rush(
    actor: Actor, request: ChangeRequest, changes: list[Change], content_hash: str, reason: str
) -> None:
    actor.require("changes.propose", request.client_id)
    actor.require("changes.apply", request.client_id)
    require_change(actor, changes, request.client_id)
    if actor.kind != "person" or actor.user_id is None or actor.client_id is not None:
        raise NotPermitted("Only a person of the staff who has signed in declares an emergency.")
    if not reason:
        raise InvalidProposal("Say what the emergency is.")
    if request.weakens:
        raise InvalidProposal("What weakens a control is no emergency.")
    hours = _hours(requirement_of(request, changes))
    if content_hash != request.content_hash:
        raise InvalidProposal("This change is not what you read: open it again first.")
    key = person_key(actor.user_id)
    if all(one["key"] != key for one in request.editors):
        request.editors = [*request.editors, {"key": key, "label": actor.label}]
    if may(request.status, "rush") and request.status != "submitted":
        if content_hash != stored_hash(request, changes):
            raise ContentChanged("The content is not what was signed. Nothing went in.")
        # It was signed to go in when it may: that it breaks a freeze is for somebody to sign anew.
        request.revision += 1
        request.content_hash = stored_hash(request, changes)
    request.emergency, request.emergency_reason, request.solo = True, reason, False
    request.review_due_at = timezone.now() + timedelta(hours=hours)
    ring_bell()
    told = {
        "content_hash": request.content_hash,
        "review_due_at": request.review_due_at.isoformat(),
    }
    record_step(CHANGE_RUSHED, request, after=told, reason=reason)
    make_live(actor, request, changes, "rush")
    tell_waiting(request)


def _hours(requirement: Requirement) -> int:
    if requirement.review_within_hours is None:
        raise InvalidProposal("The policy of such a change knows no emergencies.")
    return requirement.review_within_hours


def _expire(request_id: int) -> None:
    why = "Nobody reviewed the emergency change in time."
    try:
        with transaction.atomic():
            # Rows in the order in which a roll-back that goes in takes them: it, then this.
            withdraw_open(SYSTEM, request_id, comment=why)
            request = load_request(SYSTEM, request_id, lock=True)
            if not request.awaits_review:
                # Reviewed or rolled back a moment ago: what was asked for then stays open.
                transaction.set_rollback(True)
                return
            back = propose_return(SYSTEM, request, reason=why, announce=False)
            make_live(SYSTEM, back, list(back.changes.all()), "rush")
    except Refusal as refusal:
        with transaction.atomic():
            _escalate(load_request(SYSTEM, request_id, lock=True), f"{why} {refusal}")


def _escalate(request: ChangeRequest, why: str) -> None:
    """Mark a locked request as late and try it again later; say so the first time only."""
    if not request.awaits_review:
        return
    is_first = request.escalated_at is None
    if is_first:
        request.escalated_at = timezone.now()
        record_step(CHANGE_ESCALATED, request, reason=why)
        tell_waiting(request)
    request.notice = why
    request.review_due_at = timezone.now() + _TRY_AGAIN
    request.save()
