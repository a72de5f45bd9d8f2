"""Approval policies: the starting ones, and which of them governs a request."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.db import transaction

from governance.actions import POLICIES_STARTED
from governance.appliers import least_approvals
from governance.errors import PolicyMissing
from governance.models import Change, ChangeRequest, Policy
from governance.models.policy import ANY_KIND
from governance.policy_terms import people_in_words
from governance.requirements import Requirement
from governance.services import audit

DEFAULT_EXPIRY_HOURS: Final = 30 * 24
DEFAULT_REVIEW_HOURS: Final = 24
# What weakens control itself is no emergency, whatever happens.
_CONTROLS: Final = ("approval_policy", "change_window", "role")
_DEFAULTS: Final = (
    # kind, touches_money, approvals, client_signature
    ("mapping_version", True, 1, True),
    # How it looks: a new partner is not held up. It can ask for approvals.
    ("brand", None, 0, False),
    ("client_brand", None, 0, False),
    *((kind, None, 1, False) for kind in _CONTROLS),
    (ANY_KIND, None, 1, False),
)


@transaction.atomic
def ensure_default_policies() -> list[Policy]:
    """Create the starting policies that are not there; never alters one that is."""
    made: list[Policy] = []
    there = set(Policy.objects.values_list("kind", "touches_money"))
    for kind, touches_money, approvals, client_signature in _DEFAULTS:
        if (kind, touches_money) in there:
            continue
        policy, created = Policy.objects.get_or_create(
            kind=kind,
            touches_money=touches_money,
            defaults={
                "approvals": approvals,
                "client_signature": client_signature,
                "impact_required": touches_money is True,
                # Holds as soon as there is a release window; until then nothing waits for one.
                "in_window": touches_money is True,
                "expires_after_hours": DEFAULT_EXPIRY_HOURS,
                "review_within_hours": None if kind in _CONTROLS else DEFAULT_REVIEW_HOURS,
                "solo": True,
            },
        )
        if created:
            made.append(policy)
    if made:
        audit.record(
            POLICIES_STARTED,
            object_kind="policy",
            object_id="defaults",
            after={str(policy.pk): describe(policy) for policy in made},
        )
    return made


def describe(policy: Policy) -> str:
    """Return a policy as one sentence."""
    people = people_in_words(policy.approvals)
    client = " and the client's signature" if policy.client_signature else ""
    impact = " after an impact preview" if policy.impact_required else ""
    live = "" if policy.auto_apply else ", applied by hand"
    return f"{policy.kind}: {people}{client}{impact}{live}"


def policy_for(
    kind: str, *, touches_money: bool, policies: Sequence[Policy] | None = None
) -> Policy:
    """Return the most exact policy: of the kind before "*", then of this risk before any.

    policies: all of them, when the caller has them already.
    Raises PolicyMissing: without one nothing of that kind can go in.
    """
    fitting = [
        one
        for one in (Policy.objects.all() if policies is None else policies)
        if one.kind in (kind, ANY_KIND) and one.touches_money in (None, touches_money)
    ]
    if not fitting:
        raise PolicyMissing(f"No approval policy covers changes of the kind {kind!r}.")
    return min(fitting, key=lambda one: (one.kind != kind, one.touches_money is None))


def policies_of(
    request: ChangeRequest, kinds: Iterable[str], policies: Sequence[Policy] | None = None
) -> list[Policy]:
    """Return the policies that govern a request, one for each of its kinds."""
    known = list(Policy.objects.all()) if policies is None else policies
    return [
        policy_for(kind, touches_money=request.is_heavy, policies=known)
        for kind in sorted(set(kinds))
    ]


def requirement_of(
    request: ChangeRequest, changes: Iterable[Change], policies: Sequence[Policy] | None = None
) -> Requirement:
    """Return what a request needs: the strictest of its policies in every respect."""
    return requirement_for(request, (one.kind for one in changes), policies)


def requirement_for(
    request: ChangeRequest, kinds: Iterable[str], policies: Sequence[Policy] | None = None
) -> Requirement:
    """Return the same for a request whose kinds of change are known."""
    kinds = set(kinds)
    governing = policies_of(request, kinds, policies)
    wants_client = any(policy.client_signature for policy in governing)
    hours = [policy.review_within_hours for policy in governing]
    asked = [policy.approver_roles for policy in governing] + [request.risk.get("roles", [])]
    return Requirement(
        # What a change asks for by its own nature counts as one more policy, and so does that few
        # kinds go in without anybody's approval.
        approvals=max(
            *(one.approvals for one in governing),
            *(least_approvals(one) for one in kinds),
            int(request.risk.get("approvals", 0)),
        ),
        client_id=request.client_id if wants_client else None,
        auto_apply=all(policy.auto_apply for policy in governing),
        independence_days=max(policy.independence_days for policy in governing),
        impact=any(policy.impact_required for policy in governing),
        roles=tuple(dict.fromkeys(frozenset(map(str, one)) for one in asked if one)),
        in_window=any(policy.in_window for policy in governing),
        review_within_hours=None if None in hours else min(one for one in hours if one is not None),
        solo=all(policy.solo for policy in governing),
    )
