"""Adding tiers, setting what they cost from a month on, and taking them off the list."""

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branding import pricing
from branding.commercial import actions, escalation
from branding.commercial.escalation import Step
from branding.commercial.margins import Costs
from branding.commercial.months import Month
from branding.models import Subscription, Tier, TierVersion
from branding.services.identity import forget_identity
from branding.services.usage import day_of
from governance.actors import Actor
from governance.currencies import CODES, UNKNOWN
from governance.permits import require_permit
from governance.services import audit
from governance.twins import refusing_twins
from tenants.accounts.models import Client
from tenants.accounts.services.roles import known_roles

KIND = "tier_prices"
# Who sees a request about prices: also whoever may be asked to sign it.
SEEN_WITH = frozenset({"prices.view", "changes.approve"})


@dataclass(frozen=True, slots=True)
class Terms:
    """What a tier asks for and holds. None in a limit: any number. No escalation: the usual."""

    prices: pricing.PriceList
    sla_hours: int
    workflows_included: int | None = None
    connections_included: int | None = None
    escalation: tuple[Step, ...] = ()


@transaction.atomic
def add_tier(
    actor: Actor,
    *,
    name: str,
    terms: Terms,
    starts: Month | None = None,
    description: str = "",
    co_branding: bool = False,
) -> Tier:
    """Add a tier with its first prices, from `starts` on (this month when None).

    Raises NotPermitted, or ValidationError that names the field.
    """
    actor.require("prices.manage", None)
    tier = Tier(
        name=name.strip(),
        description=description.strip(),
        currency=_currency(terms.prices),
        co_branding=co_branding,
    )
    tier.full_clean()
    taken = tier.unique_error_message(Tier, ("name",))
    with refusing_twins(ValidationError({"name": [taken]})):
        tier.save()
    audit.record(
        actions.TIER_ADDED,
        object_kind="tier",
        object_id=tier.pk,
        object_label=tier.name,
        after={"name": tier.name, "currency": tier.currency},
    )
    _write_version(tier, starts or Month.of(timezone.localdate()), terms)
    return tier


@transaction.atomic
def set_terms(actor: Actor, tier: Tier, *, terms: Terms, starts: Month) -> TierVersion:
    """Set what a tier asks for from a month on; a version that has not begun is replaced.

    Where clients are on the tier, people propose it (`price_changes`). Raises NotPermitted,
    Ungoverned; ValidationError when the month has begun and a client is on the tier in it,
    because what was agreed for a running month stays.
    """
    locked = check_terms(actor, tier, terms=terms, starts=starts)
    if is_taken(locked):
        require_permit(KIND, locked.pk)
    return _write_version(locked, starts, terms)


def is_taken(tier: Tier) -> bool:
    """Say whether a client is on the tier, or will be."""
    ended = Subscription.objects.filter(tier=tier).exclude(ends_on__lt=_today())
    return ended.exists()


def check_terms(actor: Actor, tier: Tier, *, terms: Terms, starts: Month) -> Tier:
    """Return the tier, locked, if these terms can be set. Raises as `set_terms`."""
    actor.require("prices.manage", None)
    locked = Tier.objects.select_for_update().get(pk=tier.pk)
    if _currency(terms.prices) != locked.currency:
        raise ValidationError({"currency": "A tier keeps its currency; add another tier."})
    if starts.first <= _latest_today(locked) and _is_in_use(locked, starts):
        raise ValidationError(
            {"starts": f"{locked.name} is in use in {starts.label}; choose a later month."}
        )
    _check_prices(terms)
    return locked


@transaction.atomic
def change_tier(
    actor: Actor,
    tier: Tier,
    *,
    name: str | None = None,
    description: str | None = None,
    retired: bool | None = None,
    co_branding: bool | None = None,
) -> Tier:
    """Rename a tier, let its clients show their logo, or take it off the list; clients that are
    on it stay on it.
    """
    actor.require("prices.manage", None)
    locked = Tier.objects.select_for_update().get(pk=tier.pk)
    before = _described(locked)
    locked.name = locked.name if name is None else name.strip()
    locked.description = locked.description if description is None else description.strip()
    locked.co_branding = locked.co_branding if co_branding is None else co_branding
    if retired is not None and retired != (locked.retired_at is not None):
        locked.retired_at = timezone.now() if retired else None
    locked.full_clean()
    old, new = audit.changed_fields(before, _described(locked))
    if new:
        locked.save()
        audit.record(
            actions.TIER_CHANGED,
            object_kind="tier",
            object_id=locked.pk,
            object_label=locked.name,
            before=old,
            after=new,
        )
        transaction.on_commit(forget_identity)
    return locked


@transaction.atomic
def set_costs(actor: Actor, version: TierVersion, costs: Costs) -> TierVersion:
    """Say what a tier costs the partner in a version's months; nobody pays more or less for it.

    Raises NotPermitted, ValidationError for what is below zero.
    """
    actor.require("prices.manage", None)
    locked = TierVersion.objects.select_for_update().select_related("tier").get(pk=version.pk)
    given = (costs.month, costs.delivery, costs.hours, costs.rate)
    if any(not one.is_finite() or one < 0 for one in given):
        raise ValidationError("A cost is an amount from 0 up.")
    before, locked.costs = locked.costs, costs.as_json()
    locked.save(update_fields=["costs"])
    audit.record(
        actions.TIER_COSTED,
        object_kind="tier",
        object_id=locked.tier_id,
        object_label=locked.tier.name,
        before=before,
        after={"starts": str(Month.of(locked.starts_on)), **locked.costs},
    )
    return locked


def version_in(tier: Tier, month: Month) -> TierVersion | None:
    """Return the version in force in a month; None before the tier's first."""
    return tier.versions.select_related("tier").filter(starts_on__lte=month.first).first()


def terms_of(version: TierVersion) -> Terms:
    """Return a stored version as terms, for forms and calculators."""
    return Terms(
        prices=version.prices(),
        sla_hours=version.sla_hours,
        workflows_included=version.workflows_included,
        connections_included=version.connections_included,
        escalation=escalation.read(version.escalation),
    )


def _currency(prices: pricing.PriceList) -> str:
    code = prices.currency.upper()
    if code not in CODES:
        raise ValidationError({"currency": UNKNOWN})
    return code


def _described(tier: Tier) -> dict[str, object]:
    return {
        "name": tier.name,
        "description": tier.description,
        "retired": tier.retired_at is not None,
        "co_branding": tier.co_branding,
    }


def _is_in_use(tier: Tier, month: Month) -> bool:
    subscriptions = Subscription.objects.filter(tier=tier)
    begun = subscriptions.filter(starts_on__lte=_latest_today(tier))
    return begun.exclude(ends_on__lt=month.first).exists()


def _latest_today(tier: Tier) -> date:
    """The latest of the days that it is for the tier's clients now."""
    zones = Client.objects.filter(subscriptions__tier=tier).values_list("time_zone", flat=True)
    now = timezone.now()
    return max((day_of(now, zone) for zone in set(zones)), default=now.date())


def _today() -> date:
    return timezone.localdate()


def _write_version(tier: Tier, starts: Month, terms: Terms) -> TierVersion:
    _check_prices(terms)
    values = _stored(terms)
    version = TierVersion.objects.filter(tier=tier, starts_on=starts.first).first()
    before = shown_terms(terms_of(version)) if version else None
    if version is None:
        earlier = version_in(tier, starts)
        version = TierVersion(tier=tier, starts_on=starts.first)
        version.costs = earlier.costs if earlier else {}
    for field, value in values.items():
        setattr(version, field, value)
    version.full_clean()
    version.save()
    audit.record(
        actions.TIER_PRICED,
        object_kind="tier",
        object_id=tier.pk,
        object_label=tier.name,
        before=before,
        after={"starts": str(starts), **shown_terms(terms)},
    )
    return version


def _check_prices(terms: Terms) -> None:
    try:
        pricing.check(terms.prices)
    except pricing.PriceError as error:
        raise ValidationError(list(error.problems)) from error
    try:
        escalation.check(terms.escalation, [one.key for one in known_roles(of_client=False)])
    except escalation.PathError as error:
        raise ValidationError({"escalate_to_1": str(error)}) from error


def _bands(prices: pricing.PriceList) -> list[dict[str, object]]:
    return [{"up_to": band.up_to, "price": f"{band.price:f}"} for band in prices.bands]


def _stored(terms: Terms) -> dict[str, object]:
    return {
        "base_fee": terms.prices.base_fee,
        "included": terms.prices.included,
        "bands": _bands(terms.prices),
        "workflows_included": terms.workflows_included,
        "connections_included": terms.connections_included,
        "sla_hours": terms.sla_hours,
        "escalation": escalation.stored(terms.escalation),
        "sla_credit": terms.prices.credit,
        "sla_credit_cap": terms.prices.credit_cap,
    }


def shown_terms(terms: Terms) -> dict[str, object]:
    """Return the terms for the audit trail, which keeps plain JSON without floats. Without steps or
    credits of their own they are as they were before there were any: what was proposed then still
    fits.
    """
    shown = {**_stored(terms), "base_fee": f"{terms.prices.base_fee:f}"}
    for name in ("sla_credit", "sla_credit_cap"):
        percent = shown.pop(name)
        if percent:
            shown[name] = f"{percent:f}"
    return {key: value for key, value in shown.items() if key != "escalation" or value}
