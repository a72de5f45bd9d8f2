"""Partners of the demo: schema, brand, price list, clients. Idempotent."""

from decimal import Decimal

from django.utils import timezone

from branding.models import Subscription, Tier
from branding.pricing import Band, PriceList
from branding.services.brand import BrandValues, live_brand
from branding.services.brand_changes import set_up_brand
from branding.services.subscriptions import subscribe
from branding.services.tiers import Terms, add_tier
from governance.actors import Actor
from syncjobs.demo.cast import DemoClient, DemoPartner, DemoTier
from syncjobs.demo.logos import draw_mark
from tenants.accounts.models import Client
from tenants.accounts.services.clients import add_client
from tenants.models import Partner
from tenants.services.onboarding import dismiss
from tenants.services.provisioning import provision_partner


def ensure_partner(actor: Actor, wanted: DemoPartner) -> tuple[Partner, bool]:
    """Return the partner, and whether it was made now."""
    known = Partner.objects.filter(slug=wanted.slug).first()
    if known:
        return known, False
    owner = wanted.people[0]
    made = provision_partner(
        actor,
        name=wanted.name,
        slug=wanted.slug,
        owner_email=owner.email,
        owner_name=owner.name,
    )
    dismiss(actor, made.partner, step="domain")  # so that the checklist ends with the month
    return made.partner, True


def ensure_look(actor: Actor, wanted: DemoPartner) -> None:
    """Give the partner its brand; what its people changed since stays."""
    live = live_brand()
    if live is not None and live.logo:
        return
    values = BrandValues(
        name=wanted.product,
        primary=wanted.primary,
        accent=wanted.accent,
        support_email=wanted.support_email,
        sign_in_text=wanted.sign_in_text,
        locale=wanted.locale,
        time_zone=wanted.time_zone,
    )
    set_up_brand(actor, values, logo=draw_mark(wanted.mark, wanted.primary, wanted.accent))


def ensure_prices(actor: Actor, wanted: DemoPartner) -> dict[str, Tier]:
    """The partner's tiers by name."""
    known = {tier.name: tier for tier in Tier.objects.all()}
    for tier in wanted.tiers:
        if tier.name not in known:
            known[tier.name] = add_tier(actor, name=tier.name, terms=_terms(tier))
    return known


def ensure_client(
    actor: Actor, wanted: DemoClient, *, name: str, currency: str, zone: str, tiers: dict[str, Tier]
) -> Client:
    """The client of a firm, on its tier since the first of the month."""
    client = Client.objects.filter(name=name).first() or add_client(
        actor, name=name, time_zone=zone, currency=currency, locale=wanted.locale
    )
    if not Subscription.objects.filter(client=client).exists():
        first = timezone.localdate().replace(day=1)
        subscribe(actor, client, tiers[wanted.tier], starts_on=first)
    return client


def _terms(tier: DemoTier) -> Terms:
    bands = (Band(1000, tier.beyond), Band(None, (tier.beyond * 3 / 4).quantize(tier.beyond)))
    prices = PriceList(
        currency=tier.currency,
        base_fee=tier.base_fee,
        included=tier.included,
        bands=bands,
        credit=Decimal(2),
        credit_cap=Decimal(10),
    )
    return Terms(
        prices=prices, sla_hours=tier.sla_hours, workflows_included=8, connections_included=6
    )
