"""What people say to each other about a change. Kept in the audit trail: nobody can rewrite it."""

from typing import Final

from governance.actions import CHANGE_COMMENTED
from governance.actors import Actor
from governance.errors import InvalidProposal, NotPermitted
from governance.hidden import holds_hidden
from governance.models import AuditEntry, ChangeRequest
from governance.notices import tell_mentioned
from governance.services.requests import load_request, record_step

LONGEST: Final = 2_000
SHOWN: Final = 200


def comment(actor: Actor, request_id: int, *, text: str) -> ChangeRequest:
    """Say something about a request. Whoever is named with an @ and can see it is told.

    Raises NotPermitted, InvalidProposal, ChangeRequest.DoesNotExist.
    """
    request = load_request(actor, request_id)
    actor.require("changes.view", request.client_id)
    if actor.kind != "person":
        raise NotPermitted("Only a person who has signed in comments on a change.")
    words = text.strip()
    if not words or len(words) > LONGEST:
        raise InvalidProposal(f"A comment has 1 to {LONGEST:,} characters.")
    if holds_hidden(words, lines=True):
        raise InvalidProposal("Write the comment without hidden characters.")
    record_step(CHANGE_COMMENTED, request, reason=words)
    tell_mentioned(request, actor.label.partition(" <")[0], words)
    return request


def comments_on(request: ChangeRequest) -> tuple[list[AuditEntry], int]:
    """Return the latest comments, oldest first, and how many there are before them."""
    entries = AuditEntry.objects.filter(
        object_kind="change_request", object_id=str(request.pk), action=CHANGE_COMMENTED.key
    )
    latest = list(entries.order_by("-at", "-id")[:SHOWN])
    earlier = entries.count() - SHOWN if len(latest) == SHOWN else 0
    return latest[::-1], max(0, earlier)
