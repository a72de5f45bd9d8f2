"""Who may open a page at all. What they may do there is for the services."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from governance.requests import actor_of

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def guarded_page(permission: str | None) -> Callable[[Page[P]], Page[P]]:
    """Let in whoever is signed in on this host and holds `permission` (None: anybody).

    Nobody signed in is sent to the sign-in page; without the permission it is a 403.
    """

    def decorate(view: Page[P]) -> Page[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("sign_in"))
            if permission is not None and not actor_of(request).can(permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        wanted = None if permission is None else frozenset({permission})
        guarded.page_permissions = wanted  # type: ignore[attr-defined]  # for links
        return cast(Page[P], guarded)

    return decorate
