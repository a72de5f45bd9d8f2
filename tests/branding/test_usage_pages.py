"""Usage as staff and clients see it: one's own only, and prices of nobody else."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client as Browser

from tenants.accounts.models import Client
from tests.actors import ALICE, BOB, DAVE, ERIN, GRACE, HEIDI, IVAN, MALLORY, Person
from tests.at_home import page_url
from tests.branding.commerce import make_tier, put_on, used

pytestmark = pytest.mark.usefixtures("november", "at_home")
Browse = Callable[..., Browser]


@pytest.fixture
def both(alder: Client, birch: Client) -> tuple[Client, Client]:
    """Alder within its volume on Standard; Birch over it on a tier of another name."""
    put_on(alder, make_tier(included=1000), date(2026, 11, 1))
    put_on(birch, make_tier("Enterprise only", fee="987.65"), date(2026, 11, 1))
    used(alder, date(2026, 11, 3), 40)
    used(alder, date(2026, 11, 4), 25, workflow=2)
    used(birch, date(2026, 11, 4), 4321)
    return alder, birch


def test_staff_see_all_clients_the_fullest_first(
    browse: Browse, both: tuple[Client, Client]
) -> None:
    page = browse(ERIN).get(page_url("usage_overview")).content.decode()
    assert page.index("Birch Systems") < page.index("Alder Consulting")
    assert "4,386" in page


def test_those_over_their_volume_can_be_picked_out(
    browse: Browse, both: tuple[Client, Client]
) -> None:
    page = browse(ERIN).get(page_url("usage_overview"), {"show": "over"}).content.decode()
    assert "Birch Systems" in page
    assert "Alder Consulting" not in page
    page = browse(ERIN).get(page_url("usage_overview"), {"q": "alder"}).content.decode()
    assert "Birch Systems" not in page


def test_a_month_without_anything_says_so(browse: Browse) -> None:
    page = browse(ERIN).get(page_url("usage_overview"), {"month": "2025-03"}).content.decode()
    assert "Nothing was used" in page
    assert "March 2025" in page


def test_a_month_to_come_is_this_one(browse: Browse, both: tuple[Client, Client]) -> None:
    for name, door, who, args in (
        ("usage_overview", "admin", ERIN, ()),
        ("usage_detail", "admin", ALICE, (both[0].pk,)),
        ("usage", "portal", GRACE, ()),
    ):
        page = browse(who).get(page_url(name, *args, door=door), {"month": "2999-01"})
        assert "January 2999" not in page.content.decode()


@pytest.mark.parametrize("month", ["2026-13", "x", "2026-1", "99999-01"])
def test_a_month_that_is_none_is_not_found(browse: Browse, month: str) -> None:
    assert browse(ERIN).get(page_url("usage_overview"), {"month": month}).status_code == 404
    assert browse(GRACE).get(page_url("usage", door="portal"), {"month": month}).status_code == 404


def test_one_client_by_workflow_and_day(browse: Browse, both: tuple[Client, Client]) -> None:
    page = browse(ALICE).get(page_url("usage_detail", both[0].pk)).content.decode()
    assert "Time to billing" in page
    assert "Opportunity to project" in page
    assert "Deliveries per day" in page


@pytest.mark.parametrize("person", [BOB, DAVE])
def test_staff_without_the_permission_see_none(
    browse: Browse, alder: Client, person: Person
) -> None:
    browser = browse(person)
    assert browser.get(page_url("usage_overview")).status_code == 403
    assert browser.get(page_url("usage_detail", alder.pk)).status_code == 403


@pytest.mark.parametrize("person", [GRACE, HEIDI])
def test_a_client_sees_its_own_usage_and_cost_and_nothing_of_others(
    browse: Browse, both: tuple[Client, Client], person: Person
) -> None:
    page = browse(person).get(page_url("usage", door="portal")).content.decode()
    assert "300.00" in page
    assert "Time to billing" in page
    for foreign in ("Birch", "4,321", "Enterprise only", "987.65", "4321"):
        assert foreign not in page


def test_the_forecast_is_shown_while_the_month_runs(
    browse: Browse, both: tuple[Client, Client]
) -> None:
    browser = browse(GRACE)
    page = browser.get(page_url("usage", door="portal")).content.decode()
    # 65 in 21 days, 9 to come
    assert "Forecast" in page
    assert ">93<" in page
    before = browser.get(page_url("usage", door="portal"), {"month": "2026-10"}).content.decode()
    assert "Forecast" not in before


def test_a_viewer_and_another_client_see_nothing_of_it(
    browse: Browse, both: tuple[Client, Client]
) -> None:
    assert browse(IVAN).get(page_url("usage", door="portal")).status_code == 403
    page = browse(MALLORY).get(page_url("usage", door="portal")).content.decode()
    assert "4,321" in page
    assert "Standard" not in page


def test_no_tier_is_said_plainly(browse: Browse, alder: Client) -> None:
    used(alder, date(2026, 11, 3), 4)
    portal = browse(GRACE).get(page_url("usage", door="portal")).content.decode()
    assert "counted and not charged" in portal
    staff = browse(ALICE).get(page_url("usage_overview")).content.decode()
    assert "On no tier" in staff
