"""Setting up single sign-on for staff or for clients' people."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from governance.requests import actor_of
from tenants.accounts.models import IdentityProvider
from tenants.accounts.pages.forms import IdentityProviderForm, provider_values
from tenants.accounts.pages.frame import attempt, page
from tenants.accounts.services.providers import set_up
from tenants.context import current_schema
from tenants.hosts import base_url
from tenants.nouns import in_words

KINDS = {"staff": ("Staff", "admin"), "client": ("Clients' people", "portal")}


@sensitive_post_parameters("secret")
@require_http_methods(["GET", "POST"])
def identity_provider(request: HttpRequest, kind: str) -> HttpResponse:
    """Show and change it."""
    if kind not in KINDS:
        raise Http404
    label, door = KINDS[kind]
    provider = IdentityProvider.objects.filter(kind=kind).first()
    initial = provider_values(provider) if provider else {}
    form = IdentityProviderForm(request.POST or None, kind=kind, initial=initial)

    def save() -> bool:
        set_up(actor_of(request), kind, form.setup())
        return True

    if request.method == "POST" and attempt(form, save):
        messages.success(request, "Single sign-on is saved.")
        return HttpResponseRedirect(reverse("sign_in_rules"))
    context = {
        "form": form,
        "label": in_words(label),
        "oidc_back": base_url(current_schema(), door) + "/sign-in/back/",
        "oidc_after": base_url(current_schema(), door) + reverse("sign_in"),
        "saml_back": base_url(current_schema(), door) + "/sign-in/saml/",
        "saml_metadata": base_url(current_schema(), door) + reverse("saml_metadata"),
        "of_staff": kind == "staff",
    }
    return page(request, "accounts/manage/identity_provider.html", context)
