"""The way to a partner's identity provider and back."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from tenants.accounts import saml
from tenants.accounts.entry import asks_too_often, door_of, onwards, safe_next
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
    if asks_too_often(request):
        return _refused(request, TOO_MANY, 429)
    try:
        address = service.begin(request, provider, safe_next(request))
    except service.Refused as refusal:
        sign_in.note_failure("", refusal.cause)
        return _refused(request, str(refusal), 502)
    return HttpResponseRedirect(address)


@never_cache
@require_GET
def single_sign_on_back(request: HttpRequest) -> HttpResponse:
    """Take whom the provider sent back with a code."""
    return _back(request)


@csrf_exempt  # the answer names the request of this session, which no other place knows
@never_cache
@require_POST
def saml_back(request: HttpRequest) -> HttpResponse:
    """Take whom the provider sent back with a signed answer.

    A browser keeps its cookies to itself when another site sends a form here. So the form is
    sent once more, by a page of ours.
    """
    if provider_of(door_of(request)[1]) is None:
        raise Http404
    if not service.was_asked(request) and "again" not in request.POST:
        answer = request.POST.get("SAMLResponse", "")[: saml.MAX_ANSWER + 1]
        context = {"answer": answer, "door": door_of(request)[0]}
        return render(request, "accounts/saml_again.html", context)
    return _back(request)


@require_GET
def saml_metadata(request: HttpRequest) -> HttpResponse:
    """Describe this host to an identity provider, before it is set up as well as after."""
    if door_of(request)[0] == "console":
        raise Http404
    back = f"{request.scheme}://{request.get_host()}{reverse('saml_back')}"
    return HttpResponse(saml.metadata(back), content_type="application/samlmetadata+xml")


def _back(request: HttpRequest) -> HttpResponse:
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
