"""Approval policies change as everything does that is governed: by a signed request.

A target is "kind/risk": risk is "heavy" (touches money or weakens a control), "light" or "any".
"""

from collections.abc import Mapping
from typing import Final

from governance.actions import POLICY_REMOVED, POLICY_SET
from governance.actors import Actor
from governance.appliers import (
    Applier,
    DiffLine,
    Risk,
    governed_kinds,
    is_of_partner,
    kind_label,
    least_approvals,
    reaches_nobody,
)
from governance.errors import ApplyFailed, InvalidProposal, PolicyMissing
from governance.hashing import json_hash
from governance.models import Change, ChangeRequest, Policy
from governance.models.policy import ANY_KIND
from governance.permits import require_permit
from governance.policy_terms import Terms, in_words, terms_from, weakenings
from governance.services import audit
from governance.services.changes import ProposedChange, propose
from governance.services.policies import policy_for
from governance.services.reopening import reopen_all
from governance.signers import role_names

KIND: Final = "approval_policy"
RISKS: Final[Mapping[str, bool | None]] = {"any": None, "heavy": True, "light": False}
_RISK_LABELS: Final = {
    "any": "whatever the risk",
    "heavy": "that touch money or weaken a control",
    "light": "that touch no money and weaken nothing",
}
_COLUMNS: Final = tuple(Terms().as_json())


def target_of(policy: Policy) -> str:
    """Return what change control calls a policy."""
    risk = next(key for key, value in RISKS.items() if value is policy.touches_money)
    return f"{policy.kind}/{risk}"


def read_target(target_id: str) -> tuple[str, bool | None]:
    """Return (kind, touches_money). Raises InvalidProposal for what is no target."""
    kind, _, risk = target_id.rpartition("/")
    if risk not in RISKS or (kind != ANY_KIND and kind not in governed_kinds()):
        raise InvalidProposal("There are no such changes.")
    return kind, RISKS[risk]


def label_of(target_id: str) -> str:
    """Return how people read a target."""
    kind, _, risk = target_id.rpartition("/")
    what = "All other changes" if kind == ANY_KIND else f"Changes of: {kind_label(kind)}"
    return f"{what}, {_RISK_LABELS.get(risk, risk)}"


def terms_of(policy: Policy) -> Terms:
    """Return a stored policy's terms."""
    return terms_from({name: getattr(policy, name) for name in _COLUMNS})


def propose_policy(
    actor: Actor, target_id: str, terms: Terms | None, *, reason: str, ticket: str = ""
) -> ChangeRequest:
    """Ask for a policy to say this; None takes it away, so that a more general one governs.

    Raises NotPermitted, InvalidProposal, PolicyMissing.
    """
    actor.require("changes.propose", None)
    read_target(target_id)
    found = _policy(target_id)
    if terms is None and (found is None or target_id == f"{ANY_KIND}/any"):
        raise InvalidProposal("This rule cannot be removed: something must govern what is left.")
    if terms is not None and found is not None and terms_of(found) == terms:
        raise InvalidProposal("The rule says so already: nothing would change.")
    verb = "Remove the rule for" if terms is None else "Set the rule for"
    label = label_of(target_id)
    content: dict[str, object] = {"removed": True}
    return propose(
        actor,
        title=f"{verb}: {label}"[:200],
        reason=reason,
        ticket=ticket,
        changes=[ProposedChange(KIND, target_id, label, terms.as_json() if terms else content)],
    )


def _policy(target_id: str) -> Policy | None:
    kind, touches_money = read_target(target_id)
    return Policy.objects.filter(kind=kind, touches_money=touches_money).first()


def _wanted(change: Change) -> Terms | None:
    if change.content.get("removed"):
        return None
    try:
        terms = terms_from(change.content)
    except (ValueError, TypeError) as error:
        raise InvalidProposal(str(error)) from error
    kind, _ = read_target(change.target_id)
    if terms.approvals < least_approvals(kind):
        raise InvalidProposal("Such changes need one approval at least. Write 1 or more.")
    if terms.client_signature and terms.approvals == 0 and is_of_partner(kind):
        raise InvalidProposal(
            "Such changes concern no client, so no client signs them: they would go in without "
            "any signature. Ask for one approval or more, or leave out the client's signature."
        )
    return terms


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    kind, touches_money = read_target(change.target_id)
    wanted, before = _wanted(change), _snapshot(change.target_id)
    if wanted is None:
        Policy.objects.filter(kind=kind, touches_money=touches_money).delete()
        _require_all_governed(kind)
    else:
        Policy.objects.update_or_create(
            kind=kind, touches_money=touches_money, defaults=wanted.as_json()
        )
    reopen_all()
    after = wanted.as_json() if wanted else {}
    audit.record(
        POLICY_SET if wanted else POLICY_REMOVED,
        object_kind="policy",
        object_id=change.target_id,
        object_label=change.target_label,
        before=before,
        after=after,
    )
    return {"terms": after}


def _require_all_governed(kind: str) -> None:
    try:
        for touches_money in (True, False):
            policy_for(kind, touches_money=touches_money)
    except PolicyMissing as missing:
        raise ApplyFailed(str(missing)) from missing


def _diff(change: Change) -> list[DiffLine]:
    names = role_names()
    found, wanted = _policy(change.target_id), _wanted(change)
    before = in_words(terms_of(found), names) if found else []
    after = in_words(wanted, names) if wanted else []
    gone = [DiffLine("-", one) for one in before if one not in after]
    return [*gone, *(DiffLine(" " if one in before else "+", one) for one in after)]


def _risk(change: Change) -> Risk:
    """A weaker rule needs what the rule asks for that holds until then."""
    kind, touches_money = read_target(change.target_id)
    others = [one for one in Policy.objects.all() if target_of(one) != change.target_id]
    notes: list[str] = []
    approvals, roles = 0, set[str]()
    for heavy in (True, False) if touches_money is None else (touches_money,):
        now = _terms_or_none(kind, heavy, list(Policy.objects.all()))
        then = _wanted(change) or _terms_or_none(kind, heavy, others)
        if now is None:
            continue
        found = weakenings(now, then) if then else ["Nothing would govern such changes."]
        if found:
            notes += found
            approvals = max(approvals, now.approvals)
            roles |= set(now.approver_roles)
    if notes:
        notes.append("It weakens a control, so it needs what the rule itself asks for today.")
    return Risk(
        notes=tuple(dict.fromkeys(notes)),
        weakens=bool(notes),
        approvals=approvals,
        roles=tuple(sorted(roles)),
    )


def _terms_or_none(kind: str, touches_money: bool, policies: list[Policy]) -> Terms | None:
    try:
        return terms_of(policy_for(kind, touches_money=touches_money, policies=policies))
    except PolicyMissing:
        return None


def _snapshot(target_id: str) -> dict[str, object]:
    found = _policy(target_id)
    return {"terms": terms_of(found).as_json()} if found else {}


def _base(target_id: str) -> str:
    """A rule stands on every rule that could govern in its place: whether it is the weaker one
    is judged anew, and signed anew, when one of these moves."""
    kind, _ = read_target(target_id)
    rows = [one for one in Policy.objects.all() if one.kind in (kind, ANY_KIND)]
    return json_hash({target_of(one): terms_of(one).as_json() for one in rows})


def _revert(change: Change) -> Mapping[str, object] | None:
    terms = (change.before or {}).get("terms")
    return terms if isinstance(terms, dict) else {"removed": True}


APPROVAL_POLICY: Final = Applier(
    kind=KIND,
    label="Approval rule",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=_base,
    snapshot=_snapshot,
    revert=_revert,
    reaches=reaches_nobody,
)
