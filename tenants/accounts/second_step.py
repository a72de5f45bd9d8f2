"""The second step of signing in, and signing in by a passkey alone."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tenants.accounts.entry import asks_too_often, door_of, onwards, safe_next
from tenants.accounts.forms import CodeForm, PasskeyForm
from tenants.accounts.models import User
from tenants.accounts.services import second_factors
from tenants.accounts.services import sign_in as service

TOO_MANY = "Too many tries. Wait 15 minutes."
KEY_REFUSED = "This passkey did not work here."


def _finished(request: HttpRequest, user: User, code: CodeForm, key: PasskeyForm) -> bool:
    """Take whichever was sent; what is wrong is said on the form for the code."""
    if request.POST.get("credential"):
        if not key.is_valid():
            code.add_error(None, KEY_REFUSED)
            return False
        answer: dict[str, Any] = key.cleaned_data["credential"]
        done = service.finish_with_passkey(request, user, answer)
        problem = KEY_REFUSED
    else:
        if not code.is_valid():
            return False
        problem = second_factors.WRONG_CODE
        try:
            done = service.finish_with_code(request, user, code.cleaned_data["code"])
        except second_factors.FactorUnreadable as error:
            done, problem = False, str(error)
    if not done:
        code.add_error(None, problem)
    return done


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_second(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor of somebody whose password was right."""
    door, kind = door_of(request)
    user = service.person_of_second_step(request, kind=kind)
    if user is None:
        return HttpResponseRedirect(reverse("sign_in"))
    code = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST":
        try:
            if _finished(request, user, code, PasskeyForm(request.POST)):
                return onwards(request, service.Outcome.SIGNED_IN)
        except service.TooManyTries:
            code.add_error(None, TOO_MANY)
            status = 429
    kinds = set(second_factors.factors_of(user).values_list("type", flat=True))
    has_passkey = second_factors.PASSKEY in kinds
    context = {
        "door": door,
        "form": code,
        "next": safe_next(request),
        "has_app": second_factors.APP in kinds,
        "options": second_factors.begin_passkey_check(request, user) if has_passkey else "",
    }
    return render(request, "accounts/second_step.html", context, status=status)


@never_cache
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """Return what a browser needs to ask for a passkey; it tells nothing of who has one."""
    if asks_too_often(request):
        return JsonResponse({}, status=429)
    return JsonResponse(json.loads(second_factors.begin_passkey_check(request, None)))


@sensitive_post_parameters()
@never_cache
@require_POST
def sign_in_passkey(request: HttpRequest) -> HttpResponse:
    """Sign in with a passkey alone."""
    _, kind = door_of(request)
    form = PasskeyForm(request.POST)
    target = safe_next(request)
    try:
        if form.is_valid() and service.sign_in_with_passkey(
            request, form.cleaned_data["credential"], kind=kind
        ):
            return onwards(request, service.Outcome.SIGNED_IN, target)
    except service.TooManyTries:
        pass
    return HttpResponseRedirect(f"{reverse('sign_in')}?passkey=refused")
