"""Tiers, usage and statements through the API: a client's token sees its own rows only."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from django.test import Client as Browser

from branding.commercial.months import Month
from branding.services.statements import issue_statement
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tests.actors import ALICE, GRACE, Person
from tests.branding.commerce import BUILDER, make_tier, put_on, used

pytestmark = pytest.mark.usefixtures("november", "at_home")
Ask = Callable[..., Any]
ALL = ("prices.view", "usage.view", "statements.view")


@pytest.fixture
def both(alder: Client, birch: Client) -> tuple[Client, Client]:
    """Two clients on a tier each, with an October that is issued."""
    put_on(alder, make_tier(), date(2026, 10, 11))
    put_on(birch, make_tier("Other", fee="987.65"), date(2026, 10, 1))
    used(alder, date(2026, 10, 12), 160)
    used(alder, date(2026, 11, 2), 7, workflow=2)
    used(birch, date(2026, 10, 12), 8)
    for client in (alder, birch):
        issue_statement(BUILDER, client, Month(2026, 10))
    return alder, birch


@pytest.fixture
def ask(browse: Callable[..., Browser]) -> Ask:
    """A call with a fresh token of somebody; returns status and body."""

    def call(
        person: Person,
        path: str,
        scopes: Sequence[str] = ALL,
        client: Client | None = None,
        **query: str,
    ) -> tuple[int, Any]:
        user = User.objects.get(email=person.email)
        held = [scope for scope in scopes if scope in user.permissions]
        text = make_token(BUILDER, user=user, name="t", scopes=held, client=client)[1]
        answer = browse(None, host="admin.northwind.localhost").get(
            f"/api/v1/{path}", query, headers={"Authorization": f"Bearer {text}"}
        )
        return answer.status_code, answer.json()

    return call


def test_usage_is_listed_by_client_and_month(ask: Ask, both: tuple[Client, Client]) -> None:
    status, body = ask(ALICE, "usage/")
    assert (status, len(body["results"])) == (200, 3)
    _, body = ask(ALICE, "usage/", month="2026-11")
    assert body["results"] == [
        {
            "client": both[0].pk,
            "day": "2026-11-02",
            "workflow_id": 2,
            "workflow": "Opportunity to project",
            "meter": "deliveries",
            "quantity": 7,
        }
    ]


def test_a_clients_token_sees_its_own_usage_whatever_it_asks_for(
    ask: Ask, both: tuple[Client, Client]
) -> None:
    _, body = ask(GRACE, "usage/")
    assert {row["client"] for row in body["results"]} == {both[0].pk}
    status, body = ask(GRACE, f"usage/?client={both[1].pk}")
    assert status == 200
    assert {row["client"] for row in body["results"]} <= {both[0].pk}


@pytest.mark.parametrize("path", ["usage/", "statements/"])
def test_a_filter_that_a_list_does_not_have_is_refused_and_not_ignored(
    ask: Ask, both: tuple[Client, Client], path: str
) -> None:
    for name, wrong in (("moth", "2026-10"), ("client", "Alder")):
        status, body = ask(ALICE, f"{path}?{name}={wrong}")
        assert status == 400
        assert [one["field"] for one in body["error"]["fields"]] == [name]


def test_statements_are_listed_by_month(ask: Ask, both: tuple[Client, Client]) -> None:
    found = ask(ALICE, "statements/", month="2026-10")[1]["results"]
    assert found
    assert {row["month"] for row in found} == {"2026-10"}
    assert ask(ALICE, "statements/", month="2026-08")[1]["results"] == []


@pytest.mark.parametrize("path", ["usage/", "statements/draft/", "statements/"])
def test_a_month_that_is_none_is_told_at_its_field(
    ask: Ask, both: tuple[Client, Client], path: str
) -> None:
    status, body = ask(GRACE, path, month="soon")
    assert status == 400
    assert body["error"]["fields"][0]["field"] == "month"


def test_a_statement_has_its_lines_to_the_cent(ask: Ask, both: tuple[Client, Client]) -> None:
    status, body = ask(GRACE, "statements/1/")
    assert status == 200
    assert (body["total"], body["month"], body["currency"]) == ("262.98", "2026-10", "EUR")
    assert [(line["kind"], line["unit_price"], line["amount"]) for line in body["lines"]] == [
        ("base", "300.00", "203.23"),
        ("included", "0.00", "0.00"),
        ("overage", "0.50", "50.00"),
        ("overage", "0.25", "9.75"),
    ]


def test_a_foreign_statement_is_not_found(ask: Ask, both: tuple[Client, Client]) -> None:
    assert ask(GRACE, "statements/2/")[0] == 404
    assert [row["number"] for row in ask(GRACE, "statements/")[1]["results"]] == [1]
    assert [row["number"] for row in ask(ALICE, "statements/")[1]["results"]] == [2, 1]


def test_the_draft_is_that_of_the_tokens_client(ask: Ask, both: tuple[Client, Client]) -> None:
    status, body = ask(GRACE, "statements/draft/")
    assert (status, body["client"], body["month"]) == (200, both[0].pk, "2026-11")
    assert (body["used"], body["total"], body["forecast_used"]) == (7, "300.00", 10)
    assert ask(GRACE, f"statements/draft/?client={both[1].pk}")[0] == 404


def test_a_token_for_all_clients_says_which(ask: Ask, both: tuple[Client, Client]) -> None:
    assert ask(ALICE, "statements/draft/")[0] == 400
    status, body = ask(ALICE, f"statements/draft/?client={both[1].pk}")
    assert (status, body["total"]) == (200, "987.65")
    assert ask(ALICE, "statements/draft/?client=999999")[0] == 404
    assert ask(ALICE, f"statements/draft/?client={'9' * 5000}")[0] == 400


def test_tiers_show_what_is_in_force_and_every_version(
    ask: Ask, both: tuple[Client, Client]
) -> None:
    status, body = ask(ALICE, "tiers/")
    assert status == 200
    tier = next(row for row in body["results"] if row["name"] == "Standard")
    assert tier["current"]["base_fee"] == "300.00"
    assert tier["current"]["bands"] == [
        {"up_to": 100, "price": "0.50"},
        {"up_to": None, "price": "0.25"},
    ]
    assert ask(ALICE, f"tiers/{tier['id']}/")[1] == tier


def test_a_partners_token_for_one_client_sees_that_clients_tier_only(
    ask: Ask, both: tuple[Client, Client]
) -> None:
    _, everything = ask(ALICE, "tiers/")
    _, body = ask(ALICE, "tiers/", client=both[0])
    assert [row["name"] for row in body["results"]] == ["Standard"]
    other = next(row["id"] for row in everything["results"] if row["name"] == "Other")
    assert ask(ALICE, f"tiers/{other}/", client=both[0])[0] == 404


@pytest.mark.parametrize("path", ["tiers/", "usage/", "statements/", "statements/draft/"])
def test_without_the_scope_nothing_is_told(
    ask: Ask, both: tuple[Client, Client], path: str
) -> None:
    assert ask(ALICE, path, scopes=["clients.view"])[0] == 403


def test_a_client_never_sees_the_price_list(ask: Ask, both: tuple[Client, Client]) -> None:
    assert ask(GRACE, "tiers/")[0] == 403


@pytest.mark.parametrize("path", ["tiers/", "usage/", "statements/"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_here(
    browse: Callable[..., Browser], both: tuple[Client, Client], path: str, method: str
) -> None:
    user = User.objects.get(email=ALICE.email)
    text = make_token(BUILDER, user=user, name="t", scopes=ALL)[1]
    browser = browse(None, host="admin.northwind.localhost")
    answer = getattr(browser, method)(
        f"/api/v1/{path}", headers={"Authorization": f"Bearer {text}"}
    )
    assert answer.status_code in {403, 405}
