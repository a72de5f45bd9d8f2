"""The live brand as pages and mails use it."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection
from django.templatetags.static import static

from branding.identity import Identity, letter_of
from branding.models import Brand
from branding.services.theme import theme_of
from branding.storage import picture_version
from tenants.context import current_schema, public_scope
from tenants.models import Partner

# The cache's keys carry the schema. Short, because each process has its own.
_KEY = "brand:identity"
_SECONDS = 5
OPERATORS_NAME = "Livery"


def current_identity() -> Identity:
    """The identity of the schema that the connection works in; the operators' in public."""
    if current_schema() == "public":
        return _operators_identity()
    known = cache.get(_KEY)
    if isinstance(known, Identity):
        return known
    live = Brand.objects.filter(state=Brand.State.LIVE).first()
    identity = identity_of(live or Brand(name=partner_name()))
    cache.set(_KEY, identity, _SECONDS)
    return identity


def forget_identity() -> None:
    """Let the next page read the brand again."""
    cache.delete(_KEY)


def identity_of(brand: Brand) -> Identity:
    """The identity that a brand's row makes, saved or not."""
    letter = letter_of(brand.name)
    _, theme = theme_of(brand.primary, brand.accent)
    icon = picture_version(brand.icon) or f"{ord(letter):x}-{theme}"
    logo = picture_version(brand.logo)
    return Identity(
        name=brand.name,
        letter=letter,
        theme_url=f"/theme.css?v={theme}",
        icon_url=f"/brand/icon.png?v={icon}",
        logo_url=f"/brand/logo.png?v={logo}" if logo else "",
        logo_has_name=bool(logo) and brand.logo_has_name,
        primary=brand.primary,
        accent=brand.accent,
        support=brand.support_email,
        sign_in_text=brand.sign_in_text,
        locale=brand.locale,
        time_zone=brand.time_zone,
    )


def partner_name() -> str:
    """The current partner's name as the operator wrote it; stands until a brand has one."""
    tenant = connection.tenant  # type: ignore[attr-defined]  # set by the tenant backend
    if isinstance(tenant, Partner):
        return str(tenant.name)
    schema = current_schema()
    with public_scope():
        name = Partner.objects.filter(schema_name=schema).values_list("name", flat=True).first()
    return name or ""


def _operators_identity() -> Identity:
    return Identity(
        name=OPERATORS_NAME,
        letter=letter_of(OPERATORS_NAME),
        theme_url=static("neutral.css"),
        icon_url=static("neutral.png"),
    )
