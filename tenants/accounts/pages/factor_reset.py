"""Taking the second factors from somebody who lost them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from governance.requests import actor_of
from tenants.accounts.pages.forms import ResetFactorsForm
from tenants.accounts.pages.frame import attempt, page
from tenants.accounts.pages.people import person_or_404
from tenants.accounts.services.second_factors import factors_of, label_of, reset
from tenants.accounts.services.sessions import end_all


@require_http_methods(["GET", "POST"])
def person_factors_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask why, then reset; every session of the person ends, too."""
    person = person_or_404(request, pk)
    form = ResetFactorsForm(request.POST or None)
    actor = actor_of(request)

    def act() -> bool:
        reset(actor, person, form.cleaned_data["reason"])
        end_all(actor, person)
        return True

    if request.method == "POST" and attempt(form, act):
        messages.success(request, f"The second factors of {person.name} are reset.")
        return HttpResponseRedirect(reverse("person_detail", args=[pk]))
    factors = [label_of(one) for one in factors_of(person)]
    context = {"person": person, "form": form, "factors": factors}
    return page(request, "accounts/manage/factor_reset.html", context)
