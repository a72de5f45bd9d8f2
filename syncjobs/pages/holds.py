"""Deliveries on hold, and letting one go."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.errors import Refusal
from governance.lists import chips, ordered, page_of
from governance.requests import actor_of
from syncjobs.models import Hold
from syncjobs.pages.frame import (
    back_to,
    explain_failure,
    one_of,
    page,
    queue_tabs,
    reason_in,
    released_words,
    utc_text,
    visible,
)
from syncjobs.services import hold_releases
from tenants.tables.listed import listed_file

SORTS = {"record": "delivery__origin__key", "missing": "missing", "since": "created_at"}
COLUMNS: dict[str, Callable[[Hold], object]] = {
    "Record": lambda one: one.delivery.origin.key,
    "Name": lambda one: one.delivery.origin.label,
    "Client": lambda one: one.client,
    "System": lambda one: one.delivery.connection,
    "Missing": lambda one: one.missing,
    "Message": lambda one: one.message,
    "Since (UTC)": lambda one: utc_text(one.created_at),
    "Released (UTC)": lambda one: utc_text(one.released_at),
    "By": lambda one: one.released_by,
    "Why": lambda one: one.reason,
}


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
    found = ordered(request, found, SORTS, "-id")
    if file := listed_file(request, "on-hold", found, COLUMNS):
        return file
    context = {
        "page": page_of(request, found),
        "chips": chips(request, "show", options, "open"),
        "may_work": actor_of(request).can("exceptions.work"),
        "open": shown == "open",
        "words": words,
        "tabs": queue_tabs(request, "hold_list"),
    }
    return page(request, "hold_list.html", context)


def hold_release(request: HttpRequest, pk: int) -> HttpResponse:
    """Release one hold by hand, with a reason."""
    rows = Hold.objects.select_related("delivery__workflow_version", "delivery__record")
    hold = one_of(request, rows, pk)
    try:
        done = hold_releases.release_hold(actor_of(request), hold, reason=reason_in(request))
        messages.success(request, released_words(done))
    except (ValidationError, Refusal) as error:
        explain_failure(request, error)
    return back_to(request, reverse("hold_list"))
