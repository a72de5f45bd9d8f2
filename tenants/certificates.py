"""`/internal/domain-allowed?domain=`: may the proxy get a certificate for this name?

Yes (200) for names in service of partners that are not suspended, and for the operators' own
hosts; else no (404), also to whoever may not ask. Only the proxy itself may: from loopback, or
with the installation's key. What was passed on by a proxy is never answered, because behind one
on the same machine every visitor comes from loopback.
"""

import hmac
import ipaddress
import time
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from tenants.context import public_scope
from tenants.domains.names import LONGEST
from tenants.domains.state import SERVED
from tenants.models import Domain, Partner

PATH: Final = "/internal/domain-allowed"
# Per process and second: a flood of made-up names must not become a flood of queries.
MOST_A_SECOND: Final = 50
YES, NO, TOO_MANY = 200, 404, 429
_PASSED_ON: Final = (
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
    *("Forwarded", "X-Real-IP", "Via"),
)


def _from_here(request: HttpRequest) -> bool:
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_key(request: HttpRequest) -> bool:
    """Say whether the key came along: as a bearer, or as `key=` for proxies without headers."""
    key: str = settings.DOMAIN_CHECK_KEY
    mark, _, bearer = request.headers.get("Authorization", "").partition(" ")
    given = bearer if mark.lower() == "bearer" else request.GET.get("key", "")
    return bool(key) and hmac.compare_digest(given.encode(), key.encode())


def _may_ask(request: HttpRequest) -> bool:
    if any(header in request.headers for header in _PASSED_ON):
        return False
    return _from_here(request) or _has_key(request)


def _within_rate() -> bool:
    with public_scope():
        slot = f"domain-allowed:{int(time.time())}"
        if cache.add(slot, 1, 5):
            return True
        try:
            return cache.incr(slot) <= MOST_A_SECOND
        except ValueError:  # thrown out of a full cache between the two
            return True


def is_allowed(name: str) -> bool:
    """Say whether a name is in service; one query."""
    if not name or len(name) > LONGEST or not name.isascii() or not name.isprintable():
        return False
    if name in settings.OPERATOR_HOSTS:
        return True
    with public_scope():
        return Domain.objects.filter(
            domain=name, state__in=sorted(SERVED), tenant__status=Partner.Status.ACTIVE
        ).exists()


def _status(request: HttpRequest) -> int:
    if request.method not in {"GET", "HEAD"} or not _may_ask(request):
        return NO
    if not _within_rate():
        return TOO_MANY
    name = request.GET.get("domain", "").lower().removesuffix(".")
    return YES if is_allowed(name) else NO


def answer(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to the proxy's question, None for every other path."""
    if request.path != PATH:
        return None
    response = HttpResponse(status=_status(request), content_type="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response
