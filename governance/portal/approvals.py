"""Approvals in the portal: what waits for the client's signature, and the decision."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from governance.decisions import (
    CommentForm,
    SignatureForm,
    said_after_signing,
    submitted,
)
from governance.doors import guarded_page
from governance.models import ChangeRequest
from governance.requests import actor_of
from governance.services import changes
from governance.services.details import awaiting_signature, request_detail
from governance.services.requests import visible_requests

PAGE = "approval_detail"
RECENT = 50


@guarded_page("changes.view")
@require_GET
def approval_list(request: HttpRequest) -> HttpResponse:
    """Show what this person can sign now, and the latest other changes of their company."""
    actor = actor_of(request)
    waiting = awaiting_signature(actor)
    others = visible_requests(actor).exclude(pk__in=[one.pk for one in waiting])[:RECENT]
    context = {"waiting": waiting, "empty": not waiting, "others": others}
    return render(request, "governance/portal/approval_list.html", context)


@guarded_page("changes.view")
@require_GET
def approval_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one change of the person's own company."""
    try:
        detail = request_detail(actor_of(request), pk)
    except ChangeRequest.DoesNotExist as missing:
        raise Http404 from missing
    context = {
        "detail": detail,
        "sign_form": SignatureForm(
            initial={"content_hash": detail.request.content_hash}, auto_id="sign_%s"
        ),
    }
    return render(request, "governance/portal/approval_detail.html", context)


@guarded_page("changes.approve")
@require_POST
def approval_approve(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Sign what the page showed, for the client."""

    def run(data: dict[str, str]) -> ChangeRequest:
        return changes.approve(
            actor_of(request), pk, content_hash=data["content_hash"], comment=data["comment"]
        )

    return submitted(request, PAGE, pk, SignatureForm, run, said_after_signing)


@guarded_page("changes.approve")
@require_POST
def approval_reject(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Refuse a change for the client, with a reason."""

    def run(data: dict[str, str]) -> ChangeRequest:
        return changes.reject(actor_of(request), pk, comment=data["comment"])

    return submitted(request, PAGE, pk, CommentForm, run, lambda _: "Rejected.")
