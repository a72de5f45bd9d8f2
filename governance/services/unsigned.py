"""Changes that the rules ask no signature for: they go in at once, recorded like any other."""

from typing import Final

from django.db import transaction

from governance.actions import CHANGE_UNSIGNED
from governance.actors import Actor
from governance.appliers import require_change
from governance.errors import ContentChanged
from governance.models import ChangeRequest
from governance.services.policies import requirement_for, requirement_of
from governance.services.requests import move_request, open_request, record_step, stored_hash
from governance.services.schedule import apply_when_open

_LET_NOTHING_IN: Final = frozenset({"token", "support"})


def let_in(actor: Actor, request_id: int) -> ChangeRequest:
    """Let a submitted request in that the rules of the moment ask no signature for; while nothing
    may go in, it waits for the next moment at which it may. One that needs signatures, or is past
    that step, stays as it is.

    Raises NotPermitted, ContentChanged, BaseMoved, ApplyFailed, ChangeRequest.DoesNotExist.
    """
    goes_in = False
    with transaction.atomic():
        request, changes, refusal = open_request(actor, request_id)
        actor.require("changes.propose", request.client_id)
        # Neither a program nor support: as they sign nothing, somebody signs what they ask for.
        if refusal is None and request.status == "submitted" and actor.kind not in _LET_NOTHING_IN:
            requirement = requirement_of(request, changes)
            if requirement.asks_nobody:
                require_change(actor, changes, request.client_id)
                if stored_hash(request, changes) != request.content_hash:
                    raise ContentChanged("The content is not what was proposed. Nothing went in.")
                move_request(request, "pass")
                request.notice = ""
                request.save()
                record_step(CHANGE_UNSIGNED, request, after={"content_hash": request.content_hash})
                goes_in = requirement.auto_apply
    if refusal is not None:
        raise refusal
    return apply_when_open(actor, request_id) if goes_in else request


def asks_nobody(kind: str, client_id: int | None = None) -> bool:
    """Say whether a light change of this kind, of a client or the partner's own, goes in without
    signatures.

    Raises PolicyMissing."""
    return requirement_for(ChangeRequest(client_id=client_id), [kind]).asks_nobody
