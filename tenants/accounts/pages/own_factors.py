"""Your second factors: authenticator app, passkeys, recovery codes."""

import base64
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.requests import actor_of
from tenants.accounts.forms import CodeForm
from tenants.accounts.pages.forms import NewPasskeyForm
from tenants.accounts.pages.frame import attempt, page, say_refusal
from tenants.accounts.pages.own_account import confirmed, me
from tenants.accounts.services import second_factors as service
from tenants.accounts.services import sessions
from tenants.accounts.services.sign_in_rules import needs_factor

_KEY = "app_key"


def _to_factors() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("own_factors"))


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """Show recovery codes, this once."""
    return page(request, "accounts/own/codes.html", {"codes": codes, "download": _file(codes)})


def _file(codes: list[str]) -> str:
    content = base64.b64encode("\r\n".join(codes).encode()).decode()
    return f"data:text/plain;base64,{content}"


def _added(request: HttpRequest, codes: list[str], said: str) -> HttpResponse:
    """With a first factor, whoever came in without one elsewhere is out."""
    messages.success(request, said)
    if not codes:
        return _to_factors()
    sessions.end_others(actor_of(request), me(request), request.session.session_key)
    return _show_codes(request, codes)


@never_cache
@require_GET
def own_factors(request: HttpRequest) -> HttpResponse:
    """Show the factors."""
    user = me(request)
    factors = [(one, service.label_of(one)) for one in service.factors_of(user)]
    context = {
        "factors": factors,
        "has_app": any(one.type == service.APP for one, _ in factors),
        "codes_left": service.codes_left(user),
        "needs_factor": needs_factor(user),
        "led_here": needs_factor(user) and not factors,
    }
    return page(request, "accounts/own/factors.html", context)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
@confirmed
def own_app(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app."""
    user = me(request)
    key = request.session.get(_KEY) or service.new_app_key()
    request.session[_KEY] = key
    form = CodeForm(request.POST or None)

    def add() -> tuple[list[str]]:
        return (service.add_app(actor_of(request), user, key, form.cleaned_data["code"]),)

    added = attempt(form, add) if request.method == "POST" else None
    if added is not None:
        del request.session[_KEY]
        return _added(request, added[0], "Your authenticator app is set up.")
    set_up = service.app_set_up(request, user, key)
    picture = base64.b64encode(set_up.picture.encode()).decode()
    grouped = " ".join(key[at : at + 4] for at in range(0, len(key), 4))
    context = {"form": form, "picture": picture, "key": grouped}
    return page(request, "accounts/own/app.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@confirmed
def own_passkey(request: HttpRequest) -> HttpResponse:
    """Add a passkey."""
    user = me(request)
    form = NewPasskeyForm(request.POST or None)

    def add() -> tuple[list[str]]:
        answer: dict[str, Any] = form.cleaned_data["credential"]
        name = form.cleaned_data["name"]
        return (service.add_passkey(actor_of(request), request, user, name, answer),)

    added = attempt(form, add) if request.method == "POST" else None
    if added is not None:
        return _added(request, added[0], "Your passkey is added.")
    context = {"form": form, "options": service.begin_passkey(request, user)}
    return page(request, "accounts/own/passkey.html", context)


@require_POST
@confirmed
def own_factor_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a factor."""
    user = me(request)
    factor = get_object_or_404(service.factors_of(user), pk=pk)
    service.remove(actor_of(request), user, factor)
    messages.success(request, f"{service.label_of(factor)} is removed.")
    return _to_factors()


@never_cache
@require_POST
@confirmed
def own_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes and show them."""
    try:
        return _show_codes(request, service.new_codes(actor_of(request), me(request)))
    except ValidationError as error:
        say_refusal(request, error)
        return _to_factors()
