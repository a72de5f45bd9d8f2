"""Billing cycles: one second late is the next cycle, in the zone of the entity."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncjobs.cutoff import billing_cycle, closing_of, cut_off_of

RULE = {
    "day": 3,
    "time": "18:00",
    "version": "7",
    "entities": {"West": {"zone": "America/Los_Angeles", "day": 4}},
}
BERLIN = cut_off_of(RULE, entity="", zone="Europe/Berlin")
WEST = cut_off_of(RULE, entity="West", zone="Europe/Berlin")
CLOSING = datetime(2026, 11, 3, 18, tzinfo=ZoneInfo("Europe/Berlin"))


def test_approved_at_the_last_second_is_this_cycle() -> None:
    cycle = billing_cycle(date(2026, 10, 30), CLOSING, BERLIN)
    assert (cycle.period, cycle.late) == ("2026-10", False)


def test_one_second_later_is_the_next_cycle_with_the_own_month_kept() -> None:
    cycle = billing_cycle(date(2026, 10, 30), CLOSING + timedelta(seconds=1), BERLIN)
    assert (cycle.period, cycle.original_period, cycle.late) == ("2026-11", "2026-10", True)
    assert cycle.closed_at == CLOSING
    assert cycle.rule == "7"


def test_months_late_goes_to_the_first_cycle_that_is_open() -> None:
    cycle = billing_cycle(date(2026, 10, 30), datetime(2027, 1, 2, tzinfo=UTC), BERLIN)
    assert cycle.period == "2026-12"


def test_each_entity_has_its_own_day_and_zone() -> None:
    assert closing_of(2026, 10, WEST) == datetime(
        2026, 11, 4, 18, tzinfo=ZoneInfo("America/Los_Angeles")
    )
    moment = CLOSING + timedelta(hours=1)
    assert billing_cycle(date(2026, 10, 30), moment, BERLIN).late
    assert not billing_cycle(date(2026, 10, 30), moment, WEST).late


def test_december_closes_in_january() -> None:
    assert closing_of(2026, 12, BERLIN).astimezone(ZoneInfo("Europe/Berlin")).date() == date(
        2027, 1, 3
    )


@pytest.mark.parametrize("day", [0, 29, -1])
def test_a_day_that_not_every_month_has_is_refused(day: int) -> None:
    with pytest.raises(ValueError, match="1 to 28"):
        cut_off_of({"day": day}, entity="", zone="UTC")


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.timedeltas(timedelta(days=-30), timedelta(days=400)),
)
def test_work_is_never_billed_before_its_month_nor_after_its_cycle_has_closed(
    on: date, after: timedelta
) -> None:
    approved = datetime(on.year, on.month, on.day, tzinfo=UTC) + after
    cycle = billing_cycle(on, approved, BERLIN)
    assert cycle.period >= cycle.original_period
    year, month = map(int, cycle.period.split("-"))
    assert approved <= closing_of(year, month, BERLIN)
    assert cycle.late is (cycle.period != cycle.original_period)
