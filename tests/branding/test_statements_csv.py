"""A statement as CSV: the same lines and total as its page, at each door, and no formula in it."""

import csv
import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from branding.commercial.months import Month
from branding.services.statements import issue_statement
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tests.actors import FRANK, GRACE, IVAN, MALLORY
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


def table(answer: Any) -> list[dict[str, str]]:
    """The rows by heading."""
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_draft_and_the_issued_table_hold_the_lines_and_add_up(
    browse: Browse, billed: Client
) -> None:
    draft = table(browse(FRANK).get(page_url("statement_draft_csv", billed.pk, OCTOBER)))
    issue_statement(BUILDER, billed, OCTOBER)
    issued = table(browse(FRANK).get(page_url("statement_csv", 1)))
    assert [row["Statement"] for row in draft] == ["Draft"] * 5
    assert [row["Statement"] for row in issued] == ["1"] * 5
    for rows in (draft, issued):
        assert [(row["Line"], row["Quantity"], row["Each"], row["Amount"]) for row in rows] == [
            ("Base fee", "21", "300.00", "203.23"),
            ("Included deliveries, of 21", "21", "", "0.00"),
            ("Beyond the included volume, 1 to 100", "100", "0.50", "50.00"),
            ("Beyond the included volume, 101 to any", "39", "0.25", "9.75"),
            ("Total", "", "", "262.98"),
        ]
        assert sum(Decimal(row["Amount"]) for row in rows[:-1]) == Decimal(rows[-1]["Amount"])
        assert {row["Currency"] for row in rows} == {"EUR"}


def test_a_client_takes_its_own_tables_and_nobody_elses(
    browse: Browse, billed: Client, birch: Client
) -> None:
    issue_statement(BUILDER, billed, OCTOBER)
    address = page_url("statement_csv", 1, door="portal")
    assert table(browse(GRACE).get(address))[-1]["Amount"] == "262.98"
    assert browse(MALLORY).get(address).status_code == 404
    assert browse(IVAN).get(address).status_code == 403
    draft = page_url("statement_draft_csv", "2026-11", door="portal")
    assert table(browse(GRACE).get(draft))[-1]["Amount"] == "300.00"
    assert [row["Line"] for row in table(browse(MALLORY).get(draft))] == ["Total"]


def test_programs_take_the_same_table(browse: Browse, billed: Client, birch: Client) -> None:
    put_on(birch, make_tier("Other"), date(2026, 10, 1))
    issue_statement(BUILDER, billed, OCTOBER)
    issue_statement(BUILDER, birch, OCTOBER)
    user = User.objects.get(email=GRACE.email)
    text = make_token(BUILDER, user=user, name="t", scopes=["statements.view"])[1]
    bearer = {"Authorization": f"Bearer {text}"}
    api = browse(None, host="admin.northwind.localhost")
    assert table(api.get("/api/v1/statements/1/csv/", headers=bearer))[-1]["Amount"] == "262.98"
    assert table(api.get("/api/v1/statements/draft/csv/", headers=bearer))[0]["Month"] == "2026-11"
    assert api.get("/api/v1/statements/2/csv/", headers=bearer).status_code == 404


def test_no_cell_is_run_by_a_spreadsheet(browse: Browse, birch: Client) -> None:
    put_on(birch, make_tier("@SUM(A1)"), date(2026, 10, 1))
    Client.objects.filter(pk=birch.pk).update(name="=HYPERLINK(1)")
    rows = table(browse(FRANK).get(page_url("statement_draft_csv", birch.pk, OCTOBER)))
    assert (rows[0]["Client"], rows[0]["Tier"]) == ("'=HYPERLINK(1)", "'@SUM(A1)")
