"""What is agreed with one client under change control: agreed, ended and taken back by signed
requests.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from branding.commercial.agreements import Agreement, Own
from branding.commercial.months import Month
from branding.models import Subscription
from branding.services.agreements import (
    KIND,
    find_agreement,
    new_agreement,
    put_agreement,
    shortened,
    target_of,
)
from branding.services.tiers import SEEN_WITH
from governance.actors import SYSTEM, Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.errors import ApplyFailed
from governance.hashing import json_hash
from governance.models import Change, ChangeRequest
from governance.permits import require_permit
from governance.services.changes import ProposedChange, propose


@transaction.atomic
def propose_agreement(
    actor: Actor, subscription: Subscription, *, starts: Month, ends: Month | None, terms: Own,
    why: str,
) -> ChangeRequest:  # fmt: skip
    """Ask for terms of a client's own. Raises NotPermitted, ValidationError that names the field,
    governance's refusals.
    """
    wanted = new_agreement(actor, subscription, starts=starts, ends=ends, terms=terms, why=why)
    title = f"Agree own prices with {subscription.client.name}, {wanted.period}"
    return _proposed(actor, subscription, wanted.key, wanted, title=title, reason=wanted.why)


@transaction.atomic
def propose_end(
    actor: Actor, subscription: Subscription, key: str, *, ends: Month | None, reason: str
) -> ChangeRequest:
    """Ask for an agreement to end after a month; None, or one before its first: to be taken back.

    Raises as `propose_agreement`.
    """
    actor.require("prices.manage", subscription.client_id)
    wanted = shortened(subscription, key, ends)
    after = f"end after {wanted.ends.label}" if wanted and wanted.ends else "be taken back"
    title = f"Let what is agreed with {subscription.client.name} {after}"
    return _proposed(actor, subscription, key, wanted, title=title, reason=reason)


def _proposed(
    actor: Actor, subscription: Subscription, key: str, wanted: Agreement | None, *, title: str,
    reason: str,
) -> ChangeRequest:  # fmt: skip
    label = f"{subscription.client.name} on {subscription.tier.name}"
    content = {"agreed": wanted.as_json() if wanted else None}
    target = target_of(subscription.pk, key)
    return propose(
        actor,
        title=title,
        reason=reason,
        changes=[ProposedChange(KIND, target, label, content)],
    )


def _place(target_id: str) -> tuple[Subscription, str]:
    subscription, _, key = target_id.partition("-")
    rows = Subscription.objects.select_related("tier", "client")
    return rows.get(pk=int(subscription)), key


def _known(target_id: str) -> Agreement | None:
    subscription, key = _place(target_id)
    return find_agreement(subscription, key)


def _wanted(change: Change) -> Agreement | None:
    kept = change.content.get("agreed")
    return Agreement.from_json(kept) if isinstance(kept, dict) else None


def _snapshot(target_id: str) -> dict[str, Any]:
    known = _known(target_id)
    return {"agreed": known.as_json() if known else None}


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    subscription, key = _place(change.target_id)
    wanted = _wanted(change)
    try:
        put_agreement(SYSTEM, subscription, key, wanted)
    except ValidationError as error:
        raise ApplyFailed(" ".join(error.messages)) from error
    return {"agreed": wanted.as_json() if wanted else None}


def _diff(change: Change) -> list[DiffLine]:
    subscription, key = _place(change.target_id)
    currency = subscription.tier.currency
    was, now = _told(find_agreement(subscription, key), currency), _told(_wanted(change), currency)
    gone = [DiffLine("-", text) for text in was if text not in now]
    kept = [DiffLine(" ", text) for text in was if text in now]
    return [*gone, *kept, *(DiffLine("+", text) for text in now if text not in was)]


def _told(one: Agreement | None, currency: str) -> list[str]:
    return [] if one is None else [one.period, *one.described(currency), f"Why: {one.why}"]


def _risk(change: Change) -> Risk:
    subscription, _ = _place(change.target_id)
    note = f"{subscription.client.name} pays other prices than {subscription.tier.name} asks for."
    if _wanted(change) is None:
        note = f"{subscription.client.name} pays what {subscription.tier.name} asks for again."
    return Risk(touches_money=True, notes=(note,))


def _base(target_id: str) -> str:
    known = _known(target_id)
    return json_hash(known.as_json()) if known else ""


AGREEMENT_CHANGE: Final = Applier(
    kind=KIND,
    label="Prices agreed with a client",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=_base,
    snapshot=_snapshot,
    revert=lambda change: {"agreed": (change.before or {}).get("agreed")},
    reaches=lambda change: [_place(change.target_id)[0].client_id],
    of_partner=True,
    permission="prices.manage",
    seen_with=SEEN_WITH,
)
