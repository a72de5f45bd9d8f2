"""Tiers for staff: the list, one tier, its prices, and what a volume would cost."""

from collections.abc import Iterable, Mapping

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branding import pricing
from branding.commercial import escalation
from branding.commercial.calculator import (
    Calculation,
    bands_with_starts,
    calculate,
    samples,
)
from branding.commercial.forms import (
    BandFormSet,
    CostsForm,
    NameForm,
    TermsForm,
    TierForm,
    band_rows,
)
from branding.commercial.months import Month
from branding.models import Tier, TierVersion
from branding.services.price_changes import set_or_propose_terms
from branding.services.tiers import (
    Terms,
    add_tier,
    change_tier,
    is_taken,
    set_costs,
    terms_of,
    version_in,
)
from governance.lists import chips, page_of
from governance.models import ChangeRequest
from governance.requests import actor_of
from tenants.accounts.pages.frame import attempt, page, say_refusal
from tenants.accounts.services.roles import role_names

TABS = (("tier_list", "Tiers"), ("subscription_list", "Subscriptions"))


def tabs(here: str) -> list[dict[str, object]]:
    """Return the tabs over tiers and subscriptions."""
    return [{"label": label, "url": reverse(name), "active": name == here} for name, label in TABS]


@require_GET
def tier_list(request: HttpRequest) -> HttpResponse:
    """Show the price list."""
    month = Month.of(timezone.localdate())
    today = timezone.localdate()
    current = Q(subscriptions__starts_on__lte=today) & (
        Q(subscriptions__ends_on=None) | Q(subscriptions__ends_on__gte=today)
    )
    tiers = Tier.objects.annotate(clients=Count("subscriptions", filter=current))
    offered, retired = tiers.filter(retired_at=None), tiers.exclude(retired_at=None)
    options: list[tuple[str, str, int | None]] = [
        ("", "Offered", offered.count()),
        ("retired", "Retired", retired.count()),
    ]
    chosen = retired if request.GET.get("show") == "retired" else offered
    rows = page_of(request, chosen.order_by("name"))
    versions = _versions(rows, month)
    context = {
        "page": rows,
        "rows": [{"tier": tier, "version": versions.get(tier.pk)} for tier in rows],
        "chips": chips(request, "show", options, ""),
        "tabs": tabs("tier_list"),
    }
    return page(request, "branding/commercial/tier_list.html", context)


def _versions(tiers: Iterable[Tier], month: Month) -> Mapping[int, TierVersion]:
    rows = TierVersion.objects.filter(tier__in=list(tiers), starts_on__lte=month.first)
    newest = rows.select_related("tier").order_by("tier_id", "-starts_on").distinct("tier_id")
    return {row.tier_id: row for row in newest}


@require_http_methods(["GET", "POST"])
def tier_add(request: HttpRequest) -> HttpResponse:
    """Add a tier; with `calculate`, only say what a volume would cost."""
    form = TierForm(request.POST or None)
    bands = BandFormSet(request.POST or None, prefix="bands")

    def add() -> Tier:
        data = form.cleaned_data
        return add_tier(
            actor_of(request),
            name=data["name"],
            description=data["description"],
            co_branding=data["co_branding"],
            terms=form.terms(data["currency"], bands.bands()),
            starts=form.starts_month(),
        )

    if request.method == "POST" and "calculate" not in request.POST and bands.is_valid():
        tier = attempt(form, add)
        if tier:
            messages.success(request, f"{tier.name} was added.")
            return HttpResponseRedirect(reverse("tier_detail", args=[tier.pk]))
    return _terms_page(request, form, bands, tier=None)


@require_http_methods(["GET", "POST"])
def tier_terms(request: HttpRequest, pk: int) -> HttpResponse:
    """Set new prices of a tier from a month on."""
    tier = get_object_or_404(Tier, pk=pk)
    now = Month.of(timezone.localdate())
    version = version_in(tier, now.plus(1)) or tier.versions.select_related("tier").last()
    known = terms_of(version) if version else None
    form = TermsForm(request.POST or None, initial=_initial(known, now.plus(1)))
    bands = BandFormSet(
        request.POST or None, prefix="bands", initial=band_rows(known.prices.bands) if known else []
    )

    def keep() -> TierVersion | ChangeRequest:
        terms = form.terms(tier.currency, bands.bands())
        starts, why = form.starts_month(), form.cleaned_data["reason"].strip()
        return set_or_propose_terms(actor_of(request), tier, terms=terms, starts=starts, reason=why)

    if request.method == "POST" and "calculate" not in request.POST and bands.is_valid():
        kept = attempt(form, keep)
        if isinstance(kept, ChangeRequest):
            messages.success(request, "Proposed: clients pay these prices, so somebody else signs.")
            return HttpResponseRedirect(reverse("change_detail", args=[kept.pk]))
        if kept:
            messages.success(request, f"The prices hold from {form.starts_month().label} on.")
            return HttpResponseRedirect(reverse("tier_detail", args=[tier.pk]))
    return _terms_page(request, form, bands, tier=tier)


def _initial(terms: Terms | None, starts: Month) -> dict[str, object]:
    if terms is None:
        return {"starts": str(starts)}
    return {
        "base_fee": terms.prices.base_fee,
        "included": terms.prices.included,
        "sla_hours": terms.sla_hours,
        "sla_credit": terms.prices.credit or None,
        "sla_credit_cap": terms.prices.credit_cap or None,
        "workflows_included": terms.workflows_included,
        "connections_included": terms.connections_included,
        **{
            f"escalate_{name}_{number}": value
            for number, one in enumerate(terms.escalation, 1)
            for name, value in (("at", one.percent), ("to", one.role))
        },
        "starts": str(starts),
    }


def _terms_page(
    request: HttpRequest, form: TermsForm, bands: BandFormSet, *, tier: Tier | None
) -> HttpResponse:
    trying = "calculate" in request.POST
    calculation, problems = _tried(form, bands, tier) if trying else (None, ())
    context = {
        "form": form,
        "bands": bands,
        "tier": tier,
        "is_taken": tier is not None and is_taken(tier),
        "calculation": calculation,
        "problems": problems,
        "show_errors": not trying,
    }
    return page(request, "branding/commercial/tier_form.html", context)


def _tried(
    form: TermsForm, bands: BandFormSet, tier: Tier | None
) -> tuple[Calculation | None, tuple[str, ...]]:
    """Return what the volume in the form costs, or why that can't be said yet.

    Fields that don't matter to the price may still be empty.
    """
    form.is_valid()
    data = form.cleaned_data
    needed = ("base_fee", "included")
    if any(data.get(name) is None for name in needed) or not bands.is_valid():
        return None, ("Fill in the fee, the volume and the prices.",)
    currency = tier.currency if tier else data.get("currency", "EUR")
    prices = pricing.PriceList(currency, data["base_fee"], data["included"], bands.bands())
    try:
        pricing.check(prices)
    except pricing.PriceError as error:
        return None, error.problems
    volume = data.get("volume")
    return calculate(prices, prices.included * 2 if volume is None else volume), ()


@require_http_methods(["GET", "POST"])
def tier_costs(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a tier costs the partner, by version of its prices."""
    tier = get_object_or_404(Tier, pk=pk)
    versions = list(tier.versions.all())
    now = version_in(tier, Month.of(timezone.localdate())) or (versions[0] if versions else None)
    known = {"version": now.pk, **now.own_costs.as_json()} if now else {}
    form = CostsForm(versions, request.POST or None, initial=known)

    def keep() -> TierVersion:
        chosen = next(one for one in versions if str(one.pk) == form.cleaned_data["version"])
        return set_costs(actor_of(request), chosen, form.costs())

    kept = attempt(form, keep) if request.method == "POST" else None
    if kept:
        messages.success(request, "The costs were saved.")
        return HttpResponseRedirect(reverse("tier_detail", args=[tier.pk]))
    return page(request, "branding/commercial/tier_costs.html", {"tier": tier, "form": form})


@require_http_methods(["GET", "POST"])
def tier_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a tier: its prices now, before and later; who is on it; what a volume costs."""
    tier = get_object_or_404(Tier, pk=pk)
    known = {name: getattr(tier, name) for name in ("name", "description", "co_branding")}
    form = NameForm(request.POST or None, initial=known)

    def rename() -> Tier:
        return change_tier(actor_of(request), tier, **form.cleaned_data)

    if request.method == "POST":
        actor_of(request).require("prices.manage", None)
        changed = attempt(form, rename)
        if changed:
            messages.success(request, f"{changed.name} was saved.")
            return HttpResponseRedirect(reverse("tier_detail", args=[tier.pk]))
    context = {"tier": tier, "form": form, **_prices_of(request, tier)}
    if isinstance(version := context["version"], TierVersion):
        path = terms_of(version).escalation or escalation.USUAL
        context["escalation"] = escalation.words(path, role_names())
    return page(request, "branding/commercial/tier_detail.html", context)


def _prices_of(request: HttpRequest, tier: Tier) -> dict[str, object]:
    today = timezone.localdate()
    version = version_in(tier, Month.of(today))
    subscriptions = tier.subscriptions.select_related("client").exclude(ends_on__lt=today)
    volume = request.GET.get("volume", "")
    asked = int(volume) if volume.isdecimal() and len(volume) <= 12 else None
    prices = version.prices() if version else None
    return {
        "version": version,
        "bands": bands_with_starts(prices) if prices else [],
        "versions": tier.versions.all(),
        "today": today,
        "subscriptions": subscriptions.order_by("client__name"),
        "volume": volume,
        "calculation": calculate(prices, asked) if prices and asked is not None else None,
        "samples": samples(prices) if prices else [],
    }


@require_POST
def tier_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a tier off the list, or put it back."""
    tier = get_object_or_404(Tier, pk=pk)
    retired = request.POST.get("retired") == "yes"
    try:
        change_tier(actor_of(request), tier, retired=retired)
    except ValidationError as error:
        say_refusal(request, error)
    else:
        done = "is no longer offered" if retired else "is offered again"
        messages.success(request, f"{tier.name} {done}.")
    return HttpResponseRedirect(reverse("tier_detail", args=[tier.pk]))
