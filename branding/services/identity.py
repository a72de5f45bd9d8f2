"""The live brand as pages and mails use it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from django.core.cache import cache
from django.db import connection
from django.templatetags.static import static
from django.utils import timezone

from branding.identity import Identity, letter_of
from branding.images import ground_of
from branding.models import Brand
from branding.nouns import names_one
from branding.services.theme import theme_version
from branding.storage import picture_version, read_picture
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
    identity = _read(timezone.localdate())
    cache.set(_KEY, identity, _SECONDS)
    return identity


def forget_identity() -> None:
    """Let the next page read the brand again."""
    cache.delete(_KEY)


# Written out: the query builder takes ten times as long as the database for this.
_LIVE = """
    SELECT brand.*, (
        SELECT json_object_agg(own.client_id, own.logo)::text
        FROM branding_clientbrand own
        JOIN branding_subscription running ON running.client_id = own.client_id
        JOIN branding_tier tier ON tier.id = running.tier_id
        WHERE own.logo <> '' AND tier.co_branding AND running.starts_on <= %(today)s
          AND (running.ends_on IS NULL OR running.ends_on >= %(today)s)
    ) AS client_logos
    FROM branding_brand brand WHERE brand.state = 'live'
"""


def _read(today: date) -> Identity:
    """The live brand, and the logos of clients that are on a tier with co-branding on that day."""
    live = next(iter(Brand.objects.raw(_LIVE, {"today": today})), None)
    if live is None:
        return identity_of(Brand(name=partner_name()))
    logos: dict[str, str] = json.loads(vars(live)["client_logos"] or "{}")
    return identity_of(live, {int(client): logo for client, logo in logos.items()})


def identity_of(brand: Brand, client_logos: Mapping[int, str] | None = None) -> Identity:
    """The identity that a brand's row makes, saved or not."""
    letter = letter_of(brand.name)
    theme = theme_version(brand.primary, brand.accent)
    icon = picture_version(brand.icon) or f"{letter_code(letter)}-{theme}"
    logo = picture_version(brand.logo)
    named = f"{_short_hash(brand.name)}-{theme}"
    return Identity(
        name=brand.name,
        letter=letter,
        theme_url=f"/theme.css?v={theme}",
        icon_url=f"/brand/icon-192.png?v={icon}",
        touch_icon_url=f"/brand/icon-180.png?v={icon}",
        manifest_url=f"/site.webmanifest?v={named}-{icon}",
        social_url=f"/brand/social.png?v={named}-{logo or letter_code(letter)}",
        logo_url=f"/brand/logo.png?v={logo}" if logo else "",
        logo_has_name=bool(logo) and brand.logo_has_name,
        logo_ground=logo_ground(brand.logo) if logo else "",
        primary=brand.primary,
        accent=brand.accent,
        support=brand.support_email,
        sign_in_text=brand.sign_in_text,
        locale=brand.locale,
        time_zone=brand.time_zone,
        terms_url=brand.terms_url,
        privacy_url=brand.privacy_url,
        imprint_url=brand.imprint_url,
        logo=brand.logo,
        icon=brand.icon,
        nouns=brand.nouns(),
        client_logos=client_logos or {},
    )


@lru_cache(maxsize=256)
def logo_ground(logo: str) -> str:
    """The ground of a logo, which its name stands for: names are by content."""
    stored = read_picture(logo)
    return "" if stored is None else ground_of(stored)


def in_words(sentence: str) -> str:
    """One of our own sentences in the partner's words."""
    return current_identity().nouns.sentence(sentence) if names_one(sentence) else sentence


def letter_code(letter: str) -> str:
    """The letter as an address can carry it."""
    return f"{ord(letter):x}"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


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
