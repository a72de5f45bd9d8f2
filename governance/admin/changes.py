"""Change requests for staff: the list, one request, and the decisions on it."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from governance.admin.frame import sections
from governance.decisions import (
    RemarkForm,
    decide,
    detail_page_context,
    impact_progress,
    post_approval,
    post_impact_again,
    post_rejection,
    submitted,
)
from governance.doors import guarded_page
from governance.lists import chips, ordered, page_of
from governance.models import ChangeRequest
from governance.requests import actor_of
from governance.services import changes
from governance.services.details import AWAITS_REVIEW, awaiting_signature, client_name
from governance.services.requests import visible_requests
from governance.state import CLOSED, OPEN

PAGE = "change_detail"
_FILTERS = {
    "open": "Open",
    "mine": "Waiting for me",
    "emergency": "Emergencies",
    "live": "Live",
    "closed": "Closed",
}
# What a heading asks for → column.
SORTS = {
    "title": "title",
    "status": "status",
    "author": "author_label",
    "proposed": "submitted_at",
}


@guarded_page("changes.view")
@require_GET
def change_list(request: HttpRequest) -> HttpResponse:
    """Show the requests: open ones first of all, by words in their title if asked."""
    actor = actor_of(request)
    chosen = request.GET.get("show", "open")
    words = request.GET.get("q", "").strip()[:100]
    waiting = {one.pk for one in awaiting_signature(actor)}
    found = visible_requests(actor)
    if chosen == "mine":
        found = found.filter(pk__in=waiting)
    elif chosen == "emergency":
        found = found.filter(emergency=True)
    elif chosen == "live":
        found = found.filter(status="applied")
    elif chosen == "closed":
        found = found.filter(status__in=CLOSED - {"applied"})
    else:
        # An emergency that nobody reviewed is as open as any.
        chosen, found = "open", found.filter(Q(status__in=OPEN) | Q(AWAITS_REVIEW))
    if words:
        found = found.filter(title__icontains=words)
    found = found.prefetch_related("changes")
    page = page_of(request, ordered(request, found, SORTS, "-id"))
    rows = [
        {
            "request": one,
            "client": client_name(one),
            "mine": one.pk in waiting,
            "url": reverse(PAGE, args=[one.pk]),
        }
        for one in page
    ]
    options = [
        (key, label, len(waiting) if key == "mine" and waiting else None)
        for key, label in _FILTERS.items()
    ]
    filters = chips(request, "show", options, chosen)
    context = {"rows": rows, "empty": not rows, "page": page, "chips": filters}
    context["tabs"] = sections(request, "change_list")
    return render(request, "governance/change_list.html", context)


@guarded_page("changes.view")
@require_GET
def change_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one request with its differences, signatures and history."""
    return render(request, "governance/change_detail.html", detail_page_context(request, pk))


@guarded_page("changes.view")
@require_GET
def change_impact(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far the impact preview is."""
    return impact_progress(request, pk, PAGE, "change_impact")


@guarded_page("changes.view")
@require_POST
def change_impact_again(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Let the impact preview be made anew."""
    return post_impact_again(request, PAGE, pk)


@guarded_page("changes.approve")
@require_POST
def change_approve(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Sign what the page showed."""
    return post_approval(request, PAGE, pk)


@guarded_page("changes.approve")
@require_POST
def change_reject(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Close a request with a reason."""
    return post_rejection(request, PAGE, pk)


@guarded_page("changes.propose")
@require_POST
def change_withdraw(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take one's own request back."""

    def run(data: dict[str, str]) -> ChangeRequest:
        return changes.withdraw(actor_of(request), pk, comment=data["comment"])

    return submitted(request, PAGE, pk, RemarkForm, run, lambda _: "Withdrawn.")


@guarded_page("changes.apply")
@require_POST
def change_apply(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Make an approved request live."""
    return decide(
        request,
        PAGE,
        pk,
        lambda: changes.apply(actor_of(request), pk),
        lambda _: "The change is live.",
    )
