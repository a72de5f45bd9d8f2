"""Statements as staff and clients see them, and issuing from the page."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client as Browser

from branding.commercial.months import Month
from branding.models import Statement
from branding.services.statements import issue_statement
from tenants.accounts.models import Client
from tests.actors import ALICE, DAVE, ERIN, FRANK, GRACE, IVAN, MALLORY
from tests.at_home import page_url
from tests.branding.commerce import BUILDER, make_tier, put_on, used

pytestmark = pytest.mark.usefixtures("november", "at_home")
Browse = Callable[..., Browser]
OCTOBER = Month(2026, 10)


@pytest.fixture
def billed(alder: Client) -> Client:
    """Alder, on a tier since 11 October, with 160 deliveries in October."""
    put_on(alder, make_tier(), date(2026, 10, 11))
    used(alder, date(2026, 10, 12), 160)
    return alder


def test_a_draft_shows_its_lines_and_adds_up(browse: Browse, billed: Client) -> None:
    page = browse(FRANK).get(page_url("statement_draft", billed.pk, OCTOBER)).content.decode()
    for shown in ("203.23", "21", " days", "50.00", "9.75", "262.98"):
        assert shown in page
    assert "Issue it" not in page


def test_finance_issues_from_the_page_and_the_draft_leads_to_the_statement(
    browse: Browse, billed: Client
) -> None:
    browser = browse(ERIN)
    draft = page_url("statement_draft", billed.pk, OCTOBER)
    assert "Issue it" in browser.get(draft).content.decode()
    answer = browser.post(page_url("statement_issue", billed.pk, OCTOBER), follow=True)
    assert "Statement 1 was issued." in answer.content.decode()
    assert browser.get(draft).headers["Location"] == page_url("statement_issued", 1)
    used(billed, date(2026, 10, 31), 500)
    page = browser.get(page_url("statement_issued", 1)).content.decode()
    assert "262.98" in page
    listed = browser.get(page_url("statement_list"), {"month": "2026-10"}).content.decode()
    assert "No. 1" in listed
    assert "262.98" in listed


def test_a_month_that_runs_cannot_be_issued_from_the_page(browse: Browse, billed: Client) -> None:
    browser = browse(ERIN)
    assert (
        "Issue it"
        not in browser.get(page_url("statement_draft", billed.pk, "2026-11")).content.decode()
    )
    answer = browser.post(page_url("statement_issue", billed.pk, "2026-11"), follow=True)
    assert "can be issued after 1 December 2026" in answer.content.decode()
    assert not Statement.objects.exists()


def test_those_who_may_not_issue_do_not(browse: Browse, billed: Client) -> None:
    address = page_url("statement_issue", billed.pk, OCTOBER)
    assert browse(FRANK).post(address).status_code == 403
    assert browse(DAVE).post(address).status_code == 403
    assert browse(ERIN).get(address).status_code == 405
    assert not Statement.objects.exists()


def test_the_list_filters_drafts_and_issued(browse: Browse, billed: Client, birch: Client) -> None:
    put_on(birch, make_tier("Other"), date(2026, 10, 1))
    issue_statement(BUILDER, billed, OCTOBER)
    browser = browse(ALICE)

    def names(show: str) -> list[bool]:
        query = {"month": "2026-10", "show": show}
        page = browser.get(page_url("statement_list"), query).content.decode()
        return ["Alder Consulting" in page, "Birch Systems" in page]

    assert names("") == [True, True]
    assert names("draft") == [False, True]
    assert names("issued") == [True, False]


def test_a_client_reads_its_drafts_and_statements(browse: Browse, billed: Client) -> None:
    browser = browse(GRACE)
    listed = browser.get(page_url("statement_list", door="portal")).content.decode()
    assert "October 2026" in listed
    assert "November 2026" in listed
    assert "September 2026" not in listed
    issue_statement(BUILDER, billed, OCTOBER)
    page = browser.get(page_url("statement_issued", 1, door="portal")).content.decode()
    assert "262.98" in page
    assert "tests" not in page.split("<main")[1]


def test_another_clients_statement_is_not_found(
    browse: Browse, billed: Client, birch: Client
) -> None:
    issue_statement(BUILDER, billed, OCTOBER)
    assert browse(MALLORY).get(page_url("statement_issued", 1, door="portal")).status_code == 404
    draft = browse(MALLORY).get(page_url("statement_draft", "2026-11", door="portal"))
    assert "Standard" not in draft.content.decode()


def test_a_viewer_sees_no_statement(browse: Browse, billed: Client) -> None:
    browser = browse(IVAN)
    for address in (
        page_url("statement_list", door="portal"),
        page_url("statement_draft", "2026-10", door="portal"),
    ):
        assert browser.get(address).status_code == 403


def test_what_does_not_exist_is_not_found(browse: Browse, billed: Client) -> None:
    browser = browse(ALICE)
    for address in (
        page_url("statement_issued", 99),
        page_url("statement_draft", billed.pk, "2026-99"),
        page_url("statement_draft", 99_999, "2026-10"),
    ):
        assert browser.get(address).status_code == 404
