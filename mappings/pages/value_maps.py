"""List, table and proposal of value maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from governance.errors import Refusal
from governance.lists import page_of
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
from tenants.tables.reading import BadTable, pasted_rows

EMPTY_ROWS = 5
_FIND_FROM = 20
# A browser needs a second and more to lay out thousands of fields; nobody reads so many at once.
SHOWN_ROWS = 100


@dataclass(frozen=True)
class Row:
    """A row as the grid has it. hidden: it does not have what somebody looks for, or so many
    stand before it; it is sent with the others all the same."""

    word: str
    value: str
    hidden: bool = False


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
    rows = list(table_of(value_map).items())
    return page(request, "value_map.html", _context(request, value_map, rows))


def _context(
    request: HttpRequest,
    value_map: ValueMap,
    rows: Sequence[tuple[str, str]],
    known: int | None = None,
) -> dict[str, Any]:
    """Return what the page shows. known: how many of the rows were there before a button added
    some; after it, the page opens at the first row that is new."""
    actor = actor_of(request)
    may_edit = actor.can("mappings.edit", value_map.client_id) and actor.can(
        "changes.propose", value_map.client_id
    )
    sought, most = _sought(request), _most(request, len(rows))
    shown, found = _shown(rows, table_of(value_map), sought, most)
    return {
        "value_map": value_map,
        "rows": [*shown, *([Row("", "")] * EMPTY_ROWS if may_edit else [])],
        "sought": sought,
        "may_find": bool(sought) or len(rows) > _FIND_FROM,
        "found": found,
        "first": min(found, most),
        "most": most,
        "total": len(rows),
        "new_at": (len(rows) if known is None else known) + 1,
        "used_by": used_by(value_map),
        "unknown": _unknown(request, value_map, rows),
        "may_edit": may_edit,
        "title": request.POST.get("title", ""),
        "reason": request.POST.get("reason", ""),
    }


def _shown(
    rows: Sequence[tuple[str, str]], live: Mapping[str, str], sought: str, most: int
) -> tuple[list[Row], int]:
    """Return the rows as the grid has them, and how many have what is sought. What somebody
    wrote is shown however many rows stand before it."""
    shown, found = [], 0
    for word, value in rows:
        has = _has(sought, word, value)
        found += has
        shown.append(Row(word, value, not has or (found > most and live.get(word) == value)))
    return shown, found


def _sought(request: HttpRequest) -> str:
    """Return what somebody looks for; nothing where rows came in or are refused, so that none
    of these is hidden."""
    if request.method == "GET":
        return request.GET.get("q", "").strip()
    finds = request.POST.get("do") in ("find", "add")
    return request.POST.get("q", "").strip() if finds else ""


def _most(request: HttpRequest, count: int) -> int:
    """Return how many rows are shown at first: all of them where somebody asked for all, or has
    to see what came in or is refused."""
    sent = request.GET if request.method == "GET" else request.POST
    looking = request.method == "GET" or sent.get("do") in ("find", "add")
    return count if sent.get("all") or not looking else SHOWN_ROWS


def _has(sought: str, *texts: str) -> bool:
    wanted = sought.casefold()
    return any(wanted in text.casefold() for text in texts)


def _unknown(
    request: HttpRequest, value_map: ValueMap, rows: Sequence[tuple[str, str]]
) -> list[Seen]:
    """Return the words that records have and neither the live table nor the sent rows hold."""
    words = {word for word, _ in rows}
    found = unknown_values(value_map, actor_of(request).client_id)
    return [one for one in found if one.word not in words]


def value_map_propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the table that was sent to go live. A row without a word is removed."""
    value_map, rows = value_map_of(request, pk), _sent_rows(request)
    known = len(rows)
    match request.POST.get("do"):
        case "unknown":
            rows += [(one.word, "") for one in _unknown(request, value_map, rows)]
        case "paste":
            return _pasted(request, value_map, rows)
        case "add" | "find" | "all":
            pass
        case _:
            return _proposed(request, value_map, rows)
    return page(request, "value_map.html", _context(request, value_map, rows, known))


def _proposed(
    request: HttpRequest, value_map: ValueMap, rows: Sequence[tuple[str, str]]
) -> HttpResponse:
    try:
        if wrong := _wrong_rows(value_map, rows):
            raise ValidationError(wrong[:20])
        title = request.POST.get("title", "").strip() or f"Change {value_map.label}"
        reason = request.POST.get("reason", "").strip()
        asked = propose_table(actor_of(request), value_map, dict(rows), title=title, reason=reason)
    except (ValidationError, Refusal) as error:
        texts = error.messages if isinstance(error, ValidationError) else [str(error)]
        context = _context(request, value_map, rows) | {"refused": texts}
        return page(request, "value_map.html", context, status=422)
    messages.success(request, "Proposed. It goes live when somebody else has approved it.")
    return HttpResponseRedirect(reverse("change_detail", args=[asked.pk]))


def _wrong_rows(value_map: ValueMap, rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return what is wrong with rows as a grid has them, each with the places of its rows."""
    live, places = table_of(value_map), dict[str, list[int]]()
    for place, (word, _) in enumerate(rows, 1):
        places.setdefault(word, []).append(place)
    wrong = [
        f"{word[:40]!r} stands in rows {' and '.join(map(str, found[:5]))}: keep one of them."
        for word, found in places.items()
        if len(found) > 1
    ]
    return wrong + [
        f"Row {place}: say what {word[:40]!r} becomes, or empty the word."
        for place, (word, value) in enumerate(rows, 1)
        if not value and word not in live
    ]


def _pasted(
    request: HttpRequest, value_map: ValueMap, rows: Sequence[tuple[str, str]]
) -> HttpResponse:
    """Show the table with the rows that were pasted; a word that it has gets its new result.

    A word that is pasted twice stays in two rows: which one counts is the person's to say.
    """
    text = request.POST.get("pasted", "")
    try:
        added = pasted_rows(text, MAX_ROWS)
    except BadTable as error:
        context = _context(request, value_map, rows) | {"refused": [str(error)], "pasted": text}
        return page(request, "value_map.html", context, status=422)
    places = {word: place for place, (word, _) in enumerate(rows)}
    shown = [*rows]
    for word, value in dict.fromkeys(added):
        place = places.pop(word, None)
        if place is None:
            shown.append((word, value))
        else:
            shown[place] = word, value
    return page(request, "value_map.html", _context(request, value_map, shown, len(rows)))


def _sent_rows(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the rows with a word, in their order; a word may stand in several."""
    words, values = request.POST.getlist("word"), request.POST.getlist("value")
    pairs = zip_longest(words[: MAX_ROWS + 1], values[: MAX_ROWS + 1], fillvalue="")
    return [(word.strip(), value.strip()) for word, value in pairs if word.strip()]
