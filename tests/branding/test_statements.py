"""A draft follows the usage; an issued statement never changes and numbers have no gaps."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from branding.commercial.months import Month
from branding.models import Statement, StatementLine
from branding.services.statements import client_month, client_months, issue_statement
from governance.actors import Actor
from governance.errors import AppendOnly
from governance.models import AuditEntry
from tenants.accounts.models import Client
from tests.actors import ERIN, FRANK, GRACE, Person
from tests.branding.commerce import BUILDER, asked, make_tier, put_on, used

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
pytestmark = pytest.mark.usefixtures("november")
ActorOf = Callable[[Person], Actor]


@pytest.fixture
def billed(alder: Client) -> Client:
    """Alder, on a tier since 11 October, with usage in October and November."""
    put_on(alder, make_tier(), date(2026, 10, 11))
    used(alder, date(2026, 10, 12), 100)
    used(alder, date(2026, 10, 30), 60, workflow=2)
    used(alder, date(2026, 11, 3), 10)
    return alder


def test_the_first_month_is_prorated_and_its_overage_priced_by_band(billed: Client) -> None:
    draft = client_month(billed, OCTOBER).draft
    lines = [(line.kind, line.quantity, line.amount) for line in draft.parts[0].lines]
    # 21 of 31 days of 300.00; 30 × 21/31 rounded up is 21 included; 139 beyond.
    assert lines == [
        ("base", 21, Decimal("203.23")),
        ("included", 21, Decimal(0)),
        ("overage", 100, Decimal("50.00")),
        ("overage", 39, Decimal("9.75")),
    ]
    assert draft.total == Decimal("262.98")


def test_a_draft_follows_each_delivery_at_once(billed: Client) -> None:
    before = client_month(billed, NOVEMBER).draft
    used(billed, date(2026, 11, 4), 25)
    after = client_month(billed, NOVEMBER).draft
    assert (before.total, before.remaining) == (Decimal("300.00"), 20)
    # 35 used, 30 included, 5 beyond at 0.50
    assert (after.total, after.beyond) == (Decimal("302.50"), 5)


def test_the_forecast_of_the_running_month_is_its_mean_carried_on(billed: Client) -> None:
    seen = client_month(billed, NOVEMBER).forecast
    assert seen.volume == 10 + round(10 * 9 / 21)
    assert not seen.is_final


def test_all_clients_take_three_queries(billed: Client, birch: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        months = client_months([billed, birch], OCTOBER)
    assert len(asked(queries)) == 3
    assert [one.draft.is_empty for one in months] == [False, True]


def test_a_statement_is_the_draft_to_the_cent(actor: ActorOf, billed: Client) -> None:
    draft = client_month(billed, OCTOBER).draft
    statement = issue_statement(actor(ERIN), billed, OCTOBER)
    kept = StatementLine.objects.filter(statement=statement)
    assert statement.total == draft.total == sum(line.amount for line in kept)
    assert [(line.kind, line.quantity, line.amount, line.first, line.last) for line in kept] == [
        (line.kind, line.quantity, line.amount, line.first, line.last)
        for part in draft.parts
        for line in part.lines
    ]
    entry = AuditEntry.objects.get(action="statement.issued")
    assert entry.client_id == billed.pk
    assert entry.after == {"month": "2026-10", "total": "262.98", "currency": "EUR", "used": 160}


def test_usage_that_comes_later_does_not_change_an_issued_statement(billed: Client) -> None:
    statement = issue_statement(BUILDER, billed, OCTOBER)
    used(billed, date(2026, 10, 31), 1000)
    assert Statement.objects.get(pk=statement.pk).total == Decimal("262.98")


def test_an_issued_statement_cannot_be_changed_or_deleted(billed: Client) -> None:
    statement = issue_statement(BUILDER, billed, OCTOBER)
    with pytest.raises(AppendOnly):
        statement.save()
    with pytest.raises(AppendOnly):
        statement.delete()
    with pytest.raises(AppendOnly):
        Statement.objects.all().update(total=0)
    with pytest.raises(AppendOnly):
        StatementLine.objects.all().delete()


@pytest.mark.parametrize("table", ["branding_statement", "branding_statementline"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_the_database_refuses_too(billed: Client, table: str, change: str) -> None:
    issue_statement(BUILDER, billed, OCTOBER)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))


def test_numbers_have_no_gaps_after_a_rollback(billed: Client, birch: Client) -> None:
    put_on(birch, make_tier("Other"), date(2026, 9, 1))
    first = issue_statement(BUILDER, billed, OCTOBER)
    with transaction.atomic():
        issue_statement(BUILDER, birch, Month(2026, 9))
        transaction.set_rollback(True)
    second = issue_statement(BUILDER, birch, Month(2026, 9))
    assert (first.number, second.number) == (1, 2)


def test_the_next_number_is_kept_from_others_until_the_commit(billed: Client) -> None:
    issue_statement(BUILDER, billed, OCTOBER)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        assert cursor.fetchall() == [("ExclusiveLock",)]


@pytest.mark.parametrize(
    ("month", "said"),
    [
        (NOVEMBER, "can be issued after 1 December 2026"),
        (Month(2026, 8), "on no tier in August 2026"),
    ],
)
def test_a_month_that_cannot_be_issued_says_why(billed: Client, month: Month, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        issue_statement(BUILDER, billed, month)


def test_a_month_is_issued_once(billed: Client) -> None:
    issue_statement(BUILDER, billed, OCTOBER)
    with pytest.raises(ValidationError, match="already"):
        issue_statement(BUILDER, billed, OCTOBER)


def test_a_month_is_over_in_the_clients_own_zone(billed: Client) -> None:
    billed.time_zone = "Pacific/Auckland"
    billed.save()
    with time_machine.travel("2026-12-01T12:00:00+00:00", tick=False):
        issue_statement(BUILDER, billed, NOVEMBER)


@pytest.mark.parametrize("person", [FRANK, GRACE])
def test_only_those_who_manage_prices_issue(actor: ActorOf, billed: Client, person: Person) -> None:
    with pytest.raises(PermissionDenied):
        issue_statement(actor(person), billed, OCTOBER)
