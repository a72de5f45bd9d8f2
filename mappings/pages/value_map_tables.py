"""A value map's rows, in and out as a table. What comes in is proposed, not changed."""

from collections.abc import Sequence
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from governance.actors import Actor
from mappings.models import ValueMap
from mappings.pages.value_maps import value_map_of
from mappings.services.value_map_rows import COLUMNS, propose_rows
from mappings.services.value_maps import MAX_ROWS, table_of
from tenants.tables.pages import Sheet, export_file, import_page, template_file
from tenants.tables.plan import Plan
from tenants.tables.reading import Line


def value_map_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose the rows of a file."""
    value_map = value_map_of(request, pk)
    sheet = Sheet(
        key="value-map",
        owner=str(value_map.pk),
        client_id=value_map.client_id,
        title=f"Import into {value_map.label}",
        text="Rows are added or changed, none is removed. It goes live when somebody else has "
        "approved it.",
        columns=COLUMNS,
        max_rows=MAX_ROWS,
        run=_Rows(value_map),
        back=reverse("value_map_detail", args=[value_map.pk]),
        template=reverse("value_map_template", args=[value_map.pk]),
        done="Proposed. It goes live when somebody else has approved it.",
    )
    return import_page(request, sheet)


class _Rows:
    """Proposes lines for one value map and leads to the change request."""

    def __init__(self, value_map: ValueMap) -> None:
        self.value_map = value_map

    def __call__(self, actor: Actor, lines: Sequence[Line]) -> Plan:
        plan, request_id = propose_rows(actor, self.value_map, lines)
        target = reverse("change_detail", args=[request_id]) if request_id else ""
        return replace(plan, target=target)


def value_map_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the live rows out."""
    value_map = value_map_of(request, pk)
    key = f"value-map-{value_map.name}"
    return export_file(
        request, key, COLUMNS, lambda: table_of(value_map).items(), value_map.client_id
    )


def value_map_template(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an empty table out."""
    value_map_of(request, pk)
    return template_file(request, "value-map", COLUMNS)
