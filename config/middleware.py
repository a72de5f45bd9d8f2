"""From a request's host to the partner, its URL conf, the actor and the policies."""

import logging
from collections.abc import Callable

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import set_urlconf

from config import errors
from governance import correlation
from governance.actors import ANONYMOUS, Actor
from governance.requests import caller_address, set_actor
from tenants import certificates, health
from tenants.accounts.actors import actor_for
from tenants.accounts.models import User
from tenants.models import Domain, Partner
from tenants.services.serving import served_host

logger = logging.getLogger(__name__)
View = Callable[[HttpRequest], HttpResponse]

URLCONFS = {
    Domain.Kind.ADMIN.value: "config.urls_admin",
    Domain.Kind.PORTAL.value: "config.urls_portal",
}
DOORS = {"config.urls_admin": "admin", "config.urls_portal": "portal"}


class HealthMiddleware:
    """Answers what machines ask before anything looks at the host: health, and which names
    may have a certificate.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return health.answer(request) or certificates.answer(request) or self.get_response(request)


def _host(request: HttpRequest) -> str:
    """Return the request's host in lower case, without port and trailing dot."""
    host = request.get_host().lower()
    return host.rsplit(":", 1)[0].rstrip(".") if not host.endswith("]") else host


def _is_readable(request: HttpRequest) -> bool:
    """Say whether address and cookies can be searched for: the database refuses a NUL."""
    if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path_info:
        return False
    return not any("\0" in value for value in request.COOKIES.values())


class HostMiddleware:
    """Selects the partner's schema and the URL conf by host; an unknown host gets a 404.

    The schema is reset when the request has finished (`config.signals`), not here, because
    a streamed body is read after the middleware has returned.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        connection.set_schema_to_public()  # type: ignore[attr-defined]  # the tenant backend's
        if not _is_readable(request):
            return errors.neutral(request, 400)
        try:
            host = _host(request)
        except DisallowedHost:
            return errors.neutral(request, 404)
        if host in settings.OPERATOR_HOSTS:
            return self._routed(request, settings.PUBLIC_SCHEMA_URLCONF)
        served = served_host(host)
        if served is None:
            return errors.neutral(request, 404)
        partner = served.partner
        connection.set_tenant(partner)  # type: ignore[attr-defined]  # the tenant backend's
        request.tenant = partner  # type: ignore[attr-defined]  # our request attribute
        urlconf = URLCONFS[served.kind]
        if partner.status != Partner.Status.ACTIVE:
            request.urlconf = urlconf  # type: ignore[attr-defined]  # Django's own hook
            set_urlconf(urlconf)
            return errors.paused(request)
        return self._routed(request, urlconf)

    def _routed(self, request: HttpRequest, urlconf: str) -> HttpResponse:
        request.urlconf = urlconf  # type: ignore[attr-defined]  # Django's own hook
        set_urlconf(urlconf)
        return self.get_response(request)


def _person_of(request: HttpRequest) -> Actor:
    user = request.user
    return actor_for(user) if isinstance(user, User) else ANONYMOUS


class SessionHostMiddleware:
    """A session counts only at the host where it began.

    Whoever gets a name that a partner has lost also gets the cookies that browsers send there;
    at the partner's other hosts these must be worth nothing.
    """

    KEY = "host"

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            began = request.session.get(self.KEY)
            if began is None:
                request.session[self.KEY] = _host(request)
            elif began != _host(request):
                request.user = AnonymousUser()
        return self.get_response(request)


class ActorMiddleware:
    """Puts `request.actor` and the correlation scope around the view.

    The correlation id is always ours and is answered as `X-Request-ID`: one that a caller
    chose could file its acts in the audit trail under another's.
    A person of the wrong kind for the host (a client user on the staff admin) counts as
    nobody there.
    """

    KINDS = {
        "config.urls_admin": User.Kind.STAFF,
        "config.urls_portal": User.Kind.CLIENT,
        "config.urls_public": User.Kind.OPERATOR,
    }

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        urlconf = getattr(request, "urlconf", settings.PUBLIC_SCHEMA_URLCONF)
        user = request.user
        if isinstance(user, User) and user.kind != self.KINDS[urlconf]:
            request.user = AnonymousUser()
        actor = _person_of(request)
        set_actor(request, actor)
        door = "api" if request.path.startswith("/api/") else DOORS.get(urlconf, "console")
        with correlation.scope(actor=actor, door=door, address=caller_address(request)) as scope:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = scope.correlation_id
        return response


class PolicyMiddleware(CSPMiddleware):
    """Content security policy: strict everywhere, and the staff admin's own on its host."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        staff_admin = getattr(request, "urlconf", "") == "config.urls_admin"
        if staff_admin and not report_only and parts.config is None:
            parts.config = settings.ADMIN_CONTENT_SECURITY_POLICY
        return parts
