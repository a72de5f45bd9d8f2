"""Decorators for pages: who may open them at all. What they may do is for the services."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.requests import actor_of

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def _page(*permissions: str | None) -> Callable[[Page[P]], Page[P]]:
    wanted = {one for one in permissions if one is not None}
    anybody = None in permissions

    def decorate(view: Page[P]) -> Page[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("sign_in"))
            if not anybody and actor_of(request).permissions.isdisjoint(wanted):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.page_permissions = None if anybody else frozenset(wanted)  # type: ignore[attr-defined]  # for links
        return cast("Page[P]", guarded)

    return decorate


def staff_page(*permissions: str | None) -> Callable[[Page[P]], Page[P]]:
    """A page of the staff admin, for whoever holds one of these permissions.

    None: anybody who is signed in there.
    """
    return _page(*permissions)


def client_page(*permissions: str | None) -> Callable[[Page[P]], Page[P]]:
    """A page of the client portal. None: anybody who is signed in there.

    The host decides who can be signed in: `config.middleware.ActorMiddleware` makes
    nobody of a person of the wrong kind.
    """
    return _page(*permissions)


def own_page(view: Page[P]) -> Page[P]:
    """A page that anybody who is signed in has about themselves, at either door."""
    return _page(None)(view)


def operator_page(permission: str | None) -> Callable[[Page[P]], Page[P]]:
    """A page of the operator's console."""
    return _page(permission)


class StaffPages:
    """Addresses of the staff admin for whoever holds one permission, named after their views."""

    def __init__(self, permission: str) -> None:
        self._guard = staff_page(permission)

    def show(self, address: str, view: Callable[..., HttpResponseBase]) -> URLPattern:
        """Return the address of a page that only shows something: GET and HEAD."""
        return self._at(address, view, require_safe)

    def act(self, address: str, view: Callable[..., HttpResponseBase]) -> URLPattern:
        """Return the address of a button: POST."""
        return self._at(address, view, require_POST)

    def form(self, address: str, view: Callable[..., HttpResponseBase]) -> URLPattern:
        """Return the address of a form: GET and POST."""
        return self._at(address, view, require_http_methods(["GET", "POST"]))

    def _at(
        self, address: str, view: Callable[..., HttpResponseBase], methods: Callable[..., Any]
    ) -> URLPattern:
        return path(address, self._guard(methods(view)), name=view.__name__)
