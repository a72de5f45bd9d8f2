"""Making an approved request live: all of it or nothing, with what was and what became."""

import logging
from collections.abc import Mapping, Sequence

from django.db import models, transaction
from django.utils import timezone

from governance.actions import CHANGE_APPLIED, CHANGE_FAILED
from governance.actors import Actor
from governance.appliers import applier_for
from governance.errors import ApplyFailed, BadTransition, ContentChanged, Frozen, Refusal
from governance.models import Change, ChangeRequest, Window
from governance.requirements import Signature, missing_signatures
from governance.services import audit
from governance.services.policies import requirement_of
from governance.services.requests import (
    load_request,
    move_request,
    open_request,
    record_step,
    stored_hash,
)
from governance.services.targets import live_version
from governance.state import may
from governance.windows import Freeze, open_freeze

logger = logging.getLogger(__name__)


def apply(actor: Actor, request_id: int) -> ChangeRequest:
    """Make an approved request live by hand.

    Raises NotPermitted, BadTransition, Frozen, ContentChanged, BaseMoved, ApplyFailed.
    """
    actor.require("changes.apply", load_request(actor, request_id).client_id)
    return apply_approved(actor, request_id)


def apply_approved(actor: Actor, request_id: int) -> ChangeRequest:
    """Make an approved request live for whoever gave the last signature. Raises as `apply`.

    One transaction: a process killed inside it leaves the request approved and every
    target as it was.
    """
    try:
        with transaction.atomic():
            request, changes, refusal = open_request(actor, request_id)
            if refusal is None:
                _go_live(actor, request, changes)
    except ApplyFailed as failure:
        _record_failure(actor, request_id, str(failure))
        raise
    if refusal is not None:
        raise refusal
    return request


def _go_live(actor: Actor, request: ChangeRequest, changes: Sequence[Change]) -> None:
    if not may(request.status, "apply"):
        move_request(request, "apply")  # raises, saying which status it has
    if stored_hash(request, changes) != request.content_hash:
        raise ContentChanged("The content is not what was signed. Nothing went in.")
    _refuse_unsigned(request, changes)
    _refuse_frozen(request)
    entries = [_apply_one(actor, request, change) for change in changes]
    move_request(request, "apply")
    request.applied_at = timezone.now()
    request.notice = ""
    request.save()
    audit.record_many(entries)
    record_step(CHANGE_APPLIED, request, after={"content_hash": request.content_hash})


def _apply_one(actor: Actor, request: ChangeRequest, change: Change) -> audit.EntryDraft:
    applier = applier_for(change.kind)
    was = dict(applier.snapshot(change.target_id)) if applier.snapshot else {}
    change.before = {"version": change.base_version, **was}
    became = _run(change, actor)
    change.after = {"version": live_version(change.kind, change.target_id), **became}
    change.save(update_fields=["before", "after"])
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
    """Call the applier; whatever it raises becomes ApplyFailed, fit to be read."""
    try:
        return applier_for(change.kind).apply(change, actor)
    except ApplyFailed:
        raise
    except Refusal as refusal:
        raise ApplyFailed(str(refusal)) from refusal
    except Exception as error:  # the boundary to code of other apps: logged, told plainly
        logger.exception("applier of %s failed", change.kind)
        raise ApplyFailed(
            f"An unexpected error stopped {change.target_label}. Nothing went in."
        ) from error


def _refuse_unsigned(request: ChangeRequest, changes: Sequence[Change]) -> None:
    """Count the signatures again: a policy may ask for more than when they were given."""
    given = request.approvals.filter(content_hash=request.content_hash)
    signatures = [Signature(one.person_key, one.client_id) for one in given]
    if not missing_signatures(requirement_of(request, changes), signatures).nothing:
        raise BadTransition("The policy asks for more signatures than this change has.")


def _refuse_frozen(request: ChangeRequest) -> None:
    windows = Window.objects.filter(
        models.Q(client_id__isnull=True) | models.Q(client_id=request.client_id),
        mode=Window.Mode.FREEZE,
        active=True,
    )
    freezes = [
        Freeze(one.name, one.time_zone, one.starts_at, one.ends_at, one.first_day, one.last_day)
        for one in windows
    ]
    freeze = open_freeze(freezes, timezone.now())
    if freeze is not None:
        raise Frozen(f"Approved. It can be applied when the freeze “{freeze.name}” is over.")


def _record_failure(actor: Actor, request_id: int, why: str) -> None:
    """Say on the request and in the trail why it did not go in."""
    with transaction.atomic():
        request = load_request(actor, request_id, lock=True)
        request.notice = f"Signed, but it could not be applied: {why}"
        request.save(update_fields=["notice", "updated_at"])
        record_step(CHANGE_FAILED, request, reason=why)
