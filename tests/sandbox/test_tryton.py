"""Tryton's spelling and the month that is told on it; the last tests need real servers."""

import datetime as dt
import os
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest

from syncjobs.sandbox.tryton import daemon, seed, story
from syncjobs.sandbox.tryton.pair import public_facts, start_pair, stop_pair
from syncjobs.sandbox.tryton.wire import TrytonError, decode, encode

OCTOBER = dt.date(2026, 10, 1)


@pytest.mark.parametrize(
    "value",
    [
        Decimal("84000.00"),
        dt.date(2026, 10, 5),
        dt.datetime(2026, 10, 5, 14, 30, 1, 25, tzinfo=dt.UTC),
        dt.timedelta(minutes=435),
        {"a": [Decimal("1.10"), None, True, "x"]},
    ],
)
def test_values_survive_trytons_json(value: Any) -> None:
    assert decode(encode(value)) == value


def test_the_month_is_deterministic_and_each_row_can_be_told_apart() -> None:
    rows = story.lines(OCTOBER)

    assert rows == story.lines(OCTOBER)
    assert len({(row.employee, row.project, row.task, row.date) for row in rows}) == len(rows)
    assert len(rows) > 120


def test_the_expected_money_is_rounded_as_tryton_rounds() -> None:
    """Half-even and half-up differ on this month, so a wrong rounding would show."""
    worth = story.expected(OCTOBER)
    prices = {(p.name, task.name): task.price for p in story.PROJECTS for task in p.tasks}
    up = sum(
        ((Decimal(row.minutes) / 60 * price).quantize(story.CENT, "ROUND_HALF_UP"))
        for row in story.lines(OCTOBER)
        if (price := prices[row.project, row.task]) is not None
    )

    assert sum(one.amount for one in worth.values()) != up
    assert "VD-000 Internal: method and quality" not in worth


def test_a_directory_without_a_server_has_nothing_to_stop(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(str(os.getpid()))

    assert daemon.running_pid(tmp_path) is None
    assert daemon.stop(tmp_path) is False


@pytest.fixture(scope="module")
def pair() -> Iterator[dict[str, dict[str, Any]]]:
    directory = Path(os.environ.get("LIVERY_STATE_DIR", ".livery")) / "tryton-tests"
    facts = start_pair(directory, month=OCTOBER)
    yield facts
    stop_pair(directory)


@pytest.mark.systems
def test_a_real_source_holds_the_month_to_the_cent(pair: dict[str, dict[str, Any]]) -> None:
    rest = seed.open_rest(pair["source"])
    works = {row["id"]: row for row in rest.find("project.work", (), ("parent.name", "list_price"))}
    found: dict[str, Decimal] = {}

    for row in rest.find("timesheet.line", (), ("duration", "work.origin")):
        task = works[int(row["work"]["origin"].partition(",")[2])]
        if task["list_price"] is not None:
            hours = Decimal(str(row["duration"].total_seconds())) / 3600
            amount = (hours * task["list_price"]).quantize(story.CENT, ROUND_HALF_EVEN)
            name = task["parent"]["name"]
            found[name] = found.get(name, Decimal(0)) + amount

    assert found == {name: worth.amount for name, worth in story.expected(OCTOBER).items()}


@pytest.mark.systems
def test_a_second_start_finds_everything_there(pair: dict[str, dict[str, Any]]) -> None:
    directory = Path(os.environ.get("LIVERY_STATE_DIR", ".livery")) / "tryton-tests"

    again = start_pair(directory, month=OCTOBER)

    assert again["source"]["new_records"] == 0
    assert again["erp"]["pid"] == pair["erp"]["pid"]
    assert "api_key" not in public_facts(again["erp"])


@pytest.mark.systems
def test_a_real_erp_takes_an_invoice_and_refuses_a_second_party_code(
    pair: dict[str, dict[str, Any]],
) -> None:
    rest = seed.open_rest(pair["erp"])
    code = f"C-{dt.datetime.now(dt.UTC):%H%M%S%f}"
    rest.post("party.party", {"name": "Brouwer Logistiek BV", "code": code})

    with pytest.raises(TrytonError, match="must be unique"):
        rest.post("party.party", {"name": "Again", "code": code})
