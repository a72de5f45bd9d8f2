"""Signatures: who may give one, under what exactly, and what follows from the last."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction

from governance.actions import CHANGE_APPROVED, CHANGE_SIGNATURE_REFUSED, CHANGE_SIGNED
from governance.actors import Actor
from governance.errors import (
    ContentChanged,
    NotIndependent,
    SignatureRefused,
)
from governance.models import Approval, Change, ChangeRequest, Policy
from governance.requirements import Missing, Requirement, Signature, missing_signatures
from governance.services import impacts
from governance.services.independence import Ties, is_alone
from governance.services.policies import requirement_of
from governance.services.requests import (
    key_of,
    load_request,
    move_request,
    open_request,
    record_step,
    stored_hash,
)
from governance.services.schedule import apply_when_open
from governance.signers import roles_of


def approve(
    actor: Actor, request_id: int, *, content_hash: str, comment: str = ""
) -> ChangeRequest:
    """Sign exactly what `content_hash` names; with the last signature it goes live when the
    policy says so, else it waits as approved.

    Raises SignatureRefused (own change, signed before, a token), NotIndependent (which is
    audited), ContentChanged (another hash), BaseMoved (after voiding the signatures),
    ApplyFailed (the signature stays, nothing went in), BadTransition, NotPermitted,
    ChangeRequest.DoesNotExist.
    """
    complete = False
    try:
        with transaction.atomic():
            request, changes, refusal = open_request(actor, request_id)
            if refusal is None:
                complete = _sign(actor, request, changes, content_hash, comment.strip())
    except NotIndependent as dependent:
        request = load_request(actor, request_id)
        record_step(CHANGE_SIGNATURE_REFUSED, request, reason=str(dependent))
        raise
    if refusal is not None:
        raise refusal
    if not complete or not requirement_of(request, changes).auto_apply:
        return request
    return apply_when_open(actor, request_id)


@dataclass(frozen=True)
class Signer:
    """A person who can sign at all. key: see `services.requests.person_key`."""

    actor: Actor
    user_id: int
    key: str

    @cached_property
    def roles(self) -> frozenset[str]:
        """The keys of the roles that they hold now; read once, and only where it matters."""
        return roles_of(self.user_id)


def signer_of(actor: Actor, user: AbstractBaseUser | None = None) -> Signer:
    """Return the person behind an actor. Raises SignatureRefused for anything that is no
    person, and for one whose account is closed, however open their session still is.

    user: the person's row, when it was read for this very request."""
    if actor.kind != "person" or actor.id is None:
        raise SignatureRefused("Only a person who has signed in can approve or reject a change.")
    if user is None or user.pk != actor.id:
        user = get_user_model()._default_manager.filter(pk=actor.id).first()
    if user is None or not user.is_active:
        raise SignatureRefused("This account is no longer active.")
    return Signer(actor, actor.id, key_of(user))


def refuse_decision(signer: Signer, request: ChangeRequest, requirement: Requirement) -> None:
    """Raise SignatureRefused or NotPermitted unless this person may sign or reject it."""
    signer.actor.require("changes.approve", request.client_id)
    if any(editor["key"] == signer.key for editor in request.editors):
        raise SignatureRefused("You wrote this change, so somebody else must decide on it.")
    if signer.actor.client_id not in (None, requirement.client_id):
        raise SignatureRefused("This change does not need your company's signature.")
    if signer.actor.client_id is None and requirement.roles:
        held = signer.roles
        if not all(asked & held for asked in requirement.roles):
            raise SignatureRefused(
                "The rule names the roles that sign this; you have none of them."
            )


def counted_signatures(request: ChangeRequest) -> list[Approval]:
    """Return the signatures under the present content (from the prefetch if there is one)."""
    return [one for one in request.approvals.all() if one.content_hash == request.content_hash]


def still_missing(
    request: ChangeRequest, changes: Sequence[Change], policies: Sequence[Policy] | None = None
) -> Missing:
    """Return which signatures are still to come."""
    signatures = [Signature(one.person_key, one.client_id) for one in counted_signatures(request)]
    requirement = requirement_of(request, changes, policies)
    alone = request.solo and is_alone(request, requirement)
    return missing_signatures(requirement, signatures, alone=alone)


def _sign(
    actor: Actor,
    request: ChangeRequest,
    changes: Sequence[Change],
    content_hash: str,
    comment: str,
) -> bool:
    """Add one signature to a locked request; returns whether it was the last."""
    if request.status != "submitted":
        move_request(request, "approve")  # raises, saying which status it has
    # What is reviewed after an emergency is live by now: nothing is left to preview.
    if requirement_of(request, changes).impact:
        impacts.refuse_without(changes)
    put_signature(actor, request, changes, content_hash, comment)
    record_step(CHANGE_SIGNED, request, after={"content_hash": content_hash}, reason=comment)
    if not still_missing(request, changes).nothing:
        return False
    move_request(request, "approve")
    request.notice = ""
    request.save()
    record_step(CHANGE_APPROVED, request, after={"content_hash": content_hash})
    return True


def put_signature(
    actor: Actor,
    request: ChangeRequest,
    changes: Sequence[Change],
    content_hash: str,
    comment: str,
) -> None:
    """Write one person's signature under a locked request, before it goes in or, for an
    emergency, after. Raises as `approve`."""
    signer = signer_of(actor)
    requirement = requirement_of(request, changes)
    refuse_decision(signer, request, requirement)
    Ties().require_independent(signer.key, request, requirement)
    if any(one.person_key == signer.key for one in counted_signatures(request)):
        raise SignatureRefused("You have signed this change already.")
    if not content_hash == request.content_hash == stored_hash(request, changes):
        raise ContentChanged("This change is not what you read: open it again before signing.")
    try:
        with transaction.atomic():
            Approval.objects.create(
                request=request,
                approver_id=signer.user_id,
                approver_label=actor.label[:200],
                person_key=signer.key,
                client_id=actor.client_id,
                content_hash=content_hash,
                comment=comment,
            )
    except IntegrityError as error:
        raise SignatureRefused("You have signed this change already.") from error
