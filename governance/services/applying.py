"""Making an approved request live: all of it or nothing, with what was and what became."""

import logging
from collections.abc import Mapping, Sequence

from django.db import OperationalError, transaction
from django.utils import timezone

from governance.actions import CHANGE_APPLIED, CHANGE_FAILED, CHANGE_ROLLED_BACK
from governance.actors import Actor
from governance.appliers import applier_for
from governance.deadlocks import again_after_deadlock, is_deadlock
from governance.errors import ApplyFailed, ContentChanged, Refusal
from governance.models import Change, ChangeRequest
from governance.permits import permit
from governance.services import audit, impacts
from governance.services.policies import requirement_of
from governance.services.reopening import Unready, refuse_unready, reopen
from governance.services.requests import (
    load_request,
    move_request,
    open_request,
    record_step,
    stored_hash,
)
from governance.services.targets import live_version
from governance.services.windows import refuse_closed
from governance.state import Move, may

logger = logging.getLogger(__name__)


def apply(actor: Actor, request_id: int) -> ChangeRequest:
    """Make an approved request live by hand.

    Raises NotPermitted, BadTransition, Unready (after which it waits for signatures again),
    Frozen, ContentChanged, BaseMoved, ApplyFailed.
    """
    actor.require("changes.apply", load_request(actor, request_id).client_id)
    return apply_approved(actor, request_id)


def apply_approved(actor: Actor, request_id: int) -> ChangeRequest:
    """Make an approved request live for whoever gave the last signature. Raises as `apply`.

    One transaction: a process killed inside it leaves the request approved and every
    target as it was.
    """
    try:
        request, refusal = _opened_and_live(actor, request_id)
    except ApplyFailed as failure:
        _record_failure(actor, request_id, str(failure))
        raise
    except Unready:
        reopen(request_id)
        raise
    if refusal is not None:
        raise refusal
    return request


@again_after_deadlock
@transaction.atomic
def _opened_and_live(actor: Actor, request_id: int) -> tuple[ChangeRequest, Refusal | None]:
    request, changes, refusal = open_request(actor, request_id)
    if refusal is None:
        _go_live(actor, request, changes)
    return request, refusal


def _go_live(actor: Actor, request: ChangeRequest, changes: Sequence[Change]) -> None:
    if not may(request.status, "apply"):
        move_request(request, "apply")  # raises, saying which status it has
    _refuse_altered(request, changes)
    requirement = requirement_of(request, changes)
    refuse_unready(request, changes, requirement)
    if requirement.impact:
        impacts.refuse_outdated(changes)
    refuse_closed(request, requirement)
    make_live(actor, request, changes, "apply")


def make_live(actor: Actor, request: ChangeRequest, changes: Sequence[Change], move: Move) -> None:
    """Run the appliers of a locked request inside the caller's transaction and record it.

    Whether it may go in is the caller's to judge; that its content is what its hash says is
    judged here. Raises ContentChanged, ApplyFailed.
    """
    _refuse_altered(request, changes)
    entries = [_apply_one(actor, request, change) for change in changes]
    move_request(request, move)
    request.applied_at = timezone.now()
    request.scheduled_for = None
    request.notice = ""
    request.save()
    audit.record_many(entries)
    told = {"content_hash": request.content_hash}
    record_step(CHANGE_APPLIED, request, after={**told, "solo": True} if request.solo else told)
    if request.rolls_back_id is not None:
        _take_back(request, request.rolls_back_id)


def _take_back(request: ChangeRequest, undone_id: int) -> None:
    """Mark what this request rolled back."""
    undone = ChangeRequest.objects.select_for_update().get(pk=undone_id)
    move_request(undone, "roll_back")
    undone.notice = ""
    undone.save()
    record_step(CHANGE_ROLLED_BACK, undone, after={"by": request.pk}, reason=request.reason)


def _apply_one(actor: Actor, request: ChangeRequest, change: Change) -> audit.EntryDraft:
    applier = applier_for(change.kind)
    was = dict(applier.snapshot(change.target_id)) if applier.snapshot else {}
    change.before = {"version": change.base_version, **was}
    with permit(change.kind, change.target_id):
        became = _run(change, actor)
    change.made_version = live_version(change.kind, change.target_id)
    change.after = {"version": change.made_version, **became}
    change.save(update_fields=["before", "after", "made_version"])
    return audit.EntryDraft(
        CHANGE_APPLIED,
        object_kind=change.kind,
        object_id=change.target_id,
        object_label=change.target_label,
        client_id=change.client_id,
        before=change.before,
        after={**change.after, "change_request": request.pk},
        reason=request.title,
    )


def _run(change: Change, actor: Actor) -> Mapping[str, object]:
    """Call the applier; whatever it raises becomes ApplyFailed, fit to be read.

    But for a deadlock: after that the whole is tried again.
    """
    try:
        return applier_for(change.kind).apply(change, actor)
    except ApplyFailed:
        raise
    except Refusal as refusal:
        raise ApplyFailed(str(refusal)) from refusal
    except Exception as error:  # the boundary to code of other apps: logged, told plainly
        if isinstance(error, OperationalError) and is_deadlock(error):
            raise
        logger.exception("applier of %s failed", change.kind)
        raise ApplyFailed(
            f"An unexpected error stopped {change.target_label}. Nothing went in."
        ) from error


def _refuse_altered(request: ChangeRequest, changes: Sequence[Change]) -> None:
    if stored_hash(request, changes) != request.content_hash:
        raise ContentChanged("The content is not what was signed. Nothing went in.")


def _record_failure(actor: Actor, request_id: int, why: str) -> None:
    """Say on the request and in the trail why it did not go in."""
    with transaction.atomic():
        request = load_request(actor, request_id, lock=True)
        request.notice = f"Signed, but it could not be applied: {why}"
        request.save(update_fields=["notice", "updated_at"])
        record_step(CHANGE_FAILED, request, reason=why)
