"""Deliveries on hold, and letting one go."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.errors import Refusal
from governance.requests import actor_of
from syncjobs.models import Hold
from syncjobs.pages.frame import (
    back_to,
    explain_failure,
    one_of,
    page,
    queue_tabs,
    reason_in,
    visible,
)
from syncjobs.services import deliveries
from tenants.lists import chips, page_of


def hold_list(request: HttpRequest) -> HttpResponse:
    """Show what waits, for what, and what it is worth."""
    rows = visible(
        request,
        Hold.objects.select_related(
            "client",
            "delivery__record",
            "delivery__origin",
            "delivery__connection",
            "delivery__workflow_version",
        ),
    )
    open_rows = rows.filter(released_at=None)
    shown = request.GET.get("show", "open")
    options = [("open", "On hold", open_rows.count()), ("released", "Released", None)]
    found = open_rows if shown == "open" else rows.exclude(released_at=None)
    words = request.GET.get("q", "").strip()
    if words:
        found = found.filter(
            Q(missing__icontains=words)
            | Q(delivery__origin__key__icontains=words)
            | Q(delivery__origin__label__icontains=words)
        )
    context = {
        "page": page_of(request, found.order_by("-id")),
        "chips": chips(request, "show", options, "open"),
        "may_work": actor_of(request).can("exceptions.work"),
        "open": shown == "open",
        "words": words,
        "tabs": queue_tabs(request, "hold_list"),
    }
    return page(request, "hold_list.html", context)


def hold_release(request: HttpRequest, pk: int) -> HttpResponse:
    """Release one hold by hand, with a reason."""
    hold = one_of(request, Hold.objects.select_related("delivery"), pk)
    try:
        deliveries.release_hold(actor_of(request), hold, reason=reason_in(request))
        messages.success(request, "Released. It goes out with the next pass.")
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("hold_list"))
