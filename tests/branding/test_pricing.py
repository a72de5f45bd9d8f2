"""Prices are exact to the cent, never fall as volume grows, and have no jumps."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branding.pricing import (
    Band,
    PriceError,
    PriceList,
    Share,
    check,
    currency_digits,
    included_in,
    price,
    round_money,
    total,
)

CURRENCIES = ("EUR", "USD", "JPY", "KWD")


@st.composite
def price_lists(draw: st.DrawFn) -> PriceList:
    currency = draw(st.sampled_from(CURRENCIES))
    digits = currency_digits(currency)
    limits = sorted(draw(st.sets(st.integers(1, 400), max_size=4)))
    prices = st.integers(0, 3_000_000).map(lambda units: Decimal(units).scaleb(-6))
    bands = [Band(limit, draw(prices)) for limit in limits] + [Band(None, draw(prices))]
    base = Decimal(draw(st.integers(0, 10_000_000))).scaleb(-digits)
    return PriceList(currency, base, draw(st.integers(0, 300)), tuple(bands))


def shares() -> st.SearchStrategy[Share]:
    return st.integers(28, 31).flatmap(
        lambda of_days: st.integers(1, of_days).map(lambda days: Share(days, of_days))
    )


def price_of_the(nth_beyond: int, bands: tuple[Band, ...]) -> Decimal:
    """The price of one delivery, found in the plainest way."""
    return next(band.price for band in bands if band.up_to is None or nth_beyond <= band.up_to)


@given(price_lists())
def test_any_generated_list_is_a_valid_one(prices: PriceList) -> None:
    check(prices)


@given(price_lists(), st.integers(0, 900), shares())
def test_one_more_delivery_never_makes_a_month_cheaper(
    prices: PriceList, used: int, share: Share
) -> None:
    assert total(price(prices, used + 1, share)) >= total(price(prices, used, share))


@given(price_lists(), st.integers(0, 900))
def test_one_more_delivery_costs_its_own_price_at_band_limits_too(
    prices: PriceList, used: int
) -> None:
    step = total(price(prices, used + 1)) - total(price(prices, used))
    beyond = used + 1 - prices.included
    own = price_of_the(beyond, prices.bands) if beyond > 0 else Decimal(0)
    assert abs(step - own) <= Decimal(1).scaleb(-currency_digits(prices.currency))


@given(price_lists(), st.integers(0, 900), shares())
def test_every_line_is_its_deliveries_added_up_one_by_one_and_rounded_once(
    prices: PriceList, used: int, share: Share
) -> None:
    lines = price(prices, used, share)
    beyond = max(0, used - included_in(prices, share))
    digits = Decimal(1).scaleb(-currency_digits(prices.currency))
    for line in lines:
        if line.kind == "overage":
            assert line.first is not None
            exact = sum(
                (
                    price_of_the(nth, prices.bands)
                    for nth in range(line.first, line.first + line.quantity)
                ),
                Decimal(0),
            )
            assert line.amount == exact.quantize(digits, rounding=ROUND_HALF_UP)
    assert sum(line.quantity for line in lines if line.kind == "overage") == beyond
    assert total(lines) == sum(line.amount for line in lines)


@given(price_lists(), st.integers(0, 900), shares())
def test_every_delivery_is_on_one_line(prices: PriceList, used: int, share: Share) -> None:
    lines = price(prices, used, share)
    assert sum(line.quantity for line in lines if line.kind != "base") == used


@given(price_lists(), shares())
def test_a_share_of_a_month_costs_that_share_to_half_a_unit(
    prices: PriceList, share: Share
) -> None:
    base = price(prices, 0, share)[0].amount
    unit = Decimal(1).scaleb(-currency_digits(prices.currency))
    assert abs(base * share.of_days - prices.base_fee * share.days) <= unit / 2 * share.of_days


@given(price_lists(), st.integers(0, 900))
def test_amounts_never_have_more_digits_than_the_currency(prices: PriceList, used: int) -> None:
    for line in price(prices, used):
        assert line.amount == round_money(line.amount, prices.currency)


STANDARD = PriceList(
    "EUR",
    Decimal("450.00"),
    5_000,
    (Band(10_000, Decimal("0.06")), Band(50_000, Decimal("0.0425")), Band(None, Decimal("0.03"))),
)


def test_a_worked_example_by_hand() -> None:
    lines = price(STANDARD, 76_543)
    assert [(line.kind, line.quantity, line.amount) for line in lines] == [
        ("base", 1, Decimal("450.00")),
        ("included", 5_000, Decimal(0)),
        ("overage", 10_000, Decimal("600.00")),
        ("overage", 40_000, Decimal("1700.00")),
        ("overage", 21_543, Decimal("646.29")),
    ]
    assert total(lines) == Decimal("3396.29")


def test_half_a_cent_is_rounded_up() -> None:
    prices = PriceList("EUR", Decimal(0), 0, (Band(None, Decimal("0.005")),))
    assert total(price(prices, 1)) == Decimal("0.01")
    assert total(price(prices, 3)) == Decimal("0.02")


def test_a_currency_without_cents_is_rounded_to_whole_units() -> None:
    prices = PriceList("JPY", Decimal(50_000), 0, (Band(None, Decimal("0.7")),))
    assert total(price(prices, 3)) == Decimal(50_002)


def test_half_a_month_has_half_the_fee_and_half_the_volume_rounded_up() -> None:
    prices = PriceList("EUR", Decimal("99.99"), 101, (Band(None, Decimal(1)),))
    lines = price(prices, 60, Share(15, 30))
    assert [(line.kind, line.quantity, line.amount) for line in lines] == [
        ("base", 15, Decimal("50.00")),
        ("included", 51, Decimal(0)),
        ("overage", 9, Decimal("9.00")),
    ]


def test_a_volume_of_billions_is_still_exact() -> None:
    prices = PriceList("EUR", Decimal(0), 0, (Band(None, Decimal("999.999999")),))
    assert total(price(prices, 10**12)) == Decimal("999999999000000.00")


@pytest.mark.parametrize(
    ("bands", "said"),
    [
        ((), "one price at least"),
        ((Band(10, Decimal(1)),), "must have no end"),
        ((Band(None, Decimal(1)), Band(None, Decimal(1))), "Band 1 must end above 0"),
        (
            (Band(10, Decimal(1)), Band(10, Decimal(1)), Band(None, Decimal(1))),
            "Band 2 must end above 10",
        ),
        ((Band(None, Decimal(-1)),), "price of band 1"),
        ((Band(None, Decimal("NaN")),), "price of band 1"),
        ((Band(None, Decimal("0.0000001")),), "6 decimals"),
        ((*tuple(Band(n, Decimal(1)) for n in range(1, 7)), Band(None, Decimal(1))), "6 price"),
    ],
)
def test_bands_that_do_not_fit_together_are_refused(bands: tuple[Band, ...], said: str) -> None:
    with pytest.raises(PriceError, match=said):
        check(PriceList("EUR", Decimal(1), 0, bands))


@pytest.mark.parametrize(
    "fee", [Decimal(-1), Decimal("Infinity"), Decimal("1.001"), Decimal(10**10)]
)
def test_a_fee_that_is_no_amount_is_refused(fee: Decimal) -> None:
    with pytest.raises(PriceError, match="base fee"):
        check(PriceList("EUR", fee, 0, (Band(None, Decimal(1)),)))


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(PriceError) as caught:
        check(PriceList("EUR", Decimal(-1), -1, ()))
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("used", "share"), [(-1, Share(1, 1)), (0, Share(0, 30)), (0, Share(31, 30))]
)
def test_what_makes_no_sense_has_no_price(used: int, share: Share) -> None:
    with pytest.raises(ValueError, match="can't be negative"):
        price(STANDARD, used, share)
