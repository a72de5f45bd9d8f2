"""A person's own forms of numbers and dates, and their time zone. The same on both doors."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from governance.requests import actor_of
from tenants.accounts.locales import locale_choices, nearest
from tenants.accounts.models import User
from tenants.accounts.pages.frame import attempt, page
from tenants.accounts.services.people import set_forms
from tenants.accounts.zones import ZoneSelect, zone_choices


def _zones() -> list[tuple[str, str]]:
    return [("", "As usual here"), *zone_choices()]


class PreferencesForm(forms.Form):
    """What a person chooses for themselves."""

    locale = forms.ChoiceField(
        label="Numbers and dates", choices=locale_choices("As usual here"), required=False
    )
    time_zone = forms.ChoiceField(
        label="Time zone", choices=_zones, widget=ZoneSelect, required=False
    )


@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Show or set the signed-in person's own forms."""
    user = request.user
    assert isinstance(user, User)  # the guard lets nobody else in
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        initial={"locale": nearest(user.locale), "time_zone": user.time_zone},
    )

    def keep() -> bool:
        set_forms(actor_of(request), user, **form.cleaned_data)
        return True

    if request.method == "POST" and attempt(form, keep):
        messages.success(request, "Saved.")
        return HttpResponseRedirect(reverse("preferences"))
    return page(request, "accounts/preferences.html", {"form": form})
