"""Usage is counted once, by client, workflow and day, and read back by month."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from branding.commercial.months import Month
from branding.models import UsageDay
from branding.services.usage import (
    UsageCount,
    count_deliveries,
    day_of,
    used_by_day,
    used_by_workflow,
)
from tenants.accounts.models import Client
from tenants.context import schema_scope
from tenants.models import Partner
from tests.branding.commerce import asked, used

NOVEMBER = Month(2026, 11)


def row(
    client: Client, day: int, quantity: int = 1, workflow: int = 1, label: str = "W"
) -> UsageCount:
    return UsageCount(client.pk, workflow, label, "deliveries", date(2026, 11, day), quantity)


def test_counts_add_up_per_client_workflow_and_day(alder: Client, birch: Client) -> None:
    count_deliveries([row(alder, 3, 2), row(alder, 3, 5), row(alder, 4), row(birch, 3, 9)])
    count_deliveries([row(alder, 3, 1), row(alder, 3, 4, workflow=2, label="Other")])
    assert used_by_day([alder.pk, birch.pk], NOVEMBER) == {
        alder.pk: {date(2026, 11, 3): 12, date(2026, 11, 4): 1},
        birch.pk: {date(2026, 11, 3): 9},
    }
    assert [(one.label, one.quantity) for one in used_by_workflow(alder.pk, NOVEMBER)] == [
        ("W", 9),
        ("Other", 4),
    ]


def test_a_batch_is_one_statement(alder: Client, birch: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        count_deliveries([row(client, day) for client in (alder, birch) for day in range(1, 29)])
    assert len(asked(queries)) == 1
    assert UsageDay.objects.count() == 56


def test_nothing_to_count_asks_nothing(alder: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        count_deliveries([])
    assert len(asked(queries)) == 0


def test_a_workflow_that_was_renamed_shows_its_latest_name(alder: Client) -> None:
    count_deliveries([row(alder, 3, label="Old name")])
    count_deliveries([row(alder, 3, label="New name")])
    assert [one.label for one in used_by_workflow(alder.pk, NOVEMBER)] == ["New name"]


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_below_one_is_refused(alder: Client, quantity: int) -> None:
    with pytest.raises(ValueError, match="from one up"):
        count_deliveries([row(alder, 3, quantity)])
    assert not UsageDay.objects.exists()


def test_a_meter_that_does_not_exist_is_refused(alder: Client) -> None:
    with pytest.raises(ValueError, match="no meter"):
        count_deliveries([UsageCount(alder.pk, 1, "W", "retries", date(2026, 11, 3))])


def test_a_delivery_that_is_rolled_back_is_not_counted(alder: Client) -> None:
    with transaction.atomic():
        count_deliveries([row(alder, 3)])
        transaction.set_rollback(True)
    assert used_by_day([alder.pk], NOVEMBER) == {alder.pk: {}}


def test_months_are_kept_apart(alder: Client) -> None:
    used(alder, date(2026, 10, 31), 3)
    used(alder, date(2026, 11, 1), 4)
    used(alder, date(2026, 12, 1), 5)
    assert used_by_day([alder.pk], NOVEMBER) == {alder.pk: {date(2026, 11, 1): 4}}


def test_partners_are_kept_apart(northwind: Partner, alder: Client) -> None:
    used(alder, date(2026, 11, 1), 4)
    with schema_scope("p_brightbridge"):
        other = Client.objects.get(name="Alder Consulting")
        assert used_by_day([other.pk], NOVEMBER) == {other.pk: {}}


def test_a_day_is_the_clients_own() -> None:
    moment = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert day_of(moment, "UTC") == date(2026, 11, 30)
    assert day_of(moment, "Europe/Berlin") == date(2026, 12, 1)
    assert day_of(moment, "America/New_York") == date(2026, 11, 30)
