"""Clients: the list, adding one, changing one. What a client's systems do is elsewhere."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_http_methods

from governance.lists import chips, page_of
from governance.requests import actor_of
from tenants.accounts.columns import columns_for
from tenants.accounts.locales import nearest
from tenants.accounts.models import Client
from tenants.accounts.pages.forms import ClientChangeForm, ClientForm
from tenants.accounts.pages.frame import attempt, page
from tenants.accounts.services.clients import EDITABLE, add_client, change_client

SORTS = {"name": "name", "-name": "-name", "added": "created_at", "-added": "-created_at"}


def _url_of(client: Client) -> str:
    """The client's own page where there is one, else its form."""
    try:
        return reverse("client_detail", args=[client.pk])
    except NoReverseMatch:
        return reverse("client_edit", args=[client.pk])


@require_GET
def client_list(request: HttpRequest) -> HttpResponse:
    """Show the clients by status, searchable by name."""
    words = request.GET.get("q", "").strip()[:100]
    found = Client.objects.filter(name__icontains=words) if words else Client.objects.all()
    counts = dict(found.values_list("status").annotate(Count("pk")).order_by())
    here = [(value, label, counts.get(value, 0)) for value, label in Client.Status.choices]
    options: list[tuple[str, str, int | None]] = [("", "All", sum(counts.values())), *here]
    status = request.GET.get("status", "")
    shown = found.filter(status=status) if status else found
    shown = shown.annotate(people=Count("users", filter=Q(users__is_active=True)))
    order = SORTS.get(request.GET.get("sort", ""), "name")
    rows = page_of(request, shown.order_by(order, "pk"))
    columns = columns_for(actor_of(request).permissions)
    ids = [client.pk for client in rows]
    values = [column.values(ids) for column in columns]
    context = {
        "page": rows,
        "columns": columns,
        "rows": [
            {
                "client": client,
                "url": _url_of(client),
                "cells": [
                    (column, known.get(client.pk))
                    for column, known in zip(columns, values, strict=True)
                ],
            }
            for client in rows
        ],
        "chips": chips(request, "status", options, ""),
    }
    return page(request, "accounts/manage/client_list.html", context)


@require_http_methods(["GET", "POST"])
def client_add(request: HttpRequest) -> HttpResponse:
    """Add a client."""
    form = ClientForm(request.POST or None)

    def add() -> Client:
        return add_client(actor_of(request), **form.cleaned_data)

    client = attempt(form, add) if request.method == "POST" else None
    if client:
        messages.success(request, f"{client.name} was added.")
        return HttpResponseRedirect(_url_of(client))
    return page(request, "accounts/manage/client_form.html", {"form": form, "client": None})


@require_http_methods(["GET", "POST"])
def client_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a client's facts or status."""
    client = get_object_or_404(Client, pk=pk)
    known = {field: getattr(client, field) for field in EDITABLE}
    form = ClientChangeForm(
        request.POST or None, initial={**known, "locale": nearest(client.locale)}
    )

    def change() -> Client:
        return change_client(actor_of(request), client, **form.cleaned_data)

    saved = attempt(form, change) if request.method == "POST" else None
    if saved:
        messages.success(request, f"{saved.name} was saved.")
        return HttpResponseRedirect(_url_of(saved))
    return page(request, "accounts/manage/client_form.html", {"form": form, "client": client})
