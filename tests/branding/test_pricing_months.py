"""A month is cut at each change of tier, priced by its days, and forecast by its mean."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branding.commercial.billing import Segment, Span, cut, draft_of, share_of
from branding.commercial.forecast import forecast
from branding.commercial.months import Month
from branding.pricing import Band, PriceList

NOVEMBER = Month(2026, 11)
SMALL = PriceList("EUR", Decimal(300), 30, (Band(None, Decimal("0.50")),))
LARGE = PriceList("EUR", Decimal(900), 300, (Band(None, Decimal("0.10")),))


def segment(prices: PriceList, first: int, last: int) -> Segment:
    start, end = date(2026, 11, first), date(2026, 11, last)
    return Segment("Tier", prices, start, end, share_of(NOVEMBER, start, end))


def test_a_month_reads_and_prints_itself() -> None:
    assert Month.parse("2026-02").last == date(2026, 2, 28)
    assert str(Month.of(date(2026, 11, 21))) == "2026-11"
    assert NOVEMBER.label == "November 2026"
    assert NOVEMBER.plus(2) == Month(2027, 1)
    assert NOVEMBER.plus(-11) == Month(2025, 12)


@pytest.mark.parametrize("text", ["26-11", "2026-11-01", "", "٢٠٢٦-١١"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2026-11"):
        Month.parse(text)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "0001-01", "9999-12"])
def test_a_month_that_there_is_not_is_told_with_those_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=f"no month {text}: use one from 2000-01 to 2999-12"):
        Month.parse(text)


def test_spans_are_cut_to_the_month_and_ordered() -> None:
    spans = [
        Span(2, date(2026, 11, 16), None),
        Span(1, date(2026, 9, 3), date(2026, 11, 15)),
        Span(3, date(2027, 1, 1), None),
        Span(4, date(2026, 1, 1), date(2026, 9, 2)),
    ]
    assert cut(NOVEMBER, spans) == [
        Span(1, date(2026, 11, 1), date(2026, 11, 15)),
        Span(2, date(2026, 11, 16), date(2026, 11, 30)),
    ]


def test_neighbours_on_one_tier_are_one_segment_but_a_gap_keeps_them_apart() -> None:
    joined = cut(
        NOVEMBER,
        [Span(1, date(2026, 11, 1), date(2026, 11, 10)), Span(1, date(2026, 11, 11), None)],
    )
    apart = cut(
        NOVEMBER, [Span(1, date(2026, 11, 1), date(2026, 11, 9)), Span(1, date(2026, 11, 11), None)]
    )
    assert len(joined) == 1
    assert len(apart) == 2


def test_each_segment_is_priced_with_its_own_days_usage() -> None:
    usage = {date(2026, 11, 3): 20, date(2026, 11, 20): 400}
    draft = draft_of(NOVEMBER, [segment(SMALL, 1, 10), segment(LARGE, 11, 30)], usage)
    assert [part.used for part in draft.parts] == [20, 400]
    # 10 of 30 days: 100.00 and 10 included, 10 beyond at 0.50
    assert draft.parts[0].amount == Decimal("105.00")
    # 20 of 30 days: 600.00 and 200 included, 200 beyond at 0.10
    assert draft.parts[1].amount == Decimal("620.00")
    assert draft.total == Decimal("725.00")
    assert (draft.included, draft.beyond, draft.remaining) == (210, 210, 0)


def test_usage_outside_a_subscription_is_shown_and_not_billed() -> None:
    usage = {date(2026, 11, 2): 7, date(2026, 11, 12): 1, date(2026, 12, 1): 99}
    draft = draft_of(NOVEMBER, [segment(SMALL, 11, 30)], usage)
    assert (draft.used, draft.outside) == (8, 7)
    assert draft.total == Decimal("200.00")


def test_a_month_without_a_tier_is_empty_and_costs_nothing() -> None:
    draft = draft_of(NOVEMBER, [], {date(2026, 11, 2): 7})
    assert draft.is_empty
    assert (draft.total, draft.outside, draft.currency) == (Decimal(0), 7, "")


@given(
    st.dictionaries(st.integers(1, 30), st.integers(0, 500), max_size=30),
    st.integers(2, 30),
)
def test_a_cut_anywhere_loses_and_doubles_no_delivery(
    by_number: dict[int, int], cut_at: int
) -> None:
    usage = {date(2026, 11, number): count for number, count in by_number.items()}
    draft = draft_of(NOVEMBER, [segment(SMALL, 1, cut_at - 1), segment(LARGE, cut_at, 30)], usage)
    assert sum(part.used for part in draft.parts) == draft.used == sum(usage.values())
    assert draft.outside == 0


def test_the_forecast_carries_on_the_mean_of_the_days_gone() -> None:
    usage = {date(2026, 11, day): 10 for day in range(1, 11)}
    seen = forecast(NOVEMBER, [segment(LARGE, 1, 30)], usage, date(2026, 11, 10))
    assert (seen.volume, seen.cost, seen.is_final) == (300, Decimal(900), False)


def test_the_forecast_of_a_late_start_counts_from_the_first_subscribed_day() -> None:
    usage = {date(2026, 11, 21): 30}
    seen = forecast(NOVEMBER, [segment(SMALL, 21, 30)], usage, date(2026, 11, 21))
    assert seen.volume == 300
    # 10 of 30 days: 100.00; 10 included, 290 beyond at 0.50
    assert seen.cost == Decimal("245.00")


def test_the_forecast_of_a_past_month_is_what_it_was() -> None:
    usage = {date(2026, 11, 5): 40}
    seen = forecast(NOVEMBER, [segment(SMALL, 1, 30)], usage, date(2026, 12, 1))
    assert (seen.volume, seen.cost, seen.is_final) == (40, Decimal("305.00"), True)


def test_a_month_that_has_not_begun_is_forecast_at_its_fee() -> None:
    seen = forecast(NOVEMBER, [segment(SMALL, 1, 30)], {}, date(2026, 10, 20))
    assert (seen.volume, seen.cost) == (0, Decimal("300.00"))


def test_a_forecast_goes_on_by_day_so_what_comes_after_the_end_costs_nothing() -> None:
    usage = {date(2026, 11, number): 10 for number in range(1, 11)}
    prices = PriceList("EUR", Decimal(300), 100, (Band(None, Decimal(1)),))
    seen = forecast(NOVEMBER, [segment(prices, 1, 15)], usage, date(2026, 11, 10))
    assert seen.volume == 150
    whole = {date(2026, 11, number): 10 for number in range(1, 16)}
    assert seen.cost == draft_of(NOVEMBER, [segment(prices, 1, 15)], whole).total


@given(st.dictionaries(st.integers(1, 30), st.integers(0, 500), max_size=30), st.integers(1, 30))
def test_a_forecast_is_never_below_what_was_used(by_number: dict[int, int], today: int) -> None:
    usage = {date(2026, 11, number): n for number, n in by_number.items() if number <= today}
    seen = forecast(
        NOVEMBER, [segment(SMALL, 1, 30)], usage, NOVEMBER.first + timedelta(days=today - 1)
    )
    assert seen.volume >= sum(usage.values())
    assert seen.cost >= draft_of(NOVEMBER, [segment(SMALL, 1, 30)], usage).total
