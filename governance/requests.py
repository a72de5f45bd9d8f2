"""Who asks: the actor that the middleware put on a request."""

from django.http import HttpRequest

from governance.actors import ANONYMOUS, Actor


def set_actor(request: HttpRequest, actor: Actor) -> None:
    """Put the actor on the request, once per request or when a token has been read."""
    request.actor = actor  # type: ignore[attr-defined]  # the one place that sets it


def actor_of(request: HttpRequest) -> Actor:
    """Return the request's actor; one without permissions when nobody is signed in."""
    actor = getattr(request, "actor", None)
    return actor if isinstance(actor, Actor) else ANONYMOUS
