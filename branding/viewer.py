"""Who looks at a page, as far as numbers and dates care: their locale and their zone.

The person's own choice counts, else their client's, else the partner's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest

from branding.services.identity import current_identity
from tenants.accounts.locales import DEFAULT_LOCALE, DEFAULT_ZONE

_ATTRIBUTE = "_viewer"
_ZONES = frozenset(available_timezones())


class Defaults(Protocol):
    """Whatever says what counts where nobody chose: the brand."""

    @property
    def locale(self) -> str: ...
    @property
    def time_zone(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """`locale` such as `de` or `en-gb`; `zone` a name of the tz database."""

    locale: str = DEFAULT_LOCALE
    zone: str = DEFAULT_ZONE

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def viewer_of(request: HttpRequest | None, brand: Defaults | None = None) -> Viewer:
    """The request's viewer, worked out once. Without a brand: that of the request's host."""
    known = getattr(request, _ATTRIBUTE, None)
    if isinstance(known, Viewer):
        return known
    user = getattr(request, "user", None)
    person = user if getattr(user, "is_authenticated", False) else None
    viewer = chosen(person, getattr(person, "client", None), brand or current_identity())
    if request is not None:
        setattr(request, _ATTRIBUTE, viewer)
    return viewer


def chosen(*sources: object) -> Viewer:
    """The first locale and the first zone that a source names; unknown zones count as none."""
    locales = (getattr(source, "locale", "") for source in sources)
    zones = (getattr(source, "time_zone", "") for source in sources)
    return Viewer(
        locale=next((locale for locale in locales if locale), DEFAULT_LOCALE),
        zone=next((zone for zone in zones if zone in _ZONES), DEFAULT_ZONE),
    )
