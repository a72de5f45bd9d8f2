"""From a request's host to the partner, its URL conf, the actor and the policies."""

import logging
import re
from collections.abc import Callable
from datetime import UTC

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import set_urlconf
from django.utils import timezone

from branding.viewer import viewer_of
from config import errors
from governance import correlation
from governance.actors import ANONYMOUS, Actor
from governance.requests import caller_address, set_actor
from syncjobs.pages.webhooks import hook
from tenants import certificates, health
from tenants.accounts.actors import actor_for
from tenants.accounts.models import User
from tenants.accounts.services import support
from tenants.accounts.support_user import SESSION_KEY, SupportUser, support_actor, support_of
from tenants.models import Domain, Partner
from tenants.services.serving import served_host

logger = logging.getLogger(__name__)
View = Callable[[HttpRequest], HttpResponse]

URLCONFS = {
    Domain.Kind.ADMIN.value: "config.urls_admin",
    Domain.Kind.PORTAL.value: "config.urls_portal",
}
PAUSED = "config.urls_paused"
HOOK = re.compile(r"/hooks/(?P<key>[^/]+)")
DOORS = {"config.urls_admin": "admin", "config.urls_portal": "portal"}
UNTOLD = {"theme", "brand_logo", "brand_icon", "favicon", "robots", "support_leave"}


class HealthMiddleware:
    """Answers what machines ask before anything looks at the host: health, and which names
    may have a certificate.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return health.answer(request) or certificates.answer(request) or self.get_response(request)


def host_of(request: HttpRequest) -> str:
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
            host = host_of(request)
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
        active = partner.status == Partner.Status.ACTIVE
        return self._routed(request, URLCONFS[served.kind] if active else PAUSED)

    def _routed(self, request: HttpRequest, urlconf: str) -> HttpResponse:
        request.urlconf = urlconf  # type: ignore[attr-defined]  # Django's own hook
        set_urlconf(urlconf)
        return self.get_response(request)


class HookMiddleware:
    """Answers signed messages of clients' systems (`syncjobs.hook_urls`) before anybody looks for
    a session, a person or a page's policies: they have none of these, and many come at once.

    What is not a message, or is for a partner who is suspended, goes the usual way. Most messages
    of many do not even come here: `config.hook_door`.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = HOOK.fullmatch(request.path_info)
        if found is None or request.method != "POST" or request.urlconf not in DOORS:  # type: ignore[attr-defined]  # Django's own hook
            return self.get_response(request)
        with correlation.scope(
            actor=ANONYMOUS, door="webhook", address=caller_address(request)
        ) as scope:
            response = hook(request, found["key"])
            response.headers["X-Request-ID"] = scope.correlation_id
            # The sender's connection stays open only where the answer's end is told.
            response.headers["Content-Length"] = str(len(response.content))
            return response


def _person_of(request: HttpRequest) -> Actor:
    user, stand_in = request.user, support_of(request)
    if stand_in is not None:
        return support_actor(stand_in.visit)
    return actor_for(user) if isinstance(user, User) else ANONYMOUS


def _is_stranger(request: HttpRequest, kind: str) -> bool:
    return isinstance(request.user, User) and request.user.kind != kind


def _support_of(request: HttpRequest, urlconf: str) -> SupportUser | None:
    """Return the operator who is here under a support grant: on the staff's host alone, and
    asked again at each request, so that an end of the grant ends the stay at once."""
    if SESSION_KEY not in request.session:
        return None
    if urlconf != "config.urls_admin" or request.user.is_authenticated:
        return None
    if request.session.setdefault(SessionHostMiddleware.KEY, host_of(request)) != host_of(request):
        return None
    visit = support.visit_of_session(request.session[SESSION_KEY])
    if visit is None:
        request.session.flush()
        return None
    return SupportUser(visit)


def _note_support(request: HttpRequest, response: HttpResponse) -> None:
    """Keep what support opened, but for the colours and pictures around it."""
    match = request.resolver_match
    name = match.view_name if match else ""
    if name not in UNTOLD:
        support.note_page(name, request.method or "", request.path, response.status_code)


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
                request.session[self.KEY] = host_of(request)
            elif began != host_of(request):
                request.user = AnonymousUser()
        return self.get_response(request)


class ActorMiddleware:
    """Puts `request.actor` and the correlation scope around the view.

    The correlation id is always ours and is answered as `X-Request-ID`: one that a caller
    chose could file its acts in the audit trail under another's.
    A person of the wrong kind for the host (a client user on the staff admin) counts as
    nobody there, and everybody does while the partner is suspended.
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
        if urlconf == PAUSED or _is_stranger(request, self.KINDS[urlconf]):
            request.user = AnonymousUser()
        elif stand_in := _support_of(request, urlconf):
            request.user = request.support = stand_in  # type: ignore[assignment,attr-defined]
        actor = _person_of(request)
        set_actor(request, actor)
        door = "api" if request.path.startswith("/api/") else DOORS.get(urlconf, "console")
        # Days and hours on pages and in forms are the viewer's; programs are answered in UTC.
        zone = UTC if door == "api" else viewer_of(request).tzinfo
        with (
            correlation.scope(actor=actor, door=door, address=caller_address(request)) as scope,
            timezone.override(zone),
        ):
            response = self.get_response(request)
            if support_of(request):
                _note_support(request, response)
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
