"""The brand editor: the form, publishing, and the versions so far."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branding.admin.brand_forms import BrandForm, brand_form
from branding.admin.brand_preview import pane
from branding.images import IconRefused, ImageRefused
from branding.models import Brand
from branding.services import brand as service
from branding.services import brand_changes
from branding.services.brand_words import labels_in
from governance.decisions import said_after_passing
from governance.errors import Refusal
from governance.lists import PER_PAGE
from governance.models import ChangeRequest
from governance.requests import actor_of
from governance.services.unsigned import asks_nobody
from tenants.accounts.pages.frame import add_errors, say_refusal
from tenants.doors import staff_page


@staff_page(service.PERMISSION)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    """Show the draft, or write it."""
    draft = service.brand_to_edit()
    posted = request.method == "POST"
    form = brand_form(draft, request.POST, request.FILES) if posted else brand_form(draft)
    if posted and form.is_valid() and _save(request, form):
        messages.success(request, "Saved as a draft. Nobody sees it before it is published.")
        return HttpResponseRedirect(reverse("brand_edit"))
    context = {
        "form": form,
        "draft": draft,
        "at_once": asks_nobody(service.KIND),
        "waiting": brand_changes.open_publication(),
        **pane(request, form),
    }
    return render(request, "branding/brand_edit.html", context)


def _changes(version: Brand, earlier: Brand | None) -> list[str]:
    return labels_in(service.values_of(earlier) if earlier else {}, service.values_of(version))


def _save(request: HttpRequest, form: BrandForm) -> bool:
    try:
        service.edit_brand(actor_of(request), form.values(), form.pictures())
    except IconRefused as error:
        form.add_error("icon_file", str(error))
    except ImageRefused as error:
        form.add_error("logo_file", str(error))
    except ValidationError as error:
        add_errors(form, error)
    else:
        return True
    return False


@staff_page(service.PERMISSION)
@require_POST
def publish(request: HttpRequest) -> HttpResponse:
    """Make the draft what everybody sees, or ask for it where the rule wants approvals."""
    reason = request.POST.get("reason", "")[:2000]
    return _asked(
        request, lambda: brand_changes.publish_brand(actor_of(request), reason=reason), "brand_edit"
    )


def _asked(
    request: HttpRequest,
    ask: Callable[[], ChangeRequest | None],
    back: str,
    said: str = "Published. Everybody sees it from their next page on.",
) -> HttpResponse:
    """Publish or propose, and say what came of it."""
    try:
        asked = ask()
    except ValidationError as error:
        say_refusal(request, error)
        return HttpResponseRedirect(reverse(back))
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse(back))
    if asked is None or asked.status == "applied":
        messages.success(request, said)
        return HttpResponseRedirect(reverse(back))
    if asked.status == "submitted":
        messages.success(request, "Proposed. It is published when it has its approvals.")
    else:
        messages.info(request, said_after_passing(asked))
    return HttpResponseRedirect(reverse("change_detail", args=[asked.pk]))


@staff_page(service.PERMISSION)
@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    """Go back to what is live."""
    service.discard_draft(actor_of(request))
    messages.info(request, "Draft discarded.")
    return HttpResponseRedirect(reverse("brand_edit"))


@staff_page(service.PERMISSION)
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Show the versions that were published: who, when, and what each changed."""
    versions = list(Brand.objects.exclude(state=Brand.State.DRAFT).order_by("-published_at", "-pk"))
    earlier = {newer.pk: older for newer, older in pairwise(versions)}
    rows = Paginator(versions, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": rows,
        "empty": not versions,
        "at_once": asks_nobody(service.KIND),
        "rows": [
            {
                "version": version,
                "number": len(versions) - versions.index(version),
                "changes": _changes(version, earlier.get(version.pk)),
                "is_live": version.state == Brand.State.LIVE,
            }
            for version in rows
        ],
    }
    return render(request, "branding/brand_history.html", context)


@staff_page(service.PERMISSION)
@require_POST
def revert(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish an earlier version again, or ask for it."""
    try:
        return _asked(
            request,
            lambda: brand_changes.revert_brand(actor_of(request), pk),
            "brand_history",
            said="Published again as a new version. A draft stays as it is.",
        )
    except Brand.DoesNotExist as error:
        raise Http404 from error
