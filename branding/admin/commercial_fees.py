"""One-off fees of a client's month, for staff: each is a change request."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from branding.commercial.agreement_forms import FeeForm, ReasonForm
from branding.commercial.months import Month
from branding.commercial.pages import month_or_404
from branding.services.fee_changes import propose_fee, propose_taking_back
from branding.services.fees import find_fee, prefix_of
from branding.services.statements import client_month
from governance.models import ChangeRequest
from governance.requests import actor_of
from tenants.accounts.models import Client
from tenants.accounts.pages.frame import attempt, page

PROPOSED = "Proposed: it counts once somebody else has approved it."


@require_http_methods(["GET", "POST"])
def fee_add(request: HttpRequest, pk: int, month: str) -> HttpResponse:
    """Ask for a one-off fee."""
    client, wanted = get_object_or_404(Client, pk=pk), month_or_404(month)
    form = FeeForm(request.POST or None)

    def ask() -> ChangeRequest:
        data = form.cleaned_data
        return propose_fee(
            actor_of(request),
            client,
            wanted,
            name=data["name"],
            amount=data["amount"],
            why=data["why"],
        )

    asked = attempt(form, ask) if request.method == "POST" else None
    if asked:
        return _proposed(request, asked)
    context = {
        "form": form,
        "client": client,
        "month": wanted,
        "currency": client_month(client, wanted).draft.currency,
    }
    return page(request, "branding/commercial/fee_add.html", context)


@require_http_methods(["GET", "POST"])
def fee_take_back(request: HttpRequest, pk: int, month: str, key: str) -> HttpResponse:
    """Ask for a fee to be taken back."""
    client, wanted = get_object_or_404(Client, pk=pk), month_or_404(month)
    fee = find_fee(key) if _is_of(client, wanted, key) else None
    if fee is None:
        raise Http404
    form = ReasonForm(request.POST or None)

    def ask() -> ChangeRequest:
        why = form.cleaned_data["reason"]
        return propose_taking_back(actor_of(request), client, fee, reason=why)

    asked = attempt(form, ask) if request.method == "POST" else None
    if asked:
        return _proposed(request, asked)
    context = {"form": form, "client": client, "month": wanted, "fee": fee}
    return page(request, "branding/commercial/fee_take_back.html", context)


def _is_of(client: Client, month: Month, key: str) -> bool:
    return key.startswith(prefix_of(client.pk, month))


def _proposed(request: HttpRequest, asked: ChangeRequest) -> HttpResponse:
    messages.success(request, PROPOSED)
    return HttpResponseRedirect(reverse("change_detail", args=[asked.pk]))
