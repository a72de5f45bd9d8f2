"""API tokens: the list, making one (its text is shown once), stopping one."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.lists import chips, page_of
from governance.requests import actor_of
from tenants.accounts.models import ApiToken, User
from tenants.accounts.pages.forms import TokenForm
from tenants.accounts.pages.frame import attempt, page, tabs
from tenants.accounts.permissions import PERMISSIONS
from tenants.accounts.services.tokens import make_token, revoke_token


def _tokens(request: HttpRequest) -> QuerySet[ApiToken]:
    """Every token of the partner; for a client, those that its own people made."""
    actor = actor_of(request)
    tokens = ApiToken.objects.select_related("user", "client")
    if actor.client_id is None:
        return tokens
    return tokens.filter(client_id=actor.client_id, user__client_id=actor.client_id)


@require_GET
def token_list(request: HttpRequest) -> HttpResponse:
    """Show the tokens, those that work first of all."""
    everything = _tokens(request)
    working = everything.filter(revoked_at=None)
    stopped = everything.exclude(revoked_at=None)
    options: list[tuple[str, str, int | None]] = [
        ("", "In use", working.count()),
        ("stopped", "Revoked", stopped.count()),
    ]
    shown = stopped if request.GET.get("show") == "stopped" else working
    context = {
        "page": page_of(request, shown.order_by("-created_at", "-pk")),
        "chips": chips(request, "show", options, ""),
        "tabs": tabs(request, "token_list"),
    }
    return page(request, "accounts/manage/token_list.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def token_make(request: HttpRequest) -> HttpResponse:
    """Make a token for oneself; the answer to the form is the one page that has its text."""
    actor, user = actor_of(request), request.user
    assert isinstance(user, User)
    form = TokenForm(request.POST or None, actor=actor)

    def make() -> tuple[ApiToken, str]:
        data = form.cleaned_data
        return make_token(
            actor,
            user=user,
            name=data["name"],
            scopes=data["scopes"],
            client=data.get("client"),
            expires_at=form.expires_at(),
        )

    made = attempt(form, make) if request.method == "POST" else None
    if made is None:
        return page(request, "accounts/manage/token_make.html", {"form": form})
    token, text = made
    context = {
        "token": token,
        "text": text,
        "scopes": [PERMISSIONS[scope] for scope in token.scopes],
        "address": request.build_absolute_uri("/api/v1/"),
    }
    return page(request, "accounts/manage/token_made.html", context)


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a token at once."""
    token = get_object_or_404(_tokens(request), pk=pk)
    revoke_token(actor_of(request), token)
    messages.success(request, f"{token.name} is revoked and no longer works.")
    return HttpResponseRedirect(reverse("token_list"))
