"""Two requests made one: they go in together or not at all."""

from django.db import transaction

from governance.actions import CHANGE_JOINED
from governance.actors import Actor
from governance.appliers import applier_for, require_change
from governance.errors import InvalidProposal, NotPermitted
from governance.models import Change, ChangeRequest
from governance.services.changes import ProposedChange, edit
from governance.services.requests import load_request, move_request, person_key, record_step
from governance.services.signing import counted_signatures


@transaction.atomic
def join(actor: Actor, request_id: int, other_id: int) -> ChangeRequest:
    """Bring the changes of another open request into this one; the other is withdrawn.

    Signatures under both become void, and nobody who wrote either may sign the set. Raises
    NotPermitted (others wrote what is signed already), BadTransition, InvalidProposal (another
    client, the same object twice, not waiting for approval), ChangeRequest.DoesNotExist.
    """
    if request_id == other_id:
        raise InvalidProposal("Choose another request.")
    for pk in sorted((request_id, other_id)):  # always in one order
        load_request(actor, pk, lock=True)
    request, other = load_request(actor, request_id), load_request(actor, other_id)
    if request.client_id != other.client_id:
        raise InvalidProposal("One request concerns one client, or the partner as a whole.")
    waiting = request.status == other.status == "submitted"
    if not waiting or request.rolls_back_id or other.rolls_back_id:
        raise InvalidProposal("Only requests that wait for approval, and no roll-backs, join.")
    require_change(actor, [*request.changes.all(), *other.changes.all()], request.client_id)
    if not may_take(actor, other):
        raise NotPermitted(
            f"“{other.title}” is signed already: only somebody who wrote it can bring it in."
        )
    coming = list(other.changes.all())
    move_request(other, "withdraw")
    other.closed_by_label = actor.label[:200]
    other.closed_comment = f"Joined into change {request.pk}."
    other.save()
    record_step(CHANGE_JOINED, other, after={"into": request.pk})
    # What either concerns, the set concerns.
    both = [*request.entities, *other.entities]
    request.entities = sorted(set(both)) if request.entities and other.entities else []
    request.save(update_fields=["entities"])
    joined = edit(
        actor, request_id, changes=[_same(one) for one in (*request.changes.all(), *coming)]
    )
    joined.editors = _all_editors(joined, other)
    joined.notice = f"“{other.title}” was joined to it: earlier signatures no longer count."
    joined.save()
    _adopt(joined, coming)
    return joined


def may_take(actor: Actor, other: ChangeRequest) -> bool:
    """Say whether an actor may end a request in favour of another: nobody undoes signatures
    under what they did not write."""
    if not counted_signatures(other):
        return True
    if actor.user_id is None:
        return False
    key = person_key(actor.user_id)
    return any(one["key"] == key for one in other.editors)


def _same(change: Change) -> ProposedChange:
    return ProposedChange(
        change.kind, change.target_id, change.target_label, change.content, change.client_id
    )


def _all_editors(request: ChangeRequest, other: ChangeRequest) -> list[dict[str, str]]:
    known = {one["key"]: one for one in [*request.editors, *other.editors]}
    return list(known.values())


def _adopt(request: ChangeRequest, coming: list[Change]) -> None:
    """Tell the kinds that hold on to their request where their change is now."""
    new = {(one.kind, one.target_id) for one in coming}
    for change in request.changes.all():
        adopt = applier_for(change.kind).adopt
        if adopt is not None and (change.kind, change.target_id) in new:
            adopt(change)
