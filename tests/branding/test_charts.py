"""Charts: where things stand, and what can be read without seeing them."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from branding import charts
from branding.charts import Series

BRAND = SimpleNamespace(primary="#0f766e", accent="", locale="en-gb", time_zone="UTC")


@given(st.decimals(min_value=0, max_value=10**12, allow_nan=False, places=2))
def test_the_axis_ends_at_a_round_number_at_or_above_the_highest_value(highest: Decimal) -> None:
    top, step = charts.nice_top(highest)
    assert top >= highest
    assert top % step == 0
    assert 1 <= top / step <= 5


def test_whole_steps_are_written_without_decimals() -> None:
    assert [str(tick.value) for tick in charts.ticks(Decimal(900))] == [
        "0",
        "250",
        "500",
        "750",
        "1000",
    ]


def test_stacked_bars_stand_on_one_another_and_stay_inside_the_plot() -> None:
    rows = [Series("done", "chart-1", (10, 0, 5)), Series("failed", "chart-bad", (2, 3, None))]
    bars = charts.stacked_bars(["a", "b", "c"], rows)
    first, second = bars[0], bars[1]
    assert second.y + second.height == pytest.approx(first.y, abs=0.2)
    assert all(bar.y >= charts.TOP - 0.1 for bar in bars)
    assert len(bars) == 4  # nothing is drawn for 0 and for what is not known


def test_a_few_bars_stay_narrow() -> None:
    (bar,) = charts.stacked_bars(["a"], [Series("", "chart-1", (1,))])
    assert bar.width < 10
    assert bar.x + bar.width / 2 == pytest.approx(50, abs=0.01)


def test_a_small_value_beside_a_large_one_is_still_seen() -> None:
    rows = [Series("done", "chart-1", (100_000,)), Series("failed", "chart-bad", (1,))]
    assert min(bar.height for bar in charts.stacked_bars(["a"], rows)) >= 1.5


def test_a_gap_in_the_numbers_is_a_gap_in_the_line() -> None:
    (line,) = charts.lines(["a", "b", "c", "d"], [Series("", "chart-1", (1, None, 2, 3))])
    assert line.path.count("M") == 2
    assert len(line.points) == 3


def test_labels_thin_out_from_the_last_on() -> None:
    names = [str(day) for day in range(31)]
    shown = [label.text for label in charts.labels(names)]
    assert len(shown) <= charts.MAX_LABELS
    assert shown[0] == "30"


def _render(source: str, **values: object) -> str:
    context = Context({"brand": BRAND, **values})
    return Template("{% load charts %}" + source).render(context)


def test_a_chart_has_title_axis_fills_and_the_same_numbers_in_a_table() -> None:
    html = _render(
        '{% bar_chart points title="Records per day" series="Delivered,!Failed" %}',
        points=[("20 Nov", 1200, 3), ("21 Nov", 1250, 0)],
    )
    assert '<title id="chart-records-per-day-title">Records per day</title>' in html
    assert 'fill="#0f766e"' in html
    assert "ui-fill-chart-bad" in html
    assert ">1,500<" in html
    table = html[html.index("<tbody>") :]
    assert "<td" in table
    assert ">1,200<" in table
    assert ">3<" in table
    assert "style=" not in html


def test_a_chart_takes_mappings_and_names_its_series_by_their_keys() -> None:
    html = _render(
        '{% line_chart points title="Hours" %}',
        points=[{"label": "W46", "approved": 310, "billed": 290}],
    )
    assert "approved" in html
    assert "billed" in html


def test_a_chart_without_numbers_says_so() -> None:
    html = _render('{% bar_chart points title="Records" %}', points=[])
    assert "No numbers yet" in html
    assert '<svg class="ui-chart-picture"' not in html


def test_a_chart_writes_its_numbers_in_the_viewers_form() -> None:
    german = SimpleNamespace(primary="#0f766e", accent="", locale="de", time_zone="UTC")
    html = _render('{% bar_chart points title="x" %}', points=[("a", 1500)], brand=german)
    assert ">1.500<" in html


def test_labels_cannot_bring_markup_into_a_chart() -> None:
    html = _render('{% bar_chart points title="x" %}', points=[("<b>a</b>", 1)])
    assert "<b>" not in html
