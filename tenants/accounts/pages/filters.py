"""Saving and deleting a list's filter. The address of the list stays what counts."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST

from governance.requests import actor_of
from tenants.accounts.models import SavedFilter
from tenants.accounts.pages.frame import say_refusal
from tenants.accounts.services.filters import PAGES, delete_filter, kept_query, save_filter


def _address(page: str, query: str) -> str:
    """Return the list with a filter; the start page where this host has no such list."""
    if page not in PAGES:
        return "/"
    try:
        address = reverse(page)
    except NoReverseMatch:
        return "/"
    return f"{address}?{query}" if query else address


@require_POST
def filter_save(request: HttpRequest) -> HttpResponse:
    """Keep the filter of the list that the form stands on."""
    page, query = request.POST.get("page", ""), request.POST.get("query", "")
    try:
        saved = save_filter(
            actor_of(request),
            page=page,
            name=request.POST.get("name", ""),
            query=query,
            shared=request.POST.get("shared") == "on",
        )
        messages.success(request, f"The filter “{saved.name}” was saved.")
    except ValidationError as error:
        say_refusal(request, error)
    return HttpResponseRedirect(_address(page, kept_query(query)))


@require_POST
def filter_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a filter and show the whole list."""
    try:
        deleted = delete_filter(actor_of(request), pk)
    except SavedFilter.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, f"The filter “{deleted.name}” was deleted.")
    return HttpResponseRedirect(_address(deleted.page, ""))
