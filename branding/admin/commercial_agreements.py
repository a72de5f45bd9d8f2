"""What is agreed with one client instead of its tier's prices, for staff: each is a request."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from branding import pricing
from branding.commercial.agreement_forms import AgreementEndForm, AgreementForm
from branding.commercial.agreements import Agreement
from branding.commercial.calculator import Calculation, calculate
from branding.commercial.forms import BandFormSet
from branding.commercial.months import Month
from branding.models import Subscription
from branding.services.agreement_changes import propose_agreement, propose_end
from branding.services.agreements import find_agreement
from branding.services.tiers import version_in
from governance.models import ChangeRequest
from governance.requests import actor_of
from tenants.accounts.pages.frame import attempt, page

PROPOSED = "Proposed: it holds once somebody else has approved it."


def _subscription(pk: int) -> Subscription:
    return get_object_or_404(Subscription.objects.select_related("client", "tier"), pk=pk)


@require_http_methods(["GET", "POST"])
def subscription_agreed(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what is agreed, and ask for more; with `calculate`, only say what a month would cost."""
    subscription = _subscription(pk)
    form = AgreementForm(request.POST or None)
    bands = BandFormSet(request.POST or None, prefix="bands")

    def ask() -> ChangeRequest:
        starts, ends = form.months()
        return propose_agreement(
            actor_of(request),
            subscription,
            starts=starts,
            ends=ends,
            terms=form.own(bands.bands()),
            why=form.cleaned_data["why"],
        )

    trying = "calculate" in request.POST
    if request.method == "POST":
        actor_of(request).require("prices.manage", None)
        if not trying and bands.is_valid() and (asked := attempt(form, ask)):
            return _proposed(request, asked)
    calculation, problems = _tried(form, bands, subscription) if trying else (None, ())
    now = Month.of(timezone.localdate())
    context = {
        "subscription": subscription,
        "agreed": [
            {"one": one, "lines": one.described(subscription.tier.currency), "now": one.covers(now)}
            for one in subscription.agreements()
        ],
        "form": form,
        "bands": bands,
        "calculation": calculation,
        "problems": problems,
        "show_errors": not trying,
    }
    return page(request, "branding/commercial/subscription_agreed.html", context)


def _tried(
    form: AgreementForm, bands: BandFormSet, subscription: Subscription
) -> tuple[Calculation | None, tuple[str, ...]]:
    """Return what the volume in the form costs at these terms, or why that can't be said yet."""
    form.is_valid()
    starts = form.cleaned_data.get("starts")
    version = version_in(subscription.tier, Month.parse(starts)) if starts else None
    if version is None or not bands.is_valid():
        return None, ("Choose a month in which the tier has prices, and complete the bands.",)
    wanted = Agreement("", Month.parse(str(starts)), None, form.own(bands.bands()), "", "")
    prices = wanted.over(version.prices())
    try:
        pricing.check(prices)
    except pricing.PriceError as error:
        return None, error.problems
    volume = form.cleaned_data.get("volume")
    return calculate(prices, prices.included * 2 if volume is None else volume), ()


@require_http_methods(["GET", "POST"])
def agreement_end(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Ask for an agreement to end, or to be taken back."""
    subscription = _subscription(pk)
    agreement = find_agreement(subscription, key)
    if agreement is None:
        raise Http404
    form = AgreementEndForm(agreement, request.POST or None)

    def ask() -> ChangeRequest:
        why = form.cleaned_data["reason"]
        return propose_end(actor_of(request), subscription, key, ends=form.month(), reason=why)

    asked = attempt(form, ask) if request.method == "POST" else None
    if asked:
        return _proposed(request, asked)
    context = {
        "form": form,
        "subscription": subscription,
        "agreement": agreement,
        "lines": agreement.described(subscription.tier.currency),
    }
    return page(request, "branding/commercial/agreement_end.html", context)


def _proposed(request: HttpRequest, asked: ChangeRequest) -> HttpResponse:
    messages.success(request, PROPOSED)
    return HttpResponseRedirect(reverse("change_detail", args=[asked.pk]))
