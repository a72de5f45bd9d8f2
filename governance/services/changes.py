"""Change requests, from the proposal to the end. The only way governed objects change.

All raise NotPermitted for an actor without the permission, ChangeRequest.DoesNotExist for
a request that the actor cannot see, and BadTransition for one that is past that step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from governance.actions import (
    CHANGE_EDITED,
    CHANGE_PROPOSED,
    CHANGE_REJECTED,
    CHANGE_WITHDRAWN,
    worded,
)
from governance.actors import Actor
from governance.errors import InvalidProposal, NotPermitted
from governance.hashing import plain_content
from governance.models import Change, ChangeRequest
from governance.notices import tell_waiting
from governance.services import impacts
from governance.services.applying import apply
from governance.services.policies import policies_of, requirement_of
from governance.services.requests import (
    drawn_diff,
    expire_request,
    judge_risk,
    load_request,
    move_request,
    person_key,
    record_step,
    stored_hash,
)
from governance.services.signing import approve, refuse_decision, signer_of
from governance.services.targets import live_version, lock_targets

__all__ = [
    "ProposedChange",
    "apply",
    "approve",
    "edit",
    "expire_overdue",
    "propose",
    "reject",
    "withdraw",
]


@dataclass(frozen=True)
class ProposedChange:
    """What one governed object is to become.

    content: plain JSON; decimals as text, no floats.
    client_id: the client that it concerns, None for the partner as a whole.
    editor_ids: users who wrote the content; like its author they may not sign it.
    """

    kind: str
    target_id: str
    target_label: str
    content: Mapping[str, object]
    client_id: int | None = None
    editor_ids: tuple[int, ...] = ()


@transaction.atomic
def propose(
    actor: Actor,
    *,
    title: str,
    reason: str,
    changes: Sequence[ProposedChange],
    ticket: str = "",
    rolls_back: ChangeRequest | None = None,
    announce: bool = True,
    needs: str = "changes.propose",
) -> ChangeRequest:
    """Submit a set of changes for approval; base versions and the hash are taken now.

    rolls_back: what this takes back (see `services.rollbacks`). announce: whether those who
    can sign are asked to. needs: the permission to ask for this, where it is another than for
    changes of the configuration.
    Raises NotPermitted, InvalidProposal, UnknownKind, PolicyMissing.
    """
    client_id = _one_client(changes)
    actor.require(needs, client_id)
    request = ChangeRequest(
        title=_said(title, "title")[:200],
        reason=_said(reason, "reason"),
        ticket=ticket.strip()[:100],
        client_id=client_id,
        author_id=_answerable(actor),
        author_label=actor.label[:200],
        editors=_editors(actor, changes, []),
        rolls_back=rolls_back,
    )
    request.save()
    move_request(request, "submit")
    request.submitted_at = timezone.now()
    stored = _store(request, changes)
    request.expires_at = _expiry(request, stored)
    request.save()
    record_step(CHANGE_PROPOSED, request, after=_summary(request, stored), reason=request.reason)
    impacts.ask(request, stored)
    if announce:
        tell_waiting(request)
    return request


@transaction.atomic
def edit(actor: Actor, request_id: int, *, changes: Sequence[ProposedChange]) -> ChangeRequest:
    """Replace the content of an open request. Every signature that it had becomes void, and
    the editor may not sign it."""
    request = load_request(actor, request_id, lock=True)
    actor.require("changes.propose", request.client_id)
    if _one_client(changes) != request.client_id:
        raise InvalidProposal(worded("An edit cannot move a change to another client."))
    _answerable(actor)
    before = _summary(request, list(request.changes.all()))
    move_request(request, "edit")
    request.revision += 1
    request.solo, request.scheduled_for = False, None
    request.editors = _editors(actor, changes, request.editors)
    request.notice = (
        f"Edited by {actor.label.partition(' <')[0]}: earlier signatures no longer count."
    )
    request.changes.all().delete()
    stored = _store(request, changes)
    request.save()
    record_step(CHANGE_EDITED, request, before=before, after=_summary(request, stored))
    impacts.ask(request, stored)
    tell_waiting(request)
    return request


@transaction.atomic
def reject(actor: Actor, request_id: int, *, comment: str) -> ChangeRequest:
    """Close a request with a refusal. Only people who could sign it may, and say why.

    Raises SignatureRefused, InvalidProposal for an empty comment.
    """
    request = load_request(actor, request_id, lock=True)
    changes = list(request.changes.all())
    refuse_decision(signer_of(actor), request, requirement_of(request, changes))
    return _close(actor, request, "reject", _said(comment, "comment"))


@transaction.atomic
def withdraw(actor: Actor, request_id: int, *, comment: str = "") -> ChangeRequest:
    """Take a request back. Its author or an editor may; if a program made it, whoever may
    propose."""
    request = load_request(actor, request_id, lock=True)
    actor.require("changes.propose", request.client_id)
    wrote = {editor["key"] for editor in request.editors}
    if wrote and (actor.user_id is None or person_key(actor.user_id) not in wrote):
        raise NotPermitted("Only somebody who wrote this change can withdraw it.")
    return _close(actor, request, "withdraw", comment.strip())


@transaction.atomic
def expire_overdue() -> int:
    """Close all open requests whose time is over; returns how many."""
    overdue = ChangeRequest.objects.select_for_update(skip_locked=True).filter(
        status__in=("submitted", "approved", "scheduled"), expires_at__lte=timezone.now()
    )
    for request in (found := list(overdue)):
        expire_request(request)
    return len(found)


def _close(actor: Actor, request: ChangeRequest, move: str, comment: str) -> ChangeRequest:
    action = CHANGE_REJECTED if move == "reject" else CHANGE_WITHDRAWN
    move_request(request, "reject" if move == "reject" else "withdraw")
    request.closed_by_label = actor.label[:200]
    request.closed_comment = comment
    request.notice = ""
    request.save()
    record_step(action, request, reason=comment)
    return request


def _store(request: ChangeRequest, proposed: Sequence[ProposedChange]) -> list[Change]:
    """Write the changes and set the request's risk and hash, without saving the request."""
    lock_targets([(one.kind, one.target_id) for one in proposed])
    stored = [
        Change(
            request=request,
            position=position,
            kind=one.kind,
            target_id=one.target_id,
            target_label=one.target_label[:200],
            client_id=one.client_id,
            content=plain_content(one.content),
            base_version=live_version(one.kind, one.target_id),
        )
        for position, one in enumerate(proposed)
    ]
    for change in stored:
        change.diff = drawn_diff(change)
    Change.objects.bulk_create(stored)
    request.risk = judge_risk(stored)
    request.content_hash = stored_hash(request, stored)
    policies_of(
        request, (one.kind for one in stored)
    )  # a kind without a policy is refused now, not at the end
    return stored


def _one_client(changes: Sequence[ProposedChange]) -> int | None:
    if not changes:
        raise InvalidProposal("A change request needs at least one change.")
    if len({(one.kind, one.target_id) for one in changes}) != len(changes):
        raise InvalidProposal("A change request can hold only one change of each object.")
    clients = {one.client_id for one in changes}
    if len(clients) > 1:
        # Each client must be able to read all that it signs, and nothing of another's.
        raise InvalidProposal(worded("One request concerns one client, or the partner as a whole."))
    return clients.pop()


def _said(text: str, what: str) -> str:
    if not text.strip():
        raise InvalidProposal(f"Write a {what}.")
    return text.strip()


def _answerable(actor: Actor) -> int | None:
    """Return who must not sign. A program of unknown maker cannot propose: nobody could
    tell whether its maker signs."""
    if actor.kind == "support":
        raise NotPermitted("Support proposes no changes; somebody of the partner has to.")
    if actor.kind in ("token", "person", "operator") and actor.user_id is None:
        raise NotPermitted("This token has no maker who answers for it; sign in to propose.")
    return actor.user_id


def _editors(
    actor: Actor, changes: Sequence[ProposedChange], so_far: Sequence[Mapping[str, str]]
) -> list[dict[str, str]]:
    """Return everybody who wrote content, each once: {"key", "label"}."""
    ids = {user_id for one in changes for user_id in one.editor_ids}
    if actor.user_id is not None:
        ids.add(actor.user_id)
    users = get_user_model()._default_manager.filter(pk__in=ids).order_by("pk")
    written = {str(one["key"]): dict(one) for one in so_far}
    for user in users:
        key = person_key(user.pk)
        written.setdefault(key, {"key": key, "label": str(user)})
    return list(written.values())


def _expiry(request: ChangeRequest, changes: Sequence[Change]) -> datetime | None:
    governing = policies_of(request, (one.kind for one in changes))
    hours = [policy.expires_after_hours for policy in governing]
    shortest = min((one for one in hours if one is not None), default=None)
    return None if shortest is None else timezone.now() + timedelta(hours=shortest)


def _summary(request: ChangeRequest, changes: Sequence[Change]) -> dict[str, object]:
    return {
        "content_hash": request.content_hash,
        "revision": request.revision,
        "risk": request.risk,
        "changes": [
            {
                "kind": change.kind,
                "target_id": change.target_id,
                "target_label": change.target_label,
                "base_version": change.base_version,
                "content": change.content,
            }
            for change in changes
        ],
    }
