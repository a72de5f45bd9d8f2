"""From a pressed button to a decision: what the two web doors share."""

import io
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from governance.errors import BadTransition, InvalidProposal, Refusal, SignatureRefused
from governance.files import ENDINGS, MOST_BYTES
from governance.models import Attachment, ChangeRequest
from governance.requests import actor_of
from governance.services import changes, impacts
from governance.services.attachments import attach, open_attachment
from governance.services.comments import LONGEST, comment
from governance.services.details import RequestDetail, missing_in_words, request_detail
from governance.services.emergencies import sign_or_review
from governance.services.requests import visible_requests


class SignatureForm(forms.Form):
    """What comes with Approve: the hash of what the page showed, and a remark."""

    content_hash = forms.RegexField(
        r"\A[0-9a-f]{64}\Z",
        widget=forms.HiddenInput,
        error_messages={
            "required": "The form was incomplete: open the change again.",
            "invalid": "The form was altered: open the change again.",
        },
    )
    comment = forms.CharField(
        required=False, max_length=2000, label="Remark", widget=forms.Textarea(attrs={"rows": 2})
    )


class CommentForm(forms.Form):
    """What comes with Reject: the reason."""

    comment = forms.CharField(
        max_length=2000,
        label="Remark",
        error_messages={"required": "Say why it is rejected."},
    )


class RemarkForm(forms.Form):
    """What can come with Withdraw."""

    comment = forms.CharField(required=False, max_length=2000, label="Remark")


def decide(
    request: HttpRequest,
    page: str,
    request_id: int,
    decision: Callable[[], ChangeRequest],
    said: Callable[[ChangeRequest], str],
) -> HttpResponseBase:
    """Run a decision, tell the person what came of it, and go back to the page.

    A request that the actor cannot see is a 404, a missing permission a 403; every other
    refusal is shown in its own words.
    """
    try:
        decided = decision()
    except ChangeRequest.DoesNotExist as missing:
        raise Http404 from missing
    except (Refusal, SignatureRefused) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said(decided))
    return redirect(page, request_id)


def said_after_signing(request: ChangeRequest) -> str:
    """Return what a signature led to."""
    if request.emergency and request.status == "applied":
        return "Reviewed." if request.reviewed_at else _still_needs(request)
    if request.status == "applied":
        return "Signed. The change is live."
    if request.status == "scheduled":
        return f"Signed. It goes in by itself on {_moment(request)}."
    if request.status == "approved":
        return request.notice or "Signed. The change is approved and waits to be applied."
    return _still_needs(request)


def said_after_passing(request: ChangeRequest) -> str:
    """Return what became of a change that needed no signature and is not live yet."""
    if request.status == "scheduled":
        return f"It goes in by itself on {_moment(request)}."
    return request.notice or "It needs no approval and waits to be applied."


def _moment(request: ChangeRequest) -> str:
    """Return when it goes in, in the reader's time."""
    assert request.scheduled_for is not None
    return f"{timezone.localtime(request.scheduled_for):%-d %B, %H:%M}"


def _still_needs(request: ChangeRequest) -> str:
    missing = missing_in_words(request, list(request.changes.all()))
    return f"Signed. It still needs {' and '.join(missing)}."


def detail_page_context(request: HttpRequest, request_id: int) -> dict[str, object]:
    """Return what the page of one request shows. Raises Http404, NotPermitted."""
    try:
        detail = request_detail(actor_of(request), request_id)
    except ChangeRequest.DoesNotExist as missing:
        raise Http404 from missing
    shown = {"content_hash": detail.request.content_hash}
    return {
        "detail": detail,
        "sign_form": SignatureForm(initial=shown, auto_id="sign_%s"),
        "say_form": SayForm(auto_id="say_%s"),
        "file_endings": ",".join(f".{one}" for one in ENDINGS),
    }


def post_approval(request: HttpRequest, page: str, request_id: int) -> HttpResponseBase:
    """Sign what the page showed."""

    def run(data: dict[str, str]) -> ChangeRequest:
        return sign_or_review(
            actor_of(request),
            request_id,
            content_hash=data["content_hash"],
            comment=data["comment"],
        )

    return submitted(request, page, request_id, SignatureForm, run, said_after_signing)


def post_rejection(request: HttpRequest, page: str, request_id: int) -> HttpResponseBase:
    """Close a request with a reason."""

    def run(data: dict[str, str]) -> ChangeRequest:
        return changes.reject(actor_of(request), request_id, comment=data["comment"])

    return submitted(request, page, request_id, CommentForm, run, lambda _: "Rejected.")


class SayForm(forms.Form):
    """A comment."""

    comment = forms.CharField(
        max_length=LONGEST,
        label="Comment",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write something first."},
    )


def post_comment(request: HttpRequest, page: str, request_id: int) -> HttpResponseBase:
    """Say something about a request."""

    def run(data: dict[str, str]) -> ChangeRequest:
        return comment(actor_of(request), request_id, text=data["comment"])

    return submitted(request, page, request_id, SayForm, run, lambda _: "Said.")


class FileForm(forms.Form):
    """A file for a request; what it may be is for the service."""

    file = forms.FileField(
        max_length=300,
        label="File",
        error_messages={
            "required": "Choose a file first.",
            "empty": "The file is empty: choose another one.",
            "max_length": "The file's name is too long: shorten it.",
        },
    )


def post_attachment(request: HttpRequest, page: str, request_id: int) -> HttpResponseBase:
    """Attach a file to a request."""
    if not visible_requests(actor_of(request)).filter(pk=request_id).exists():
        raise Http404
    form = FileForm(request.POST, request.FILES)

    def run() -> ChangeRequest:
        if not form.is_valid():
            raise InvalidProposal(str(next(iter(form.errors.values()))[0]))
        file = form.cleaned_data["file"]
        # One byte more than fits says that there is more, without reading it.
        content = file.read(MOST_BYTES + 1)
        return attach(actor_of(request), request_id, name=file.name, content=content)

    return decide(request, page, request_id, run, lambda _: "Attached.")


def send_attachment(request: HttpRequest, request_id: int, number: int) -> HttpResponseBase:
    """Send a file for saving; a browser never shows it as a page of ours. Raises Http404."""
    try:
        found = open_attachment(actor_of(request), request_id, number)
    except (ChangeRequest.DoesNotExist, Attachment.DoesNotExist) as missing:
        raise Http404 from missing
    except BadTransition as altered:
        return HttpResponse(str(altered), status=409, content_type="text/plain")
    return FileResponse(
        io.BytesIO(found.content),
        as_attachment=True,
        filename=found.name,
        content_type="application/octet-stream",
        headers={
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
            "Cache-Control": "private, no-store",
        },
    )


def submitted(
    request: HttpRequest,
    page: str,
    request_id: int,
    form_class: type[forms.Form],
    run: Callable[[dict[str, Any]], ChangeRequest],
    said: Callable[[ChangeRequest], str],
) -> HttpResponseBase:
    """Run a decision with its form's values, as `decide`; a bad form is told instead."""
    form = form_class(request.POST)
    if form.is_valid():
        return decide(request, page, request_id, lambda: run(form.cleaned_data), said)
    if not visible_requests(actor_of(request)).filter(pk=request_id).exists():
        raise Http404
    for problems in form.errors.values():
        messages.error(request, str(problems[0]))
    return redirect(page, request_id)


def impact_progress(
    request: HttpRequest, request_id: int, page: str, fragment: str
) -> HttpResponse:
    """Return the impact part of a request's page while it is being made; once it is there, tell
    the browser to load the page anew, because what is signed has changed with it."""
    context = detail_page_context(request, request_id)
    detail = context["detail"]
    assert isinstance(detail, RequestDetail)
    context.update(detail_page=page, impact_page=fragment)
    answer = render(request, "governance/parts/impact.html", context)
    if not detail.impact_going:
        answer["HX-Refresh"] = "true"
    return answer


def post_impact_again(request: HttpRequest, page: str, request_id: int) -> HttpResponseBase:
    """Let the impact preview be made anew."""
    return decide(
        request,
        page,
        request_id,
        lambda: impacts.ask_again(actor_of(request), request_id),
        lambda _: "The preview is being made.",
    )
