"""What every step of a change request shares: who sees it, locking, hashing, voiding."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils import timezone

from governance.actions import CHANGE_EXPIRED, CHANGE_VOIDED, Action
from governance.actors import Actor
from governance.appliers import Risk, applier_for, hidden_from
from governance.bell import ring_bell
from governance.errors import BadTransition, BaseMoved, Refusal
from governance.hashing import HashedChange, content_hash
from governance.impact import assessor_of, digest_of
from governance.models import Change, ChangeRequest
from governance.notices import tell_moved
from governance.services import audit
from governance.services.targets import live_version, lock_targets, moved_targets
from governance.state import Move, next_status


def visible_requests(actor: Actor) -> models.QuerySet[ChangeRequest]:
    """Return the requests that exist for this actor: a client's sees its own, no drafts; none
    with a kind of change that is hidden from them."""
    found = ChangeRequest.objects.all()
    if hidden := hidden_from(actor):
        found = found.exclude(changes__kind__in=hidden)
    if actor.client_id is None:
        return found
    return found.filter(client_id=actor.client_id).exclude(status="draft")


def person_key(user_id: int) -> str:
    """Return the one spelling of a person's address, by which two accounts are one person.

    Raises the user model's DoesNotExist.
    """
    return key_of(get_user_model()._default_manager.get(pk=user_id))


def key_of(user: AbstractBaseUser) -> str:
    """Return the spelling of `person_key` for a person whose row is at hand."""
    return str(getattr(user, user.get_email_field_name())).strip().casefold()


def load_request(actor: Actor, request_id: int, *, lock: bool = False) -> ChangeRequest:
    """Return a request that the actor can see. Raises ChangeRequest.DoesNotExist."""
    found = visible_requests(actor)
    return (found.select_for_update() if lock else found).get(pk=request_id)


def open_request(
    actor: Actor, request_id: int
) -> tuple[ChangeRequest, list[Change], Refusal | None]:
    """Lock a request and its targets for a decision, and let it expire or void itself first.

    The third value is the refusal that this led to. The caller commits what was written
    here before it raises it: the void must stay.
    """
    request = load_request(actor, request_id, lock=True)
    changes = list(request.changes.all())
    lock_targets([(change.kind, change.target_id) for change in changes])
    if not request.is_open:
        return request, changes, None
    if request.expires_at is not None and request.expires_at <= timezone.now():
        expire_request(request)
        return request, changes, BadTransition("This change has expired. Propose it again.")
    moved = moved_targets(changes)
    if moved and request.status != "draft":
        void_signatures(request, changes, " ".join(moved))
        return request, changes, BaseMoved(request.notice)
    return request, changes, None


def move_request(request: ChangeRequest, move: Move) -> None:
    """Set the status that the table gives, without saving. Raises BadTransition."""
    request.status = next_status(request.status, move)
    tell_moved(request, move)


def stored_hash(request: ChangeRequest, changes: Sequence[Change]) -> str:
    """Return the hash of what the database holds now, whatever the request claims."""
    return content_hash(
        request.revision,
        [
            HashedChange(
                change.kind,
                change.target_id,
                change.client_id,
                change.base_version,
                change.content,
                # Computed again: a preview that was altered in the database is not what was signed.
                digest_of(change.impact or {}) if change.impact_digest else "",
            )
            for change in changes
        ],
        request.entities,
    )


def basis_of(change: Change, changes: Sequence[Change]) -> str:
    """Return what an impact preview stands on: the content and base of every change of the
    request, and what else the kind says. Another basis makes the preview out of date."""
    assessor = assessor_of(change.kind)
    parts = [
        *([one.kind, one.target_id, one.base_version, one.content] for one in changes),
        assessor.standing(change) if assessor else "",
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def renew_impact(changes: Sequence[Change]) -> None:
    """Unbind previews that a moved base made out of date, and let them be made anew."""
    for change in changes:
        if assessor_of(change.kind) is None:
            continue
        if change.impact is None or change.impact.get("basis") != basis_of(change, changes):
            change.impact_digest, change.impact_due_at = "", timezone.now()
            change.impact_progress = {}
            change.save(update_fields=["impact_digest", "impact_due_at", "impact_progress"])
            ring_bell()


def judge_risk(changes: Sequence[Change]) -> dict[str, object]:
    """Return the risk of a whole request, as it is stored."""
    risks = [_risk(change) for change in changes]
    notes = dict.fromkeys(note for risk in risks for note in risk.notes)
    return {
        "touches_money": any(risk.touches_money for risk in risks),
        "weakens": any(risk.weakens for risk in risks),
        "approvals": max((risk.approvals for risk in risks), default=0),
        "roles": sorted({role for risk in risks for role in risk.roles}),
        "notes": list(notes),
    }


def _risk(change: Change) -> Risk:
    try:
        return applier_for(change.kind).risk(change)
    except ObjectDoesNotExist:  # what can't be judged counts as the worse
        return Risk(touches_money=True, notes=(f"{change.target_label} is no longer there.",))


def drawn_diff(change: Change) -> list[list[str]]:
    """Return a change's difference to what is live, as it is stored."""
    try:
        return [[line.sign, line.text] for line in applier_for(change.kind).diff(change)]
    except ObjectDoesNotExist:
        return [["-", f"{change.target_label} is no longer there."]]


def void_signatures(request: ChangeRequest, changes: Sequence[Change], why: str) -> None:
    """Take the new bases and a new hash; signatures under the old one no longer count."""
    signed = request.approvals.filter(content_hash=request.content_hash).count()
    before = request.content_hash
    for change in changes:
        change.base_version = live_version(change.kind, change.target_id)
        change.diff = drawn_diff(change)
        change.save(update_fields=["base_version", "diff"])
    renew_impact(changes)
    request.revision += 1
    request.risk = judge_risk(changes)
    request.solo, request.scheduled_for = False, None
    request.content_hash = stored_hash(request, changes)
    move_request(request, "void")
    gone = {0: "", 1: " The signature given no longer counts."}
    request.notice = why + gone.get(signed, f" The {signed} signatures given no longer count.")
    request.notice += " Read the difference again before signing."
    request.save()
    record_step(
        CHANGE_VOIDED,
        request,
        before={"content_hash": before, "signatures": signed},
        after={"content_hash": request.content_hash, "revision": request.revision},
        reason=why,
    )


def expire_request(request: ChangeRequest) -> None:
    """Close a request whose time is over."""
    move_request(request, "expire")
    request.notice = "It was not signed in time."
    request.save()
    record_step(CHANGE_EXPIRED, request)


def record_step(
    action: Action,
    request: ChangeRequest,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    """Write the audit entry of one step of a request."""
    audit.record(
        action,
        object_kind="change_request",
        object_id=request.pk,
        object_label=request.title,
        client_id=request.client_id,
        before=before,
        after=after,
        reason=reason,
    )
