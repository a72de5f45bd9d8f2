"""The policy "solo": a partner with one person can work, and everything says so."""

from django.db import transaction

from governance.actions import CHANGE_ALONE
from governance.actors import Actor
from governance.errors import ContentChanged, SignatureRefused
from governance.models import ChangeRequest
from governance.requirements import Requirement
from governance.services import impacts
from governance.services.independence import is_alone
from governance.services.policies import requirement_of
from governance.services.requests import (
    load_request,
    move_request,
    open_request,
    record_step,
    stored_hash,
)
from governance.services.schedule import apply_when_open
from governance.services.signing import still_missing


def approve_alone(actor: Actor, request_id: int, *, content_hash: str) -> ChangeRequest:
    """Stand in for the staff's signatures on one's own request; a client's stays needed.

    Recorded as such for good. Raises SignatureRefused where somebody else could sign, or
    the preview that the policy asks for is missing or still being made, ContentChanged,
    BaseMoved, BadTransition, NotPermitted, ChangeRequest.DoesNotExist.
    """
    complete = False
    with transaction.atomic():
        request, changes, refusal = open_request(actor, request_id)
        if refusal is None:
            requirement = requirement_of(request, changes)
            _refuse_company(actor, request, requirement)
            if requirement.impact:
                impacts.refuse_without(changes)
            elif request.status == "submitted" and impacts.is_pending(changes):
                raise SignatureRefused("The impact preview is being made: read it first.")
            if not content_hash == request.content_hash == stored_hash(request, changes):
                raise ContentChanged("This change is not what you read: open it again first.")
            if request.status != "submitted":
                move_request(request, "go_alone")  # raises, saying which status it has
            request.solo = True
            why = "Nobody else could sign it; the policy is solo."
            record_step(CHANGE_ALONE, request, after={"content_hash": content_hash}, reason=why)
            complete = still_missing(request, changes).nothing
            if complete:
                move_request(request, "go_alone")
            request.save()
    if refusal is not None:
        raise refusal
    return apply_when_open(actor, request_id) if complete else load_request(actor, request_id)


def _refuse_company(actor: Actor, request: ChangeRequest, requirement: Requirement) -> None:
    actor.require("changes.approve", request.client_id)
    if actor.kind != "person" or actor.client_id is not None:
        raise SignatureRefused("Only a person of the staff who has signed in can do this.")
    if not is_alone(request, requirement):
        raise SignatureRefused("Somebody else can sign this change, so somebody else has to.")
