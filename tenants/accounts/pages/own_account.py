"""Your account: name, password, where you are signed in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from governance.requests import actor_of
from tenants.accounts.entry import safe_next
from tenants.accounts.models import User
from tenants.accounts.pages.forms import ConfirmForm, NameForm, OwnPasswordForm
from tenants.accounts.pages.frame import attempt, page
from tenants.accounts.services import own_account, second_factors, sessions
from tenants.accounts.services import sign_in as sign_in_service
from tenants.accounts.services.sign_in_rules import needs_factor

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
TOO_MANY = "Too many tries. Wait 15 minutes."


def me(request: HttpRequest) -> User:
    """Return who is signed in. Raises PermissionDenied for somebody without an account here."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def to_account() -> HttpResponseRedirect:
    """Go to the account page."""
    return HttpResponseRedirect(reverse("own_account"))


def confirmed(view: View[P]) -> View[P]:
    """Ask again for a proof of who it is, where the last one is not recent."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if sign_in_service.proved_lately(request):
            return view(request, *args, **kwargs)
        target = request.path if request.method == "GET" else reverse("own_factors")
        return HttpResponseRedirect(f"{reverse('own_confirm')}?next={target}")

    return cast("View[P]", guarded)


@never_cache
@require_http_methods(["GET", "POST"])
def own_account_page(request: HttpRequest) -> HttpResponse:
    """Show the account, and take another name."""
    user = me(request)
    form = NameForm(request.POST or None, initial={"name": user.name})

    def save() -> bool:
        own_account.rename(actor_of(request), user, form.cleaned_data["name"])
        return True

    if request.method == "POST" and attempt(form, save):
        messages.success(request, "Your name is saved.")
        return to_account()
    context = {
        "form": form,
        "person": user,
        "factors": second_factors.factors_of(user).count(),
        "needs_factor": needs_factor(user),
        "sessions": sessions.sessions_of(request, user),
        "has_password": user.has_usable_password(),
    }
    return page(request, "accounts/own/account.html", context)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def own_password(request: HttpRequest) -> HttpResponse:
    """Change the password."""
    user = me(request)
    form = OwnPasswordForm(request.POST or None)

    def save() -> bool:
        data = form.cleaned_data
        own_account.change_password(request, user, data["old"], data["password"])
        return True

    status = 200
    try:
        if request.method == "POST" and attempt(form, save):
            messages.success(request, "Your password is changed. Every other session has ended.")
            return to_account()
    except sign_in_service.TooManyTries:
        form.add_error(None, TOO_MANY)
        status = 429
    return page(request, "accounts/own/password.html", {"form": form}, status=status)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def own_confirm(request: HttpRequest) -> HttpResponse:
    """Ask for the password again, or for a code where there is no password."""
    user = me(request)
    form = ConfirmForm(request.POST or None, password=user.has_usable_password())
    status = 200

    def prove() -> bool:
        proof = form.cleaned_data["proof"]
        if user.has_usable_password():
            own_account.check_password(user, proof)
            return True
        problem = second_factors.WRONG_CODE
        try:
            used = sign_in_service.prove_factor(
                user, lambda: second_factors.check_code(user, proof)
            )
        except second_factors.FactorUnreadable as error:
            used, problem = None, str(error)
        if used is None:
            form.add_error("proof", problem)
        return used is not None

    try:
        if request.method == "POST" and attempt(form, prove):
            sign_in_service.note_proof(request)
            return HttpResponseRedirect(safe_next(request, reverse("own_factors")))
    except sign_in_service.TooManyTries:
        form.add_error(None, TOO_MANY)
        status = 429
    context = {
        "form": form,
        "next": safe_next(request, reverse("own_factors")),
        "possible": user.has_usable_password() or second_factors.has_factor(user),
    }
    return page(request, "accounts/own/confirm.html", context, status=status)


@require_POST
def own_session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out one session."""
    if not sessions.end_session(actor_of(request), me(request), pk):
        raise Http404
    messages.success(request, "That session has ended.")
    return to_account()


@require_POST
def own_sessions_end(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere else."""
    user = me(request)
    ended = sessions.end_others(actor_of(request), user, request.session.session_key)
    said = f"Signed out of {ended} other session{'s' if ended != 1 else ''}."
    messages.success(request, said if ended else "You are signed in nowhere else.")
    return to_account()
