"""Which client is on which tier, for staff."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branding.admin.commercial_tiers import tabs
from branding.commercial.forms import EndForm, SubscribeForm
from branding.formats import date_text
from branding.models import Subscription
from branding.services.subscriptions import cancel_subscription, end_subscription, subscribe
from branding.viewer import viewer_of
from governance.lists import chips, page_of
from governance.requests import actor_of
from tenants.accounts.pages.frame import attempt, page, say_refusal


@require_GET
def subscription_list(request: HttpRequest) -> HttpResponse:
    """Show the subscriptions that run, are planned, or have ended."""
    today = timezone.localdate()
    words = request.GET.get("q", "").strip()[:100]
    found = Subscription.objects.select_related("client", "tier")
    if words:
        found = found.filter(Q(client__name__icontains=words) | Q(tier__name__icontains=words))
    groups = {
        "": ("Running", found.filter(starts_on__lte=today).exclude(ends_on__lt=today)),
        "planned": ("Planned", found.filter(starts_on__gt=today)),
        "ended": ("Ended", found.filter(ends_on__lt=today)),
    }
    options: list[tuple[str, str, int | None]] = [
        (value, label, rows.count()) for value, (label, rows) in groups.items()
    ]
    shown = groups.get(request.GET.get("show", ""), groups[""])[1]
    context = {
        "page": page_of(request, shown.order_by("client__name", "-starts_on")),
        "chips": chips(request, "show", options, ""),
        "tabs": tabs("subscription_list"),
        "today": today,
    }
    return page(request, "branding/commercial/subscription_list.html", context)


@require_http_methods(["GET", "POST"])
def subscription_add(request: HttpRequest) -> HttpResponse:
    """Put a client on a tier."""
    form = SubscribeForm(
        request.POST or None,
        initial={"client": request.GET.get("client"), "tier": request.GET.get("tier")},
    )

    def add() -> Subscription:
        data = form.cleaned_data
        return subscribe(
            actor_of(request), data["client"], data["tier"], starts_on=data["starts_on"]
        )

    made = attempt(form, add) if request.method == "POST" else None
    if made:
        day = date_text(made.starts_on, viewer_of(request))
        messages.success(request, f"{made.client} is on {made.tier} from {day}.")
        return HttpResponseRedirect(reverse("subscription_list"))
    return page(request, "branding/commercial/subscription_add.html", {"form": form})


@require_http_methods(["GET", "POST"])
def subscription_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the last day of a subscription."""
    subscription = get_object_or_404(Subscription.objects.select_related("client", "tier"), pk=pk)
    form = EndForm(request.POST or None, initial={"ends_on": subscription.ends_on})

    def end() -> Subscription:
        return end_subscription(actor_of(request), subscription, ends_on=form.day())

    ended = attempt(form, end) if request.method == "POST" else None
    if ended:
        day = date_text(form.day(), viewer_of(request))
        messages.success(request, f"{ended.client} leaves {ended.tier} after {day}.")
        return HttpResponseRedirect(reverse("subscription_list"))
    context = {"form": form, "subscription": subscription}
    return page(request, "branding/commercial/subscription_end.html", context)


@require_POST
def subscription_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a subscription that has not begun."""
    subscription = get_object_or_404(Subscription.objects.select_related("client", "tier"), pk=pk)
    try:
        cancel_subscription(actor_of(request), subscription)
    except ValidationError as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"The move of {subscription.client} was cancelled.")
    return HttpResponseRedirect(reverse("subscription_list"))
