"""Charts as SVG in the page, with the same numbers in a table below.

    {% bar_chart points title="Records per day" unit="records" %}
    {% line_chart points title="Hours" series="approved,billed" %}

`points` is a list of rows: (label, number), (label, number, number, …) or a mapping with the key
`label` and one key per series. `series` names them; a name that starts with `!` is drawn in the
colour of trouble. Labels are text as it is shown, or a day. Numbers may be None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.text import slugify

from branding import charts
from branding.charts import Series, Value
from branding.formats import axis_text, number_text, short_number_text
from branding.palette import DEFAULT_PRIMARY
from branding.services.theme import palette_of
from branding.templatetags.ui import viewer_in

register = template.Library()

_CHART_COLOURS = ("chart-1", "chart-2", "chart-3", "chart-4")
Point = Mapping[str, Any] | Sequence[Any]


@register.inclusion_tag("charts/chart.html", takes_context=True)
def bar_chart(
    context: template.Context, points: Iterable[Point], title: str, series: str = "", unit: str = ""
) -> dict[str, object]:
    """Bars, stacked when there are several series."""
    names, rows = _read(context, points, series, unit)
    drawn = {"bars": charts.stacked_bars(names, rows)}
    return _chart(context, names, rows, title, unit, charts.stack_height(rows)) | drawn


@register.inclusion_tag("charts/chart.html", takes_context=True)
def line_chart(
    context: template.Context, points: Iterable[Point], title: str, series: str = "", unit: str = ""
) -> dict[str, object]:
    """Lines, one per series; a single one has its area tinted."""
    names, rows = _read(context, points, series, unit)
    drawn = {"lines": charts.lines(names, rows)}
    return _chart(context, names, rows, title, unit, charts.line_height(rows)) | drawn


def _read(
    context: template.Context, points: Iterable[Point], series: str, unit: str
) -> tuple[list[str], list[Series]]:
    rows = list(points)
    labels = [label.strip() for label in series.split(",") if label.strip()]
    if rows and isinstance(rows[0], Mapping) and not labels:
        labels = [str(key) for key in rows[0] if key != "label"]
    names = [_name(context, _label(row)) for row in rows]
    width = len(labels) or (len(rows[0]) - 1 if rows else 1)
    labels = labels or [unit] * width
    made = [
        Series(label.lstrip("!"), _colour(labels, number), _column(rows, label, number))
        for number, label in enumerate(labels)
    ]
    return names, made


def _label(row: Point) -> object:
    return row["label"] if isinstance(row, Mapping) else row[0]


def _name(context: template.Context, label: object) -> str:
    if not isinstance(label, date):
        return str(label)
    viewer = viewer_in(context)
    return axis_text(label, viewer, timezone.now().astimezone(viewer.tzinfo).date())


def _column(rows: Sequence[Point], label: str, number: int) -> tuple[Value | None, ...]:
    key = label.lstrip("!")
    return tuple(row[key] if isinstance(row, Mapping) else row[number + 1] for row in rows)


def _colour(labels: Sequence[str], number: int) -> str:
    if labels[number].startswith("!"):
        return "chart-bad"
    calm = [label for label in labels[:number] if not label.startswith("!")]
    return _CHART_COLOURS[len(calm) % len(_CHART_COLOURS)]


def _chart(
    context: template.Context,
    names: Sequence[str],
    rows: Sequence[Series],
    title: str,
    unit: str,
    highest: Any,
) -> dict[str, object]:
    brand = context.get("brand")
    primary = getattr(brand, "primary", DEFAULT_PRIMARY)
    tokens = palette_of(primary, getattr(brand, "accent", "")).light
    viewer = viewer_in(context)
    return {
        "id": f"chart-{slugify(title)}",
        "title": title,
        "unit": unit,
        "height": charts.HEIGHT,
        "path_width": charts.PATH_WIDTH,
        "foot": charts.HEIGHT - 7,
        "ticks": [
            (tick.y, short_number_text(tick.value, viewer)) for tick in charts.ticks(highest)
        ],
        "labels": charts.labels(names),
        "series": rows,
        "colours": tokens,
        "table": [
            (name, [number_text(_short(row.values[place]), viewer) for row in rows])
            for place, name in enumerate(names)
        ],
    }


def _short(value: object) -> object:
    """Return a number without the zeros behind its last digit."""
    return value.normalize() if isinstance(value, Decimal) else value


@register.simple_tag
def colour(tokens: Mapping[str, str], name: str) -> str:
    """A token's colour on a light page; the stylesheet replaces it on a dark one."""
    return tokens[name]


@register.filter
def unlocalized(value: float) -> str:
    """A coordinate with a point, whatever the viewer's locale."""
    return f"{value:g}"
