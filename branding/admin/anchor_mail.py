"""Who gets the end of the audit trail by mail: what holds, and proposing something else."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from branding.services.anchor_mail import MOST, anchor_addresses, propose_anchor_mail
from governance.errors import Refusal
from governance.reasons import ReasonForm
from governance.requests import actor_of
from tenants.accounts.pages.frame import page


class AddressesForm(ReasonForm):
    """Addresses, one a line; none for nobody."""

    field_order = ("addresses",)

    addresses = forms.CharField(
        required=False,
        max_length=3000,
        label="Addresses",
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=f"One a line, {MOST} at most, such as your auditor's.",
    )


@require_http_methods(["GET", "POST"])
def anchor_mail(request: HttpRequest) -> HttpResponse:
    """Propose who gets the mail; the page of the request comes next."""
    form = AddressesForm(request.POST or None, initial={"addresses": "\n".join(anchor_addresses())})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            asked = propose_anchor_mail(
                actor_of(request),
                data["addresses"].splitlines(),
                reason=data["reason"],
                ticket=data["ticket"],
            )
        except (ValidationError, Refusal) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Proposed. Until it is signed, everything stays as it is.")
            return HttpResponseRedirect(reverse("change_detail", args=[asked.pk]))
    return page(request, "branding/anchor_mail.html", {"form": form})
