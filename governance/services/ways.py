"""What somebody may do with a request besides signing it, and what comes next in one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from governance.actions import CHANGE_REPLAYED
from governance.actors import Actor
from governance.appliers import may_change
from governance.errors import Refusal
from governance.models import AuditEntry, Change, ChangeRequest
from governance.requirements import Requirement
from governance.services.impacts import is_pending, lack_preview
from governance.services.independence import is_alone
from governance.services.policies import requirement_of
from governance.services.requests import visible_requests
from governance.services.rollbacks import why_no_way_back, written_in_between
from governance.services.sets import may_take
from governance.services.windows import freezes_holding, next_opening, usual_openings
from governance.state import may


@dataclass(frozen=True)
class Ways:
    """What the page offers. next_step: one sentence for everybody.

    review_hours: for an emergency, None where none is allowed. opening: when it may go in next,
    None when it may now. moments: when people usually let changes in. written: records that went
    out under a change that was rolled back; resent: the entry of when they were last sent
    again. joinable: other open requests that could come into this set. held: which freezes hold
    it now and whose they are, "" when none does.
    """

    next_step: str
    can_rush: bool
    review_hours: int | None
    can_go_alone: bool
    can_schedule: bool
    can_hold: bool
    opening: datetime | None
    held: str
    moments: Sequence[datetime]
    can_roll_back: bool
    why_no_way_back: str
    written: int
    resent: AuditEntry | None
    joinable: Sequence[ChangeRequest]
    rollbacks: Sequence[ChangeRequest]


def ways_on(actor: Actor, request: ChangeRequest, changes: Sequence[Change]) -> Ways:
    """Return what an actor may do with a request that they can see."""
    try:
        requirement = requirement_of(request, changes)
    except Refusal as problem:  # its policy or its kind is gone
        return _nothing(str(problem))
    mine = request.client_id
    proposes, applies = actor.can("changes.propose", mine), actor.can("changes.apply", mine)
    is_person = actor.kind == "person" and actor.client_id is None
    changes_it = proposes and may_change(actor, changes, mine)
    rush = is_person and changes_it and applies and may(request.status, "rush")
    opening, held = None, ""
    if request.is_open:
        held = freezes_holding(request)
    if may(request.status, "apply"):
        now = timezone.now()
        found = next_opening(request, requirement, now)
        opening = found if found is None or found > now else None
    alone = request.status == "submitted" and is_alone(request, requirement)
    unread = alone and (lack_preview if requirement.impact else is_pending)(changes)
    applied = request.status == "applied"
    no_way = why_no_way_back(request, changes) if applied else ""
    return Ways(
        next_step=_next_step(request, alone=alone, unread=unread),
        can_rush=rush and not request.weakens and requirement.review_within_hours is not None,
        review_hours=requirement.review_within_hours,
        can_go_alone=alone and not unread and _wrote_alone(actor, request),
        can_schedule=applies and may(request.status, "schedule"),
        can_hold=applies and may(request.status, "hold"),
        opening=opening,
        held=f"Nothing goes in before {held}." if held else "",
        moments=_moments(request, requirement) if applies else [],
        can_roll_back=applied and changes_it and not no_way,
        why_no_way_back=no_way if changes_it else "",
        written=_written(actor, request),
        resent=_resent(request),
        joinable=_joinable(actor, request, changes) if proposes else [],
        rollbacks=list(visible_requests(actor).filter(rolls_back=request)),
    )


def _next_step(request: ChangeRequest, *, alone: bool, unread: bool) -> str:
    if request.awaits_review:
        if request.escalated_at is not None:
            return "Nobody reviewed it in time: review it now, or roll it back."
        return "It is live. Somebody who did not write it reviews it now."
    if unread and not request.solo:
        return "Nobody else can sign: once its impact preview is there, its author may let it in."
    if alone and not request.solo:
        return "Nobody else can sign: its author may let it in alone, which is recorded."
    return {
        "submitted": "Those who can sign it read it, and sign or reject it.",
        "approved": "Somebody who may apply changes presses Apply.",
        "scheduled": "It goes in by itself at the moment it is scheduled for.",
    }.get(request.status, "")


def _moments(request: ChangeRequest, requirement: Requirement) -> list[datetime]:
    if not may(request.status, "schedule"):
        return []
    return usual_openings(request, requirement, timezone.localtime())


def _wrote_alone(actor: Actor, request: ChangeRequest) -> bool:
    if actor.kind != "person" or not actor.can("changes.approve", request.client_id):
        return False
    return request.author_id is not None and request.author_id == actor.user_id


def _written(actor: Actor, request: ChangeRequest) -> int:
    if request.status != "rolled_back" or not actor.can("exceptions.work", request.client_id):
        return 0
    return written_in_between(request)


def _resent(request: ChangeRequest) -> AuditEntry | None:
    if request.status != "rolled_back":
        return None
    entries = AuditEntry.objects.filter(object_kind="change_request", object_id=str(request.pk))
    return entries.filter(action=CHANGE_REPLAYED.key).order_by("-at", "-id").first()


def _joinable(
    actor: Actor, request: ChangeRequest, changes: Sequence[Change]
) -> list[ChangeRequest]:
    if request.status != "submitted" or request.rolls_back_id is not None:
        return []
    taken = {(one.kind, one.target_id) for one in changes}
    others = visible_requests(actor).filter(
        status="submitted", client_id=request.client_id, rolls_back=None
    )
    return [
        other
        for other in others.exclude(pk=request.pk).prefetch_related("changes", "approvals")[:20]
        if not taken & {(one.kind, one.target_id) for one in other.changes.all()}
        and may_take(actor, other)
    ]


def _nothing(why: str) -> Ways:
    return Ways(
        next_step=why,
        can_rush=False,
        review_hours=None,
        can_go_alone=False,
        can_schedule=False,
        can_hold=False,
        opening=None,
        held="",
        moments=[],
        can_roll_back=False,
        why_no_way_back="",
        written=0,
        resent=None,
        joinable=[],
        rollbacks=[],
    )
