"""Changes that the rules ask no signature for: they go in at once, recorded like any other."""

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from governance.actions import CHANGE_UNSIGNED
from governance.actors import Actor
from governance.appliers import applier_for
from governance.errors import ContentChanged
from governance.models import Change, ChangeRequest
from governance.services.policies import requirement_for, requirement_of
from governance.services.requests import move_request, open_request, record_step, stored_hash
from governance.services.schedule import apply_when_open

_LET_NOTHING_IN: Final = frozenset({"token", "support"})
_ONE_HAS_TO: Final = (
    "No approval is asked for where somebody changes this who may do so alone. Whoever asked for "
    "this may not: it goes in when somebody else approves it."
)


def let_in(actor: Actor, request_id: int) -> ChangeRequest:
    """Let a submitted request in that the rules of the moment ask no signature for; while nothing
    may go in, it waits for the next moment at which it may. One that needs signatures, or is past
    that step, stays as it is; one that this actor may not let in alone waits for a signature.

    Raises NotPermitted, ContentChanged, BaseMoved, ApplyFailed, ChangeRequest.DoesNotExist.
    """
    goes_in = False
    with transaction.atomic():
        request, changes, refusal = open_request(actor, request_id)
        actor.require("changes.propose", request.client_id)
        # Neither a program nor support: as they sign nothing, somebody signs what they ask for.
        if refusal is None and request.status == "submitted" and actor.kind not in _LET_NOTHING_IN:
            requirement = requirement_of(request, changes)
            if requirement.asks_nobody and not _may_alone(actor, request, changes):
                request.notice = _ONE_HAS_TO
                request.save()
            elif requirement.asks_nobody:
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


def _may_alone(actor: Actor, request: ChangeRequest, changes: Sequence[Change]) -> bool:
    """Say whether an actor holds what each kind asks for where nobody looks at it again."""
    needed = {applier_for(one.kind).permission for one in changes} - {""}
    return all(actor.can(one, request.client_id) for one in needed)


def asks_nobody(kind: str, client_id: int | None = None) -> bool:
    """Say whether a light change of this kind, of a client or the partner's own, goes in without
    signatures.

    Raises PolicyMissing."""
    return requirement_for(ChangeRequest(client_id=client_id), [kind]).asks_nobody
