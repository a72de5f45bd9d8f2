"""Signatures: who may give one, under what exactly, and what follows from the last."""

from collections.abc import Sequence

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from governance.actions import CHANGE_APPROVED, CHANGE_SIGNED
from governance.actors import Actor
from governance.errors import ContentChanged, Frozen, SignatureRefused
from governance.models import Approval, Change, ChangeRequest
from governance.requirements import Missing, Signature, missing_signatures
from governance.services.applying import apply_approved
from governance.services.policies import requirement_of
from governance.services.requests import (
    move_request,
    open_request,
    person_key,
    record_step,
    stored_hash,
)


def approve(
    actor: Actor, request_id: int, *, content_hash: str, comment: str = ""
) -> ChangeRequest:
    """Sign exactly what `content_hash` names; with the last signature it goes live when the
    policy says so, else it waits as approved.

    Raises SignatureRefused (own change, signed before, a token), ContentChanged (another
    hash), BaseMoved (after voiding the signatures), ApplyFailed (the signature stays,
    nothing went in), BadTransition, NotPermitted, ChangeRequest.DoesNotExist.
    """
    complete = False
    with transaction.atomic():
        request, changes, refusal = open_request(actor, request_id)
        if refusal is None:
            complete = _sign(actor, request, changes, content_hash, comment.strip())
    if refusal is not None:
        raise refusal
    if not complete or not requirement_of(request, changes).auto_apply:
        return request
    try:
        return apply_approved(actor, request_id)
    except Frozen as frozen:
        request.notice = str(frozen)
        request.save(update_fields=["notice", "updated_at"])
        return request


def refuse_decision(
    actor: Actor, request: ChangeRequest, changes: Sequence[Change]
) -> tuple[int, str]:
    """Raise unless this actor may sign or reject the request; returns their user
    id and person key."""
    if actor.kind != "person" or actor.id is None:
        raise SignatureRefused("Only a person who has signed in can approve or reject a change.")
    actor.require("changes.approve", request.client_id)
    user = get_user_model()._default_manager.filter(pk=actor.id, is_active=True).first()
    if user is None:
        raise SignatureRefused("This account is no longer active.")
    key = person_key(actor.id)
    if any(editor["key"] == key for editor in request.editors):
        raise SignatureRefused("You wrote this change, so somebody else must decide on it.")
    asked = requirement_of(request, changes).client_id
    if actor.client_id is not None and actor.client_id != asked:
        raise SignatureRefused("This change does not need your company's signature.")
    return actor.id, key


def counted_signatures(request: ChangeRequest) -> list[Approval]:
    """Return the signatures under the present content."""
    return list(request.approvals.filter(content_hash=request.content_hash))


def still_missing(request: ChangeRequest, changes: Sequence[Change]) -> Missing:
    """Return which signatures are still to come."""
    signatures = [Signature(one.person_key, one.client_id) for one in counted_signatures(request)]
    return missing_signatures(requirement_of(request, changes), signatures)


def _sign(
    actor: Actor,
    request: ChangeRequest,
    changes: Sequence[Change],
    content_hash: str,
    comment: str,
) -> bool:
    """Add one signature to a locked request; returns whether it was the last."""
    user_id, key = refuse_decision(actor, request, changes)
    if any(one.person_key == key for one in counted_signatures(request)):
        raise SignatureRefused("You have signed this change already.")
    if not content_hash == request.content_hash == stored_hash(request, changes):
        raise ContentChanged("This change is not what you read: open it again before signing.")
    if request.status != "submitted":
        move_request(request, "approve")  # raises, saying which status it has
    try:
        with transaction.atomic():
            Approval.objects.create(
                request=request,
                approver_id=user_id,
                approver_label=actor.label[:200],
                person_key=key,
                client_id=actor.client_id,
                content_hash=content_hash,
                comment=comment,
            )
    except IntegrityError as error:
        raise SignatureRefused("You have signed this change already.") from error
    record_step(CHANGE_SIGNED, request, after={"content_hash": content_hash}, reason=comment)
    if not still_missing(request, changes).nothing:
        return False
    move_request(request, "approve")
    request.notice = ""
    request.save()
    record_step(CHANGE_APPROVED, request, after={"content_hash": content_hash})
    return True
