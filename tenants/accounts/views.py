"""Sign-in pages. Every host shows its own brand around the same forms."""

from typing import Final
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tenants.accounts import invitations
from tenants.accounts.entry import door_of, onwards, safe_next
from tenants.accounts.forms import ForgottenForm, PasswordForm, SignInForm
from tenants.accounts.services import sign_in as service
from tenants.accounts.services.forgotten import ask_for_link
from tenants.accounts.services.providers import password_allowed, provider_of
from tenants.accounts.services.single_sign_off import sign_off_address

# Who has just set a password: the form has their address already.
_WELCOMED: Final = "welcomed"


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the sign-in form, or sign in and go where the person wanted to."""
    door, kind = door_of(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(safe_next(request))
    form = SignInForm(request.POST or None, initial={"email": request.session.pop(_WELCOMED, "")})
    status = 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            outcome = service.sign_in(request, data["email"], data["password"], kind=kind)
            if outcome is not service.Outcome.REFUSED:
                return onwards(request, outcome)
            form.add_error(None, "Address and password don't match.")
        except service.TooManyTries:
            form.add_error(None, "Too many tries. Wait 15 minutes, or ask for a new password.")
            status = 429
    context = {
        "form": form,
        "door": door,
        "next": safe_next(request),
        "next_query": urlencode({"next": safe_next(request)}),
        "provider": provider_of(kind) if door != "console" else None,
        "by_password": request.method == "POST" or "password" in request.GET,
    }
    return render(request, "accounts/sign_in.html", context, status=status)


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, and the one at the identity provider where it knows how."""
    away = sign_off_address(request)
    service.sign_out(request)
    if away:
        # Not a redirect: the policy keeps what a form leads to on this host.
        context = {"away": away, "there": urlsplit(away).hostname}
        return render(request, "accounts/signing_out.html", context)
    return HttpResponseRedirect(reverse("sign_in"))


@never_cache
@require_http_methods(["GET", "POST"])
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Queue a link; the answer, and what is done for it, are the same for an unknown address."""
    door, kind = door_of(request)
    form = ForgottenForm(request.POST or None)
    sent = False
    if request.method == "POST" and form.is_valid():
        # One path, whoever it is: who has an account is looked up when the mail is sent.
        ask_for_link(form.cleaned_data["email"], kind=kind)
        sent = True
    context = {"form": form, "door": door, "sent": sent}
    return render(request, "accounts/password_forgotten.html", context)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Let the person of an invitation or reset link set their password."""
    door, kind = door_of(request)
    user = invitations.person_of_link(uid, token)
    if user is None or user.kind != kind:
        return render(request, "accounts/link_expired.html", {"door": door}, status=410)
    if not password_allowed(user):
        return HttpResponseRedirect(reverse("sign_in"))
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if invitations.set_password(user, form.cleaned_data["password"]):
                # Their first: the link went to nobody else, and they typed it twice just now.
                return onwards(request, service.proceed(request, user, "invitation"), "/")
            messages.success(request, "Your password is set. Sign in with it.")
            request.session[_WELCOMED] = user.email
            return HttpResponseRedirect(reverse("sign_in"))
        except ValidationError as error:
            form.add_error("password", error)
    return render(request, "accounts/welcome.html", {"form": form, "door": door, "person": user})
