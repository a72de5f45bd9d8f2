"""The partner's first page: few queries for many clients, worst first, money for its readers."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bench.crowd import make_crowd
from governance import appliers
from governance.actors import Actor
from governance.services import changes
from governance.services.policies import ensure_default_policies
from syncjobs.models import Connection
from tenants.accounts.models import Client, User
from tenants.models import Partner
from tenants.services.onboarding import CLOSED
from tests.actors import ALICE, BOB, CAROL, DAVE, ERIN, Person
from tests.at_home import at_home, page_url
from tests.governance.governed import KIND, Knob, applier_of, proposal

__all__ = ["at_home"]
Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")
CLIENTS = 60  # four pages of the list
MOST_QUERIES = 12


@pytest.fixture
def waiting(
    alder: Client, actor: Callable[[Person], Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two changes of which an approver may sign both."""
    kinds = {**appliers._registry, KIND: applier_of(KIND, Knob())}
    monkeypatch.setattr(appliers, "_registry", kinds)
    ensure_default_policies()
    for currency in ("USD", "GBP"):
        changes.propose(
            actor(BOB),
            title=f"Bill in {currency}",
            reason="They moved.",
            changes=[proposal(alder, currency, kind=KIND, money=False)],
        )


def close_checklist(partner: Partner) -> None:
    """As at a partner that has been at work for a while; a new one has one query more."""
    Partner.objects.filter(pk=partner.pk).update(onboarding={CLOSED: "done"})


def _queries(browser: Browser, address: str) -> list[str]:
    """The statements of a page in an open session; host, brand and rules are known for seconds,
    so on a slow machine the fewest of three tries count."""
    browser.get(address)  # the session's first page notes the device
    return min((_statements(browser, address) for _ in range(3)), key=len)


def _statements(browser: Browser, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(address)
    assert answer.status_code == 200
    return [one["sql"] for one in captured if not one["sql"].startswith("SET ")]


@pytest.mark.parametrize("person", [ALICE, CAROL, DAVE, ERIN], ids=lambda one: one.name)
def test_the_whole_page_takes_few_queries_with_many_clients(
    person: Person, waiting: None, at_home: Partner, browse: Browse
) -> None:
    make_crowd(CLIENTS, records_each=6)
    close_checklist(at_home)
    queries = _queries(browse(person), page_url("overview"))
    assert len(queries) <= MOST_QUERIES, "\n\n".join(queries)


def test_a_second_page_of_clients_takes_no_more(at_home: Partner, browse: Browse) -> None:
    make_crowd(CLIENTS, records_each=6)
    close_checklist(at_home)
    browser = browse(ALICE)
    queries = _queries(browser, page_url("overview") + "?page=2")
    assert len(queries) <= MOST_QUERIES
    first = browser.get(page_url("overview")).content.decode()
    assert f"of {CLIENTS + 2} clients" in first
    assert first.count('data-label="Health"') == 15


def test_clients_with_trouble_come_first(browse: Browse, alder: Client, birch: Client) -> None:
    Connection.objects.create(client=birch, name="ERP", connector="sandbox_erp", state="failing")
    page = browse(ALICE).get(page_url("overview")).content.decode()
    ranked = page[page.index("Clients by health") :]
    assert ranked.index("Birch Systems") < ranked.index("Alder Consulting")
    assert "1 connection down" in ranked


def test_what_needs_somebody_names_credentials_that_end_and_clients_over_their_allowance(
    browse: Browse,
) -> None:
    make_crowd(5, records_each=2)
    page = browse(ALICE).get(page_url("overview")).content.decode()
    assert "credentials expire" in page
    assert "over its allowance" in page
    assert "150 of 100 this month" in page
    assert "over its allowance" not in browse(DAVE).get(page_url("overview")).content.decode()


def test_the_months_revenue_is_for_those_who_see_prices(browse: Browse) -> None:
    make_crowd(5, records_each=2)
    address = page_url("overview_money")
    # Four clients within the base fee of 100, one 50 deliveries over at 0.10.
    assert "505.00" in browse(ERIN).get(address).content.decode()
    support = browse(DAVE).get(address).content.decode()
    assert "Revenue" not in support
    assert "505.00" not in support


@pytest.mark.parametrize("name", ["overview_money", "overview_activity"])
def test_a_part_comes_without_its_frame_when_the_browser_puts_it_in(
    name: str, browse: Browse
) -> None:
    browser = browse(ALICE)
    whole = browser.get(page_url(name)).content.decode()
    part = browser.get(page_url(name), headers={"HX-Request": "true"}).content.decode()
    assert "<html" in whole
    assert "<h1" in whole
    assert "<html" not in part
    assert "<h1" not in part
    assert f'id="{name.removeprefix("overview_")}"' in part


def test_the_share_that_went_through_is_written_as_the_viewer_writes_numbers(
    at_home: Partner, browse: Browse
) -> None:
    make_crowd(1, records_each=2)
    User.objects.filter(email=ALICE.email).update(locale="de")
    page = browse(ALICE).get(page_url("overview")).content.decode()
    assert "100,0 %" in page
    assert "100.0 %" not in page
