"""Who looks at a page, as far as numbers and dates care: their locale and their zone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest

DEFAULT_LOCALE = "en-gb"
DEFAULT_ZONE = "UTC"
_ATTRIBUTE = "_viewer"


@dataclass(frozen=True, slots=True)
class Viewer:
    """`locale` such as `de` or `en-gb`; `zone` a name of the tz database."""

    locale: str = DEFAULT_LOCALE
    zone: str = DEFAULT_ZONE

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def viewer_of(request: HttpRequest | None, *, locale: str = "", zone: str = "") -> Viewer:
    """The request's viewer: the person's own choice, else their client's, else the given one."""
    if request is None:
        return _viewer(locale, zone)
    known = getattr(request, _ATTRIBUTE, None)
    if isinstance(known, Viewer):
        return known
    user = getattr(request, "user", None)
    client = getattr(user, "client", None) if getattr(user, "is_authenticated", False) else None
    viewer = _viewer(
        getattr(user, "locale", "") or getattr(client, "locale", "") or locale,
        getattr(user, "time_zone", "") or getattr(client, "time_zone", "") or zone,
    )
    setattr(request, _ATTRIBUTE, viewer)
    return viewer


@cache
def _zones() -> frozenset[str]:
    """The zones that there are; looking them up reads a directory, too slow for each page."""
    return frozenset(available_timezones())


def _viewer(locale: str, zone: str) -> Viewer:
    return Viewer(
        locale=locale or DEFAULT_LOCALE,
        zone=zone if zone in _zones() else DEFAULT_ZONE,
    )
