"""A client's override: its logo beside the partner's, its forms of numbers, dates and time."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from branding.admin.brand_forms import picture_field
from branding.images import ImageRefused
from branding.services.brand import PERMISSION
from branding.services.client_brand import (
    KIND,
    client_logo,
    edit_client_brand,
    open_logo,
    tier_allows,
)
from branding.storage import picture_version, read_picture
from governance.errors import Refusal
from governance.models import ChangeRequest
from governance.requests import actor_of
from governance.services.unsigned import asks_nobody
from tenants.accounts.locales import locale_choices, nearest
from tenants.accounts.models import Client
from tenants.accounts.pages.frame import add_errors
from tenants.accounts.zones import ZoneSelect, zone_choices
from tenants.doors import staff_page


class ClientBrandForm(forms.Form):
    """What can differ for one client."""

    logo_file = picture_field("Logo", "PNG, WebP or JPEG, at most 1 MB, on a clear ground.")
    remove_logo = forms.BooleanField(label="Remove the logo", required=False)
    locale = forms.ChoiceField(
        label="Numbers and dates", choices=locale_choices("As the brand has them"), required=False
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=zone_choices,
        widget=ZoneSelect,
        help_text="Days of usage and cut-offs follow it.",
    )


@staff_page(PERMISSION)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the override, or write it."""
    client = get_object_or_404(Client, pk=pk)
    initial = {"locale": nearest(client.locale), "time_zone": client.time_zone}
    posted = request.method == "POST"
    form = (
        ClientBrandForm(request.POST, request.FILES, initial=initial)
        if posted
        else ClientBrandForm(initial=initial)
    )
    before = open_logo(client)
    if posted and form.is_valid() and _save(request, client, form):
        waiting = open_logo(client)
        # The same request in another revision is this save's as well.
        if waiting and (before is None or _mark(waiting) != _mark(before)):
            said = "Saved. A change of the logo is waiting; this is its request."
            messages.success(request, said)
            return HttpResponseRedirect(reverse("change_detail", args=[waiting.pk]))
        messages.success(request, f"{client.name} was saved.")
        return HttpResponseRedirect(reverse("client_brand", args=[client.pk]))
    version = picture_version(client_logo(client))
    address = reverse("client_brand_logo", args=[client.pk])
    context = {
        "client": client,
        "form": form,
        "allowed": tier_allows(client),
        "at_once": asks_nobody(KIND, client.pk),
        "waiting": before,
        "logo_url": f"{address}?v={version}" if version else "",
    }
    return render(request, "branding/client_brand.html", context)


def _mark(waiting: ChangeRequest) -> tuple[int, int]:
    return waiting.pk, waiting.revision


def _save(request: HttpRequest, client: Client, form: ClientBrandForm) -> bool:
    data = form.cleaned_data
    upload = data["logo_file"]
    try:
        edit_client_brand(
            actor_of(request),
            client,
            locale=data["locale"],
            time_zone=data["time_zone"],
            logo=upload.read() if upload else None,
            remove_logo=data["remove_logo"],
        )
    except ImageRefused as error:
        form.add_error("logo_file", str(error))
    except ValidationError as error:
        add_errors(form, error)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
    else:
        return True
    return False


@staff_page(PERMISSION)
@require_GET
def logo(request: HttpRequest, pk: int) -> HttpResponse:
    """The client's logo as it is kept, shown or not."""
    picture = read_picture(client_logo(get_object_or_404(Client, pk=pk)))
    if picture is None:
        raise Http404
    return HttpResponse(picture, content_type="image/png", headers={"Cache-Control": "no-store"})
