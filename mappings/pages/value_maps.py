"""List, table and proposal of value maps."""

from collections.abc import Mapping as Record
from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from governance.errors import Refusal
from governance.requests import actor_of
from mappings.models import ValueMap
from mappings.pages.frame import page, visible
from mappings.services.seen_values import Seen, unknown_values
from mappings.services.value_maps import (
    MAX_ROWS,
    add_value_map,
    propose_table,
    table_of,
    used_by,
)
from tenants.lists import page_of
from tenants.tables.reading import BadTable, pasted_rows

EMPTY_ROWS = 5


def value_map_list(request: HttpRequest) -> HttpResponse:
    """Show the value maps, searchable by name."""
    return _list(request)


def _list(request: HttpRequest, refused: list[str] | None = None) -> HttpResponse:
    rows = visible(request, ValueMap.objects.select_related("client", "live"))
    if words := request.GET.get("q", "").strip():
        rows = rows.filter(label__icontains=words)
    found = page_of(request, rows)
    context = {
        "page": found,
        "empty": not found.paginator.count,
        "may_edit": actor_of(request).can("mappings.edit", None),
        "refused": refused,
        "name": request.POST.get("name", ""),
        "label": request.POST.get("label", ""),
    }
    return page(request, "value_maps.html", context, status=422 if refused else 200)


def value_map_add(request: HttpRequest) -> HttpResponse:
    """Add an empty value map of the partner's and open it."""
    name, label = request.POST.get("name", ""), request.POST.get("label", "")
    try:
        made = add_value_map(actor_of(request), name=name, label=label or name)
    except ValidationError as error:
        return _list(request, error.messages)
    return HttpResponseRedirect(reverse("value_map_detail", args=[made.pk]))


def value_map_of(request: HttpRequest, pk: int) -> ValueMap:
    """Return one that the actor may see, or answer 404."""
    rows = visible(request, ValueMap.objects.select_related("client", "live"))
    return get_object_or_404(rows, pk=pk)


def value_map_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the live table, editable for those who may, and which mappings use it."""
    value_map = value_map_of(request, pk)
    return page(request, "value_map.html", _context(request, value_map, table_of(value_map)))


def _context(request: HttpRequest, value_map: ValueMap, table: Record[str, str]) -> dict[str, Any]:
    actor = actor_of(request)
    may_edit = actor.can("mappings.edit", value_map.client_id) and actor.can(
        "changes.propose", value_map.client_id
    )
    rows = [*table.items(), *([("", "")] * EMPTY_ROWS if may_edit else [])]
    return {
        "value_map": value_map,
        "rows": rows,
        "used_by": used_by(value_map),
        "unknown": _unknown(request, value_map, table),
        "may_edit": may_edit,
        "title": request.POST.get("title", ""),
        "reason": request.POST.get("reason", ""),
    }


def _unknown(request: HttpRequest, value_map: ValueMap, table: Record[str, str]) -> list[Seen]:
    """Return the words that records have and neither the live nor the sent table holds."""
    found = unknown_values(value_map, actor_of(request).client_id)
    return [one for one in found if one.word not in table]


def _with_unknown(
    request: HttpRequest, value_map: ValueMap, table: Record[str, str]
) -> dict[str, str]:
    """Return the table with an empty row for each word that records have and it lacks."""
    return {**table, **{one.word: "" for one in _unknown(request, value_map, table)}}


def value_map_propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the table that was sent to go live. A row without a word is removed."""
    value_map = value_map_of(request, pk)
    table: dict[str, str] = {}
    twice: list[str] = []
    for word, value in _sent_rows(request):
        if word in table:
            twice.append(f"{word[:40]!r} stands in two rows.")
        if word:
            table[word] = value
    if request.POST.get("do") == "unknown":
        table = _with_unknown(request, value_map, table)
        return page(request, "value_map.html", _context(request, value_map, table))
    if request.POST.get("do") == "paste":
        return _pasted(request, value_map, table)
    if request.POST.get("do") == "add":
        return page(request, "value_map.html", _context(request, value_map, table))
    live = table_of(value_map)
    empty = [word for word, value in table.items() if not value and word not in live]
    twice += [f"Say what {word[:40]!r} becomes, or empty the word." for word in empty]
    try:
        if twice:
            raise ValidationError(twice[:20])
        title = request.POST.get("title", "").strip() or f"Change {value_map.label}"
        reason = request.POST.get("reason", "").strip()
        asked = propose_table(actor_of(request), value_map, table, title=title, reason=reason)
    except (ValidationError, Refusal) as error:
        texts = error.messages if isinstance(error, ValidationError) else [str(error)]
        context = _context(request, value_map, table) | {"refused": texts}
        return page(request, "value_map.html", context, status=422)
    messages.success(request, "Proposed. It goes live when somebody else has approved it.")
    return HttpResponseRedirect(reverse("change_detail", args=[asked.pk]))


def _pasted(request: HttpRequest, value_map: ValueMap, table: Record[str, str]) -> HttpResponse:
    """Show the table with the rows that were pasted; a word that it has gets its new result."""
    text = request.POST.get("pasted", "")
    try:
        added = pasted_rows(text, MAX_ROWS)
    except BadTable as error:
        context = _context(request, value_map, table) | {"refused": [str(error)], "pasted": text}
        return page(request, "value_map.html", context, status=422)
    return page(request, "value_map.html", _context(request, value_map, {**table, **dict(added)}))


def _sent_rows(request: HttpRequest) -> list[tuple[str, str]]:
    words, values = request.POST.getlist("word"), request.POST.getlist("value")
    pairs = zip_longest(words[: MAX_ROWS + 1], values[: MAX_ROWS + 1], fillvalue="")
    return [(word.strip(), value.strip()) for word, value in pairs]
