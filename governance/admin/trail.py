"""The audit explorer: search, page through, export."""

import csv
import io
import json
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from governance.actions import action_label
from governance.clients import client_names
from governance.doors import guarded_page
from governance.models import AuditEntry
from governance.objects import door_words, object_words
from governance.requests import actor_of
from governance.services.trail import COLUMNS, Filters, export_trail, place_from, trail_page
from governance.spreadsheets import safe_cell
from governance.trail_filters import TrailForm


@guarded_page("audit.view")
@require_GET
def audit_list(request: HttpRequest) -> HttpResponse:
    """Show a page of the trail. A filter that makes no sense is named and finds nothing."""
    form = TrailForm(request.GET or None)
    asked = form.is_valid() if form.is_bound else True
    filters = form.filters() if form.is_bound and asked else Filters()
    after = place_from(request.GET.get("after", ""))
    page = trail_page(actor_of(request), filters, after=after) if asked else None
    entries = page.entries if page else []
    names = client_names(entry.client_id for entry in entries)
    rows = [
        {
            "entry": entry,
            "action": action_label(entry.action),
            "kind": object_words(entry.object_kind),
            "door": door_words(entry.door),
            "client": names.get(entry.client_id or 0, ""),
        }
        for entry in entries
    ]
    query = request.GET.copy()
    query.pop("after", None)
    context = {
        "form": form,
        "rows": rows,
        "empty": not rows,
        "older": page.older if page else None,
        "first": after is None,
        "filtered": any(query.values()),
        "query": query.urlencode(),
    }
    return render(request, "governance/audit_list.html", context)


@guarded_page("audit.view")
@require_GET
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """Send the matching entries as CSV, however many; that this was done is recorded."""
    form = TrailForm(request.GET)
    if not form.is_valid():
        return HttpResponse("This filter is not valid.", status=400, content_type="text/plain")
    entries = export_trail(actor_of(request), form.filters())
    name = f"audit-{timezone.now():%Y%m%d-%H%M%S}.csv"
    return StreamingHttpResponse(
        _csv_lines(entries),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _csv_lines(entries: Iterator[AuditEntry]) -> Iterator[str]:
    yield _csv_line(COLUMNS)
    for entry in entries:
        yield _csv_line([_cell(getattr(entry, name)) for name in COLUMNS])


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return safe_cell(value)


def _csv_line(cells: object) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)  # type: ignore[arg-type]  # rows of text
    return buffer.getvalue()
