"""Who asks: the actor that the middleware put on a request."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

from governance.actors import ANONYMOUS, Actor


def set_actor(request: HttpRequest, actor: Actor) -> None:
    """Put the actor on the request, once per request or when a token has been read."""
    request.actor = actor  # type: ignore[attr-defined]  # the one place that sets it


def actor_of(request: HttpRequest) -> Actor:
    """Return the request's actor; one without permissions when nobody is signed in."""
    actor = getattr(request, "actor", None)
    return actor if isinstance(actor, Actor) else ANONYMOUS


def caller_address(request: HttpRequest) -> str:
    """Return the network address of who asks, behind as many proxies as the operator named.

    Without proxies, and for a header that is no address, it is the connection's own: what a
    caller wrote into the header is never believed.
    """
    near = str(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.REST_FRAMEWORK["NUM_PROXIES"]
    assert isinstance(proxies, int)
    hops = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    if not proxies or len(hops) < proxies:
        return near
    try:
        return str(ipaddress.ip_address(hops[-proxies]))
    except ValueError:
        return near
