"""Approvals in the portal: what waits for the client's signature, and the decision."""

from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from governance.decisions import (
    detail_page_context,
    impact_progress,
    post_approval,
    post_attachment,
    post_comment,
    post_impact_again,
    post_rejection,
    send_attachment,
)
from governance.doors import guarded_page
from governance.lists import ordered, page_of
from governance.requests import actor_of
from governance.services.details import awaiting_signature
from governance.services.impact_views import moved_amounts
from governance.services.requests import visible_requests

PAGE: Final = "approval_detail"
# What a heading asks for → column.
SORTS: Final = {"title": "title", "status": "status", "proposed": "submitted_at"}


@guarded_page("changes.view")
@require_GET
def approval_list(request: HttpRequest) -> HttpResponse:
    """Show what this person can sign now, and the other changes of their company."""
    actor = actor_of(request)
    waiting = awaiting_signature(actor)
    others = visible_requests(actor).exclude(pk__in=[one.pk for one in waiting])
    page = page_of(request, ordered(request, others, SORTS, "-id"))
    moved = moved_amounts([one.pk for one in waiting])
    rows = [(one, moved.get(one.pk, [])) for one in waiting]
    context = {"waiting": rows, "empty": not waiting, "page": page}
    return render(request, "governance/portal/approval_list.html", context)


@guarded_page("changes.view")
@require_GET
def approval_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one change of the person's own company."""
    context = detail_page_context(request, pk)
    return render(request, "governance/portal/approval_detail.html", context)


@guarded_page("changes.view")
@require_GET
def approval_impact(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far the impact preview is."""
    return impact_progress(request, pk, PAGE, "approval_impact")


@guarded_page("changes.approve")
@require_POST
def approval_impact_again(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Let the impact preview be made anew."""
    return post_impact_again(request, PAGE, pk)


@guarded_page("changes.approve")
@require_POST
def approval_approve(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Sign what the page showed, for the client."""
    return post_approval(request, PAGE, pk)


@guarded_page("changes.approve")
@require_POST
def approval_reject(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Refuse a change for the client, with a reason."""
    return post_rejection(request, PAGE, pk)


@guarded_page("changes.view")
@require_POST
def approval_comment(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Say something about a change."""
    return post_comment(request, PAGE, pk)


@guarded_page("changes.view")
@require_POST
def approval_attach(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Attach a file to a change."""
    return post_attachment(request, PAGE, pk)


@guarded_page("changes.view")
@require_GET
def approval_attachment(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """Send a file of a change."""
    return send_attachment(request, pk, number)
