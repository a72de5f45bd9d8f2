"""Which legal entities of a client a change concerns: part of what is signed."""

from collections.abc import Sequence

from django.db import transaction

from governance.actions import CHANGE_LIMITED, worded
from governance.actors import Actor
from governance.errors import InvalidProposal, NotPermitted
from governance.models import ChangeRequest
from governance.notices import tell_waiting
from governance.services.requests import (
    load_request,
    move_request,
    person_key,
    record_step,
    stored_hash,
)


@transaction.atomic
def limit(actor: Actor, request_id: int, entities: Sequence[str]) -> ChangeRequest:
    """Say which legal entities a client's request concerns; none named for all of them. Freezes
    of the others do not hold it up. An edit: signatures given no longer count, and whoever makes
    it may not sign.

    Raises NotPermitted, InvalidProposal, BadTransition, ChangeRequest.DoesNotExist.
    """
    request = load_request(actor, request_id, lock=True)
    actor.require("changes.propose", request.client_id)
    if actor.kind != "person" or actor.user_id is None:
        raise NotPermitted("Only a person who has signed in says whom a change concerns.")
    if request.client_id is None:
        raise InvalidProposal(worded("Only a change of one client concerns some of its entities."))
    if list(entities) == request.entities:
        raise InvalidProposal("It says so already: nothing would change.")
    before = request.entities
    move_request(request, "edit")
    request.revision += 1
    request.solo, request.scheduled_for = False, None
    request.entities = list(entities)
    key = person_key(actor.user_id)
    if all(one["key"] != key for one in request.editors):
        request.editors = [*request.editors, {"key": key, "label": actor.label}]
    request.notice = "It concerns other legal entities now: earlier signatures no longer count."
    request.content_hash = stored_hash(request, list(request.changes.all()))
    request.save()
    record_step(
        CHANGE_LIMITED,
        request,
        before={"entities": before},
        after={"entities": request.entities, "content_hash": request.content_hash},
        reason=", ".join(request.entities) or "All legal entities",
    )
    tell_waiting(request)
    return request
