"""The way to a partner's identity provider and back."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tenants.accounts.entry import door_of, onwards, safe_next
from tenants.accounts.services import sign_in
from tenants.accounts.services import single_sign_on as service
from tenants.accounts.services.providers import provider_of

TOO_MANY = "Too many tries. Wait 15 minutes."


def _refused(request: HttpRequest, message: str, status: int = 400) -> HttpResponse:
    context = {"message": message, "door": door_of(request)[0]}
    return render(request, "accounts/single_sign_on.html", context, status=status)


@never_cache
@require_GET
def single_sign_on(request: HttpRequest) -> HttpResponse:
    """Go to the provider."""
    provider = provider_of(door_of(request)[1])
    if provider is None:
        raise Http404
    try:
        address = service.begin(request, provider, safe_next(request))
    except service.Refused as refusal:
        sign_in.note_failure("", refusal.cause)
        return _refused(request, str(refusal), 502)
    return HttpResponseRedirect(address)


@never_cache
@require_GET
def single_sign_on_back(request: HttpRequest) -> HttpResponse:
    """Take whom the provider sent back."""
    _, kind = door_of(request)
    if provider_of(kind) is None:
        raise Http404
    try:
        arrived = service.finish(request, kind)
    except service.Refused as refusal:
        sign_in.note_failure("", f"Single sign-on: {refusal.cause}")
        return _refused(request, str(refusal))
    except sign_in.TooManyTries:
        return _refused(request, TOO_MANY, 429)
    return onwards(request, arrived.outcome, arrived.target)
