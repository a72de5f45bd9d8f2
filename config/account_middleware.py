"""What follows from being signed in: the session is in the person's list, the rules hold."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tenants.accounts.models import User
from tenants.accounts.services.sessions import note_seen
from tenants.accounts.services.sign_in import has_factor_elsewhere
from tenants.accounts.services.sign_in_rules import must_set_up

View = Callable[[HttpRequest], HttpResponse]

# All that somebody can do who needs a second factor and has none: set it up, or leave.
OPEN = frozenset(
    {
        "sign_out", "own_factors", "own_app", "own_passkey", "own_confirm",
        "theme", "brand_icon", "brand_logo", "favicon", "robots",
    }
)  # fmt: skip


class SeenMiddleware:
    """Keeps "last seen" of the session."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User):
            note_seen(request)
        return self.get_response(request)


class SecondFactorMiddleware:
    """Leads those who need a second factor and have none to where they set it up.

    The API is not a place for sessions: tokens come in there, and only they.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Redirect, or let the page be."""
        user = request.user
        match = request.resolver_match
        if not isinstance(user, User) or match is None or match.view_name in OPEN:
            return None
        if request.path.startswith("/api/") or has_factor_elsewhere(request):
            return None
        if not must_set_up(user):
            return None
        return HttpResponseRedirect(reverse("own_factors"))
