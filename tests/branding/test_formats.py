"""Numbers, money and dates in the viewer's form."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from branding import formats
from branding.viewer import Viewer, chosen, viewer_of

NOW = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
BRITISH, GERMAN = Viewer("en-gb", "Europe/London"), Viewer("de", "Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "viewer", "expected"),
    [
        (Decimal("1234567.50"), BRITISH, "1,234,567.50"),
        (Decimal("1234567.50"), GERMAN, "1.234.567,50"),
        ("-1234", BRITISH, "−1,234"),
        (0, BRITISH, "0"),
        (None, BRITISH, "–"),
        ("n/a", BRITISH, "n/a"),
    ],
)
def test_numbers_are_grouped_as_the_viewer_groups_them(
    value: object, viewer: Viewer, expected: str
) -> None:
    assert formats.number_text(value, viewer) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1234.5", "EUR", "1,234.50"),
        ("1234.565", "EUR", "1,234.57"),
        ("1234.5", "JPY", "1,235"),
        ("1.2345", "KWD", "1.235"),
    ],
)
def test_money_has_its_currencys_decimals_rounded_half_up(
    amount: str, currency: str, expected: str
) -> None:
    assert formats.money_text(amount, currency, BRITISH) == expected


def test_moments_are_told_in_the_viewers_zone() -> None:
    assert formats.moment_text(NOW, GERMAN, NOW) == "Today 12:00"
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert formats.moment_text(late, BRITISH, NOW) == "Yesterday 23:30"
    assert formats.moment_text(late, GERMAN, NOW) == "Today 00:30"


def test_days_are_told_in_the_viewers_form() -> None:
    day = date(2025, 4, 3)
    assert formats.date_text(day, BRITISH) == "3 Apr 2025"
    assert formats.date_text(day, GERMAN) == "03.04.2025"
    assert formats.date_text(day, Viewer("en-us", "UTC")) == "Apr 3, 2025"


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(seconds=10), "now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=2), "2 days ago"),
        (-timedelta(days=2), "in 2 days"),
    ],
)
def test_distances_are_short(ago: timedelta, expected: str) -> None:
    assert formats.distance_text(NOW - ago, NOW) == expected


def test_a_viewer_is_the_person_then_their_client_then_the_brand() -> None:
    request = RequestFactory().get("/")
    client = SimpleNamespace(locale="de", time_zone="Europe/Berlin")
    request.user = SimpleNamespace(  # type: ignore[assignment]  # as much of a user as is read
        is_authenticated=True, locale="", time_zone="America/Lima", client=client
    )
    brand = SimpleNamespace(locale="fr", time_zone="UTC")
    assert viewer_of(request, brand) == Viewer("de", "America/Lima")


def test_a_zone_that_does_not_exist_is_not_opened() -> None:
    assert chosen(
        SimpleNamespace(time_zone="../../etc/passwd"), SimpleNamespace(time_zone="Asia/Tokyo")
    ) == Viewer("en-gb", "Asia/Tokyo")


def _render(source: str, **values: object) -> str:
    return Template("{% load ui %}" + source).render(Context(values))


def test_money_in_a_template_is_exact_and_names_its_currency() -> None:
    html = _render('{% money amount "EUR" %}', amount=Decimal("-14320.10"))
    assert "−14,320.10 <span>EUR</span>" in html
    assert "ui-negative" in html


def test_a_moment_in_a_template_carries_itself_for_machines() -> None:
    html = _render("{% when at %}", at=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert html.startswith('<time datetime="2025-01-02T03:04:05+00:00"')
    assert "2 Jan 2025, 03:04</time>" in html


def test_a_moment_written_as_text_is_read() -> None:
    assert "1 Oct 2025" in _render("{% when at %}", at="2025-10-01")
    assert "–" in _render("{% when at %}", at=None)


@pytest.mark.parametrize(
    ("locale", "number", "money", "day", "this_year"),
    [
        ("en-GB", "−1,234,567.5", "1,234.50", "3 Apr 2026", "3 Apr"),
        ("de-DE", "−1.234.567,5", "1.234,50", "03.04.2026", "03.04.2026"),
        ("fr-FR", "−1\u202f234\u202f567,5", "1\u202f234,50", "03/04/2026", "03/04/2026"),
        ("en-US", "−1,234,567.5", "1,234.50", "Apr 3, 2026", "Apr 3"),
        ("de-CH", "−1’234’567.5", "1’234.50", "03.04.2026", "03.04.2026"),
        ("tlh", "−1,234,567.5", "1,234.50", "3 Apr 2026", "3 Apr"),
    ],
)
def test_each_locale_has_its_own_forms(
    locale: str, number: str, money: str, day: str, this_year: str
) -> None:
    viewer, april = Viewer(locale, "Europe/Berlin"), date(2026, 4, 3)
    assert formats.number_text("-1234567.5", viewer) == number
    assert formats.money_text("1234.5", "EUR", viewer) == money
    assert formats.date_text(april, viewer) == day
    assert formats.date_text(april, viewer, date(2026, 11, 21)) == this_year
    late = datetime(2026, 4, 2, 22, 30, tzinfo=UTC)
    assert formats.moment_text(late, viewer, NOW) == f"{this_year}, 00:30"


@pytest.mark.parametrize(
    ("locale", "text"),
    [("en-gb", "3 Apr"), ("de", "03.04."), ("fr", "03/04"), ("sv", "04-03"), ("fi", "3.4.")],
)
def test_a_day_on_an_axis_leaves_this_year_out(locale: str, text: str) -> None:
    viewer, today = Viewer(locale, "UTC"), date(2026, 11, 21)
    assert formats.axis_text(date(2026, 4, 3), viewer, today) == text
    assert "2025" in formats.axis_text(date(2025, 4, 3), viewer, today)
