"""What the pages before a session share: which door it is, and where it goes on."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tenants.accounts.models import User
from tenants.accounts.services.sessions import notice_device
from tenants.accounts.services.sign_in import Outcome

DOORS = {
    "config.urls_admin": ("admin", User.Kind.STAFF),
    "config.urls_portal": ("portal", User.Kind.CLIENT),
}


def door_of(request: HttpRequest) -> tuple[str, str]:
    """Return which door the host is (admin, portal, console) and whom it lets in."""
    return DOORS.get(getattr(request, "urlconf", ""), ("console", User.Kind.OPERATOR))


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
