"""Prices that clients pay, under change control. A tier that nobody is on is set directly."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branding.commercial import escalation
from branding.commercial.months import Month
from branding.models import Subscription, Tier, TierVersion
from branding.pricing import Band, PriceList
from branding.services.tiers import (
    KIND,
    SEEN_WITH,
    Terms,
    check_terms,
    is_taken,
    set_terms,
    shown_terms,
    terms_of,
    version_in,
)
from governance.actors import SYSTEM, Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.errors import ApplyFailed
from governance.hashing import json_hash
from governance.models import Change, ChangeRequest
from governance.permits import require_permit
from governance.services.changes import ProposedChange, propose
from tenants.accounts.services.roles import role_names

_LABELS: Final = {
    "base_fee": "Base fee",
    "included": "Deliveries included",
    "bands": "Price bands",
    "workflows_included": "Workflows included",
    "connections_included": "Connections included",
    "sla_hours": "Hours to solve an exception",
    "escalation": "Goes further when its time runs out",
    "sla_credit": "Credit for each one that is late, in per cent of the base fee",
    "sla_credit_cap": "Most that is credited in a month, in per cent of the base fee",
}


@transaction.atomic
def set_or_propose_terms(
    actor: Actor, tier: Tier, *, terms: Terms, starts: Month, reason: str = ""
) -> TierVersion | ChangeRequest:
    """Set a tier's prices from a month on, or ask for it where a client is on the tier.

    Raises NotPermitted, ValidationError that names the field, governance's refusals.
    """
    if not is_taken(tier):
        return set_terms(actor, tier, terms=terms, starts=starts)
    locked = check_terms(actor, tier, terms=terms, starts=starts)
    content = {"starts": str(starts), "terms": shown_terms(terms)}
    return propose(
        actor,
        title=f"New prices of {locked.name} from {starts.label}",
        reason=reason or f"The price list changes in {starts.label}.",
        changes=[ProposedChange(KIND, str(locked.pk), locked.name, content)],
    )


def read_terms(tier: Tier, content: Mapping[str, Any]) -> Terms:
    """Return the terms that a request holds."""
    bands = tuple(Band(one["up_to"], Decimal(one["price"])) for one in content["bands"])
    prices = PriceList(
        currency=tier.currency,
        base_fee=Decimal(content["base_fee"]),
        included=content["included"],
        bands=bands,
        credit=Decimal(content.get("sla_credit", 0)),
        credit_cap=Decimal(content.get("sla_credit_cap", 0)),
    )
    return Terms(
        prices=prices,
        sla_hours=content["sla_hours"],
        workflows_included=content["workflows_included"],
        connections_included=content["connections_included"],
        escalation=escalation.read(content.get("escalation") or ()),
    )


def _parts(change: Change) -> tuple[Tier, Month, dict[str, object]]:
    tier = Tier.objects.get(pk=int(change.target_id))
    return tier, Month.parse(str(change.content["starts"])), dict(_terms(change.content))


def _terms(content: Mapping[str, object]) -> Mapping[str, object]:
    terms = content.get("terms")
    return terms if isinstance(terms, dict) else {}


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    tier, starts, terms = _parts(change)
    was = _in_force(tier, starts)
    try:
        set_terms(SYSTEM, tier, terms=read_terms(tier, terms), starts=starts)
    except ValidationError as error:
        raise ApplyFailed(" ".join(error.messages)) from error
    return {"starts": str(starts), "terms": terms, "instead_of": was}


def _in_force(tier: Tier, month: Month) -> dict[str, object]:
    version = version_in(tier, month)
    return shown_terms(terms_of(version)) if version else {}


def _diff(change: Change) -> list[DiffLine]:
    tier, starts, terms = _parts(change)
    before = _in_force(tier, starts)
    lines = [DiffLine(" ", f"from {starts.label}, in {tier.currency}")]
    for key, label in _LABELS.items():
        without = 0 if key.startswith("sla_credit") else None
        was, now = (_plain(one.get(key, without), key) for one in (before, terms))
        if was == now:
            lines.append(DiffLine(" ", f"{label}: {now}"))
        else:
            lines += [DiffLine("-", f"{label}: {was}")] if before else []
            lines.append(DiffLine("+", f"{label}: {now}"))
    return lines


def _plain(value: object, key: str) -> str:
    if key == "escalation":
        rows = value if isinstance(value, list) else []
        return escalation.words(escalation.read(rows) or escalation.USUAL, role_names())
    if isinstance(value, list):
        return "; ".join(f"{one['price']} up to {one['up_to'] or 'any'}" for one in value)
    return "any number" if value is None else str(value)


def _risk(change: Change) -> Risk:
    tier = Tier.objects.get(pk=int(change.target_id))
    count = tier.subscriptions.filter(ends_on=None).values("client").distinct().count()
    clients = "1 client is" if count == 1 else f"{count} clients are"
    return Risk(touches_money=True, notes=(f"{clients} on this tier and will pay these prices.",))


def _reaches(change: Change) -> list[int]:
    """The clients that pay these prices: those on the tier now or later."""
    running = Subscription.objects.filter(tier=int(change.target_id))
    today = timezone.localdate()
    return list(running.exclude(ends_on__lt=today).values_list("client_id", flat=True).distinct())


def _base(target_id: str) -> str:
    rows = TierVersion.objects.filter(tier_id=int(target_id)).select_related("tier")
    return json_hash({str(one.starts_on): shown_terms(terms_of(one)) for one in rows})


def _revert(change: Change) -> Mapping[str, object] | None:
    was = (change.after or {}).get("instead_of")
    return {"starts": change.content["starts"], "terms": was} if was else None


PRICE_CHANGE: Final = Applier(
    kind=KIND,
    label="Prices of a tier",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=_base,
    revert=_revert,
    reaches=_reaches,
    permission="prices.manage",
    seen_with=SEEN_WITH,
)
