"""Taking a change back: a request like any other, written from what was before."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from governance.actions import CHANGE_REPLAYED
from governance.actors import Actor
from governance.appliers import applier_for, require_change
from governance.errors import BadTransition, InvalidProposal
from governance.models import Change, ChangeRequest
from governance.replays import Resent, replay_for
from governance.services.changes import ProposedChange, propose
from governance.services.requests import load_request, record_step
from governance.services.targets import live_version
from governance.services.unsigned import let_in
from governance.services.withdrawing import withdraw_all
from governance.state import may

_OPEN = ("submitted", "approved", "scheduled")


def why_no_way_back(request: ChangeRequest, changes: Sequence[Change]) -> str:
    """Say why a live request cannot be rolled back, "" when it can."""
    if not may(request.status, "roll_back"):
        return "Only a change that is live can be rolled back."
    if request.rollbacks.filter(status__in=_OPEN).exists():
        return "A request to roll it back is open already."
    for change in changes:
        applier = applier_for(change.kind)
        if applier.revert is None or applier.revert(change) is None:
            return f"{change.target_label}: nothing was there before that could come back."
        if not _stands(change):
            return f"{change.target_label} has changed since; propose what it is to be now."
    return ""


def _stands(change: Change) -> bool:
    """Say whether what a change made is live, or has come back as what newer ones that were
    rolled back stood on: some kinds give what comes back a new version."""
    version, seen = live_version(change.kind, change.target_id), set[str]()
    alike = Change.objects.filter(kind=change.kind, target_id=change.target_id)
    while version != change.made_version:
        if version in seen:
            return False
        seen.add(version)
        back = alike.filter(
            made_version=version, request__status="applied", request__rolls_back__isnull=False
        )
        undone = alike.filter(request__rollbacks__changes=back.order_by("-pk")[:1]).first()
        if undone is None:
            return False
        version = undone.base_version
    return True


def roll_back(actor: Actor, request_id: int, *, reason: str) -> ChangeRequest:
    """Ask for what was before a request to come back. Needs the signatures of any such change;
    where the rules ask for none, it is back at once.

    Raises NotPermitted where they may not change such a thing themselves, BadTransition saying
    why there is no way back, InvalidProposal, ChangeRequest.DoesNotExist.
    """
    with transaction.atomic():
        request = load_request(actor, request_id, lock=True)
        actor.require("changes.propose", request.client_id)
        require_change(actor, request.changes.all(), request.client_id)
        made = propose_return(actor, request, reason=reason)
    return let_in(actor, made.pk)


def propose_return(
    actor: Actor, request: ChangeRequest, *, reason: str, announce: bool = True
) -> ChangeRequest:
    """The same for a locked request, inside the caller's transaction."""
    changes = list(request.changes.all())
    why_not = why_no_way_back(request, changes)
    if why_not:
        raise BadTransition(why_not)
    made = propose(
        actor,
        title=f"Roll back: {request.title}"[:200],
        reason=reason,
        ticket=request.ticket,
        rolls_back=request,
        announce=announce,
        # Last in, first out.
        changes=[_returned(one) for one in reversed(changes)],
    )
    for change in made.changes.all():
        adopt = applier_for(change.kind).adopt
        if adopt is not None:
            adopt(change)
    return made


def withdraw_open(actor: Actor, request_id: int, *, comment: str) -> None:
    """Withdraw all open requests to roll a request back, inside the caller's transaction."""
    withdraw_all(actor, ChangeRequest.objects.filter(rolls_back=request_id), comment=comment)


def _returned(change: Change) -> ProposedChange:
    return ProposedChange(
        kind=change.kind,
        target_id=change.target_id,
        target_label=change.target_label,
        content=_content(change),
        client_id=change.client_id,
    )


def _content(change: Change) -> Mapping[str, object]:
    revert = applier_for(change.kind).revert
    content = revert(change) if revert is not None else None
    if content is None:
        raise InvalidProposal(f"{change.target_label}: nothing was there before.")
    return content


def written_in_between(request: ChangeRequest) -> int:
    """Return how many records were written under a change that has been rolled back."""
    return sum(replay_for(one.kind).count(one) for one in request.changes.all())


def send_again(actor: Actor, request_id: int) -> Resent:
    """Send again what was written under a request that was rolled back; returns what came of it.

    Raises NotPermitted, BadTransition, ValidationError for too many, ChangeRequest.DoesNotExist.
    """
    request = load_request(actor, request_id)
    if request.status != "rolled_back":
        raise BadTransition("Roll it back first: then what it wrote can be sent again.")
    sent = Resent()
    for one in request.changes.all():
        sent += replay_for(one.kind).run(actor, one)
    told = {"records": sent.records, "planned": sent.planned, "runs": list(sent.runs)}
    record_step(CHANGE_REPLAYED, request, after=told)
    return sent
