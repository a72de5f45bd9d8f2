"""What the partner asks of people who sign in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from governance.requests import actor_of
from tenants.accounts.models import IdentityProvider
from tenants.accounts.pages.forms import SignInRulesForm
from tenants.accounts.pages.frame import attempt, page, tabs
from tenants.accounts.services.sign_in_rules import change_rules, current_rules
from tenants.nouns import in_words


@require_http_methods(["GET", "POST"])
def sign_in_rules(request: HttpRequest) -> HttpResponse:
    """Show and change which roles need a second factor."""
    roles = current_rules().factor_roles
    form = SignInRulesForm(
        request.POST or None, initial={"staff_roles": roles, "client_roles": roles}
    )

    def save() -> bool:
        change_rules(actor_of(request), factor_roles=form.factor_roles())
        return True

    if request.method == "POST" and attempt(form, save):
        messages.success(request, "Saved. It holds from the next page that somebody opens.")
        return HttpResponseRedirect(reverse("sign_in_rules"))
    providers = {one.kind: one for one in IdentityProvider.objects.all()}
    doors = [
        ("staff", "Staff", providers.get("staff")),
        ("client", in_words("Clients' people"), providers.get("client")),
    ]
    context = {"form": form, "doors": doors, "tabs": tabs(request, "sign_in_rules")}
    return page(request, "accounts/manage/sign_in_rules.html", context)
