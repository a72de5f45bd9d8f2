"""What the pages before a session share: which door it is, and where it goes on."""

from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from governance.requests import caller_address
from tenants.accounts.models import User
from tenants.accounts.places import place_of
from tenants.accounts.services.sessions import notice_device
from tenants.accounts.services.sign_in import Outcome

BEGUN_AT_MOST, BEGUN_SECONDS = 60, 60
DOORS = {
    "config.urls_admin": ("admin", User.Kind.STAFF),
    "config.urls_portal": ("portal", User.Kind.CLIENT),
}


def door_of(request: HttpRequest) -> tuple[str, str]:
    """Return which door the host is (admin, portal, console) and whom it lets in."""
    return DOORS.get(getattr(request, "urlconf", ""), ("console", User.Kind.OPERATOR))


def asks_too_often(request: HttpRequest) -> bool:
    """Say whether this caller begins sign-ins faster than people do: each keeps a session."""
    key = f"begun:{place_of(caller_address(request))}"
    cache.add(key, 0, BEGUN_SECONDS)
    try:
        return cache.incr(key) > BEGUN_AT_MOST
    except ValueError:  # it ended between the two lines
        return False


def safe_next(request: HttpRequest, default: str = "/") -> str:
    """Return where the person wanted to go, on this host only."""
    target = request.POST.get("next") or request.GET.get("next") or default
    safe = url_has_allowed_host_and_scheme(
        target, {request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else default


def onwards(request: HttpRequest, outcome: Outcome, target: str = "") -> HttpResponse:
    """Go to the second step, or in; a new device is told of."""
    target = target or safe_next(request)
    if outcome is Outcome.SECOND_STEP:
        query = urlencode({"next": target})
        return HttpResponseRedirect(f"{reverse('sign_in_second')}?{query}")
    response = HttpResponseRedirect(target)
    if isinstance(request.user, User):
        notice_device(request, response, request.user)
    return response
