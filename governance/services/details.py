"""One change request as somebody sees it: what is missing, and what they may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, Q, Value

from governance.actions import action_label, worded
from governance.actors import Actor
from governance.appliers import DiffLine, kind_label
from governance.clients import client_names
from governance.errors import NotPermitted, PolicyMissing, SignatureRefused, UnknownKind
from governance.models import Approval, Attachment, AuditEntry, Change, ChangeRequest, Policy
from governance.services.attachments import attachments_of
from governance.services.comments import comments_on
from governance.services.impact_views import (
    ImpactView,
    impact_missing,
    impact_views,
    is_going,
    may_ask_again,
)
from governance.services.independence import Ties
from governance.services.policies import requirement_for
from governance.services.requests import load_request, person_key, visible_requests
from governance.services.signing import (
    Signer,
    counted_signatures,
    refuse_decision,
    signer_of,
    still_missing,
)
from governance.services.targets import moved_targets
from governance.services.ways import Ways, ways_on
from governance.services.windows import reached_by
from governance.signers import client_signs
from governance.state import may

_HISTORY: Final = 200
_READ_ALONG: Final = 3
# More clients than so many are told by their number.
_MOST_NAMED: Final = 3
AWAITS_REVIEW: Final = Q(emergency=True, status="applied", reviewed_at=None)


@dataclass(frozen=True)
class ChangeView:
    """A change with its kind in words and its difference as (sign, text)."""

    change: Change
    kind: str
    lines: list[DiffLine]

    @property
    def moving(self) -> list[DiffLine]:
        """The lines that come or go, without those that stay as they are."""
        return [line for line in self.lines if line.sign in ("+", "-")]

    @property
    def staying(self) -> int:
        """How many lines stay as they are; 0 where they are few enough to be read along."""
        count = len(self.lines) - len(self.moving)
        return count if self.moving and count > _READ_ALONG else 0


@dataclass(frozen=True)
class Step:
    """An entry of a request's history, with its action in words."""

    entry: AuditEntry
    label: str


@dataclass(frozen=True)
class RequestDetail:
    """Everything that the page of a request shows to one actor.

    why_not: why this actor cannot sign now ("" when they can).
    moved: sentences about targets that changed since; signing would void first.
    impact_missing: why nobody can sign before the impact preview is there ("" when it is).
    """

    request: ChangeRequest
    client: str
    changes: list[ChangeView]
    signatures: list[Approval]
    void_signatures: list[Approval]
    missing: list[str]
    moved: list[str]
    conflicts: list[ChangeRequest]
    history: list[Step]
    can_sign: bool
    why_not: str
    can_withdraw: bool
    can_apply: bool
    impacts: list[ImpactView]
    impact_missing: str
    impact_going: bool
    can_ask_impact: bool
    ways: Ways
    comments: list[AuditEntry]
    earlier_comments: int
    attachments: list[Attachment]
    can_attach: bool
    can_limit: bool


def request_detail(actor: Actor, request_id: int) -> RequestDetail:
    """Return a request for the page. Raises NotPermitted, ChangeRequest.DoesNotExist."""
    request = load_request(actor, request_id)
    actor.require("changes.view", request.client_id)
    changes = list(request.changes.all())
    signatures = counted_signatures(request)
    counted = {one.pk for one in signatures}
    why_not = _why_not(actor, request, changes)
    previews = impact_views(actor, request, changes)
    comments, earlier = comments_on(request)
    return RequestDetail(
        request=request,
        client=client_name(request),
        changes=[
            ChangeView(
                one, worded(kind_label(one.kind)), [DiffLine(sign, text) for sign, text in one.diff]
            )
            for one in changes
        ],
        signatures=signatures,
        void_signatures=[one for one in request.approvals.all() if one.pk not in counted],
        missing=missing_in_words(request, changes),
        moved=_moved(request, changes),
        conflicts=_conflicts(actor, request, changes),
        history=_history(request),
        can_sign=not why_not,
        why_not=why_not,
        can_withdraw=may(request.status, "withdraw") and _wrote(actor, request),
        can_apply=may(request.status, "apply") and actor.can("changes.apply", request.client_id),
        impacts=previews,
        impact_missing=impact_missing(request, changes),
        impact_going=is_going(previews),
        can_ask_impact=may_ask_again(actor, request, previews),
        ways=ways_on(actor, request, changes),
        comments=comments,
        earlier_comments=earlier,
        attachments=attachments_of(request),
        can_attach=_may_attach(actor, request),
        can_limit=request.client_id is not None
        and may(request.status, "edit")
        and actor.kind == "person"
        and actor.can("changes.propose", request.client_id),
    )


def client_name(request: ChangeRequest) -> str:
    """Return whom a request concerns, in words; "" for the partner as a whole."""
    reached = reached_by(request) if request.client_id is None else {request.client_id}
    if not reached:
        return ""
    if len(reached) > _MOST_NAMED:
        return worded(f"{len(reached)} clients")
    return ", ".join(sorted(client_names(reached).values()))


def _nobody_there(request: ChangeRequest) -> str:
    is_alone = request.client_id is not None and not client_signs(request.client_id)
    return ", where nobody may sign yet" if is_alone else ""


def missing_in_words(request: ChangeRequest, changes: list[Change]) -> list[str]:
    """Return one phrase for each kind of signature that an open request still lacks."""
    if request.status != "submitted" and not request.awaits_review:
        return []
    try:
        missing = still_missing(request, changes)
    except PolicyMissing as problem:
        return [str(problem)]
    phrases = []
    if missing.staff:
        more = "1 approval" if missing.staff == 1 else f"{missing.staff} approvals"
        phrases.append(f"{more} by somebody who did not write it")
    if missing.client:
        phrases.append(f"the signature of {client_name(request)}{_nobody_there(request)}")
    return phrases


def awaiting_signature(
    actor: Actor, user: AbstractBaseUser | None = None, *, only: int | None = None
) -> list[ChangeRequest]:
    """Return the requests that this actor can sign now, oldest first, in a few statements
    however many there are: menus count them on every page. `only`: look at this one alone."""
    if not actor.can("changes.approve"):
        return []
    submitted = (
        visible_requests(actor).filter(Q(status="submitted") | Q(AWAITS_REVIEW)).order_by("id")
    )
    if only is not None:
        submitted = submitted.filter(pk=only)
    waiting = list(
        submitted.annotate(
            kinds=ArrayAgg("changes__kind", distinct=True, default=Value([])),
            signers=ArrayAgg(
                "approvals__person_key",
                filter=Q(approvals__content_hash=F("content_hash")),
                distinct=True,
                default=Value([]),
            ),
        )
    )
    if not waiting:
        return []
    try:
        signer = signer_of(actor, user)
    except SignatureRefused:
        return []
    policies, ties = list(Policy.objects.all()), Ties()
    return [
        request
        for request in waiting
        if signer.key not in request.signers
        and not _decision_refused(signer, request, request.kinds, policies, ties)
    ]


def _why_not(actor: Actor, request: ChangeRequest, changes: list[Change]) -> str:
    if not may(request.status, "approve") and not request.awaits_review:
        return "It is not waiting for signatures."
    if not actor.can("changes.approve", request.client_id):
        return "Signing needs the role of an approver."
    try:
        signer = signer_of(actor)
    except SignatureRefused as refusal:
        return str(refusal)
    kinds = [one.kind for one in changes]
    refused = _decision_refused(signer, request, kinds, list(Policy.objects.all()), Ties())
    if not refused and any(one.person_key == signer.key for one in counted_signatures(request)):
        return "You have signed this change."
    return refused


def _decision_refused(
    signer: Signer,
    request: ChangeRequest,
    kinds: Sequence[str],
    policies: Sequence[Policy],
    ties: Ties,
) -> str:
    try:
        requirement = requirement_for(request, kinds, policies)
        refuse_decision(signer, request, requirement)
        ties.require_independent(signer.key, request, requirement)
    except (NotPermitted, PolicyMissing) as refusal:
        return str(refusal)
    return ""


def _may_attach(actor: Actor, request: ChangeRequest) -> bool:
    takes_part = actor.can("changes.propose", request.client_id) or actor.can(
        "changes.approve", request.client_id
    )
    return actor.kind == "person" and takes_part and (request.is_open or request.awaits_review)


def _moved(request: ChangeRequest, changes: list[Change]) -> list[str]:
    if not request.is_open:
        return []
    try:
        return moved_targets(changes)
    except UnknownKind as problem:
        return [str(problem)]


def _wrote(actor: Actor, request: ChangeRequest) -> bool:
    if not actor.can("changes.propose", request.client_id):
        return False
    if not request.editors:
        return True
    wrote = {editor["key"] for editor in request.editors}
    return actor.user_id is not None and person_key(actor.user_id) in wrote


def _conflicts(actor: Actor, request: ChangeRequest, changes: list[Change]) -> list[ChangeRequest]:
    """Other open requests about the same objects: whichever goes in second must be redone."""
    if not request.is_open:
        return []
    found: dict[int, ChangeRequest] = {}
    for change in changes:
        others = visible_requests(actor).filter(
            status__in=("submitted", "approved", "scheduled"),
            changes__kind=change.kind,
            changes__target_id=change.target_id,
        )
        found.update({other.pk: other for other in others.exclude(pk=request.pk)})
    return list(found.values())


def _history(request: ChangeRequest) -> list[Step]:
    entries = AuditEntry.objects.filter(object_kind="change_request", object_id=str(request.pk))
    found = entries.order_by("-at", "-id")[:_HISTORY]
    return [Step(entry, action_label(entry.action)) for entry in found]
