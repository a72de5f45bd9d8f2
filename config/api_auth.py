"""API tokens as DRF's authentication, and the actor as its permission."""

from typing import TYPE_CHECKING, cast

from rest_framework import authentication, exceptions, permissions, throttling
from rest_framework.request import Request

from governance import correlation
from governance.actors import ANONYMOUS
from governance.requests import actor_of, caller_address, set_actor
from tenants.accounts.actors import actor_for_token
from tenants.accounts.models import ApiToken, User
from tenants.accounts.places import place_of
from tenants.accounts.services import tokens

if TYPE_CHECKING:  # the views import this module for their defaults
    from rest_framework.views import APIView


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer key_…`, looked up in the schema of the request's host."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        mark, _, text = request.headers.get("Authorization", "").partition(" ")
        if mark.lower() != "bearer":
            set_actor(request._request, ANONYMOUS)
            return None
        token = tokens.token_from_text(text.strip())
        if token is None:
            raise _counted(
                UnknownThrottle(),
                request,
                exceptions.AuthenticationFailed(
                    "This token is unknown here, revoked or expired. "
                    "Make a new one under API tokens."
                ),
            )
        tokens.note_use(token)
        actor = actor_for_token(token)
        set_actor(request._request, actor)
        correlation.replace_actor(actor)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasActor(permissions.BasePermission):
    """Only tokens come in; each view set names the scope it needs, per action.

    `required = {"list": "clients.view", …}`; an action that is not named is refused, so a
    new one can't be open by accident.
    """

    message = "This token does not have the scope that the call needs."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.auth, ApiToken):
            raise _counted(
                UnknownThrottle(),
                request,
                exceptions.NotAuthenticated(
                    "Send a token in the header Authorization: Bearer key_… "
                    "Make one under API tokens."
                ),
            )
        try:
            return self._is_allowed(request, view)
        except exceptions.APIException as refusal:
            raise _counted(TokenThrottle(), request, refusal) from refusal

    def _is_allowed(self, request: Request, view: "APIView") -> bool:
        required: dict[str, str] = getattr(view, "required", {})
        action = getattr(view, "action", None) or (request.method or "").lower()
        if getattr(view, "action", "") is None:
            raise exceptions.MethodNotAllowed(request.method or "", _answers(view, request))
        if action in {"metadata", "options"}:
            return True
        scope = required.get(action)
        if scope is None:
            raise exceptions.PermissionDenied(self.message)
        if scope not in actor_of(request._request).permissions:
            raise exceptions.PermissionDenied(f"The token needs the scope {scope}.")
        return True


def _answers(view: "APIView", request: Request) -> str:
    known = ", ".join(one for one in view.allowed_methods if one not in ("HEAD", "OPTIONS"))
    return f"{request.method} is not possible at this address, which takes {known}."


def _counted(
    throttle: throttling.SimpleRateThrottle, request: Request, refusal: exceptions.APIException
) -> exceptions.APIException:
    """Count a call that ends before DRF counts it; return its refusal, or that it is one too
    many."""
    # Neither throttle looks at the view.
    if throttle.allow_request(request, cast("APIView", None)):
        return refusal
    return exceptions.Throttled(throttle.wait())


class UnknownThrottle(throttling.SimpleRateThrottle):
    """A rate per place for calls without a usable token. Only those are counted and refused by
    it, so nobody's mistake locks out a right token from the same place."""

    scope = "unknown"

    def get_cache_key(self, request: Request, view: "APIView") -> str:
        return f"unknown-{place_of(caller_address(request._request))}"


class TokenThrottle(throttling.SimpleRateThrottle):
    """A rate per token, not per address, so one office is not one caller."""

    scope = "token"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        token = getattr(request, "auth", None)
        ident = f"token-{token.pk}" if isinstance(token, ApiToken) else self.get_ident(request)
        return f"rate-{ident}"
