"""What a month costs: base fee, included volume, price bands. Pure and exact.

Amounts are Decimal in the tier's currency, volumes are whole deliveries. Each line is
rounded once, half up, to the currency's own digits; a total is the sum of its lines, so a
statement always adds up to the cent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any, Final, Literal

LineKind = Literal["base", "included", "overage", "discount", "credit", "fee"]
Part = Literal["base_fee", "included", "bands"]

# 34 digits hold any volume times any price below without rounding on the way.
NONE: Final = Decimal(0)
_CONTEXT: Final = Context(prec=34, rounding=ROUND_HALF_UP)
MAX_BANDS: Final = 6
MAX_VOLUME: Final = 10**12
MAX_AMOUNT: Final = Decimal(10) ** 9
PRICE_DIGITS: Final = 6

# ISO 4217 currencies whose amounts do not have two decimals.
_DIGITS: Final = {
    "BHD": 3, "CLP": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "LYD": 3,
    "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0,
    "XPF": 0,
}  # fmt: skip


class PriceError(ValueError):
    """A price list that cannot be used; `problems` says why, one plain sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Band:
    """The price of each delivery beyond the included volume, up to and including `up_to`.

    `up_to` counts from the first delivery beyond; None: no end (the last band only).
    """

    up_to: int | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceList:
    """The money side of a tier for one full month.

    discount: per cent off the fee and what is beyond. credit: per cent of the base fee for each
    promise that was not kept, at most credit_cap per cent of it in a month. agreed: what of it
    is one client's own.
    """

    currency: str
    base_fee: Decimal
    included: int
    bands: tuple[Band, ...]
    discount: Decimal = NONE
    credit: Decimal = NONE
    credit_cap: Decimal = NONE
    agreed: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a month's days a price list is for."""

    days: int
    of_days: int

    @property
    def is_whole(self) -> bool:
        """Whether the price list is for the whole month."""
        return self.days == self.of_days


@dataclass(frozen=True, slots=True)
class Told:
    """What else is known of a line, kept with it: a fee's name, why, who asked and its key;
    whether a price is one client's own; a discount's or a credit's per cent; a credit's cap, and
    the numbers of what it is for.
    """

    label: str = ""
    why: str = ""
    by: str = ""
    key: str = ""
    agreed: bool = False
    percent: str = ""
    cap: str = ""
    counted: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Told":
        """Return what was kept."""
        return cls(**{**kept, "counted": tuple(kept.get("counted", ()))})

    def as_json(self) -> dict[str, object]:
        """Return it as plain JSON, without what is empty."""
        known = {**asdict(self), "counted": list(self.counted)}
        return {name: value for name, value in known.items() if value}


NOTHING_TOLD: Final = Told()
_AGREED: Final = Told(agreed=True)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement.

    quantity: deliveries, days for the base fee, breaches for a credit, one for a fee or a
    discount. unit_price: per delivery or breach; the full month's fee for the base fee; what a
    discount is taken off. first and last: the band's place beyond the included volume, last
    None without an end.
    """

    kind: LineKind
    quantity: int
    unit_price: Decimal
    amount: Decimal
    first: int | None = None
    last: int | None = None
    told: Told = NOTHING_TOLD


WHOLE_MONTH: Final = Share(1, 1)


def currency_digits(currency: str) -> int:
    """Return the number of decimals of an ISO 4217 currency code."""
    return _DIGITS.get(currency.upper(), 2)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Return the amount in the currency's digits, half up."""
    step = Decimal(1).scaleb(-currency_digits(currency))
    return amount.quantize(step, rounding=ROUND_HALF_UP, context=_CONTEXT)


def check(prices: PriceList) -> None:
    """Raise PriceError unless the fee and all prices are amounts and the bands fit together."""
    problems = [
        *_amount_problems("The base fee", prices.base_fee, currency_digits(prices.currency))
    ]
    if not 0 <= prices.included <= MAX_VOLUME:
        problems.append("The included volume must be between 0 and a trillion.")
    problems += _band_problems(prices.bands)
    problems += percent_problems("The discount", prices.discount)
    problems += percent_problems("The credit", prices.credit)
    problems += percent_problems("The most that is credited in a month", prices.credit_cap)
    if prices.credit > prices.credit_cap and not problems:
        problems.append("The most that is credited in a month must be one credit at least.")
    if problems:
        raise PriceError(problems)


def percent_problems(name: str, percent: Decimal) -> list[str]:
    """Return what is wrong with a per cent, one plain sentence each."""
    if not percent.is_finite() or not 0 <= percent <= 100:
        return [f"{name} must be from 0 to 100 per cent."]
    if percent != percent.quantize(Decimal("0.01"), context=_CONTEXT):
        return [f"{name} can have 2 decimals at most."]
    return []


def _amount_problems(name: str, amount: Decimal, digits: int) -> list[str]:
    if not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT:
        return [f"{name} must be an amount from 0 to a billion."]
    if amount != amount.quantize(Decimal(1).scaleb(-digits), context=_CONTEXT):
        return [f"{name} can have {digits} decimals at most."]
    return []


def _band_problems(bands: Sequence[Band]) -> list[str]:
    if not bands:
        return ["Add one price at least for what goes beyond the included volume."]
    problems = [] if len(bands) <= MAX_BANDS else [f"There can be {MAX_BANDS} price bands at most."]
    reached = 0
    for number, band in enumerate(bands, start=1):
        problems += _amount_problems(f"The price of band {number}", band.price, PRICE_DIGITS)
        is_last = number == len(bands)
        if is_last and band.up_to is not None:
            problems.append("The last price band must have no end; leave its limit empty.")
        if not is_last and (band.up_to is None or not reached < band.up_to <= MAX_VOLUME):
            problems.append(f"Band {number} must end above {reached} deliveries.")
        reached = band.up_to if band.up_to is not None else reached
    return problems


def price(
    prices: PriceList, used: int, share: Share = WHOLE_MONTH, breaches: Sequence[int] = ()
) -> tuple[Line, ...]:
    """Return the lines of `used` deliveries in a share of a month. breaches: the numbers of the
    promises that were not kept in it.

    The base fee and the included volume shrink with the share (the volume is rounded up, in
    the client's favour); the bands do not. Raises ValueError for a negative volume or a
    share that is none.
    """
    if used < 0 or not 0 < share.days <= share.of_days:
        raise ValueError("The volume can't be negative, and a share lies within its month.")
    included = included_in(prices, share)
    lines = [_base_line(prices, share)]
    if included or used:
        told = _told(prices, "included")
        within = min(used, included)
        lines.append(Line("included", within, NONE, NONE, last=included, told=told))
    lines += _overage_lines(prices, max(0, used - included))
    lines += _discount_lines(prices, total(lines))
    return (*lines, *_credit_lines(prices, lines, breaches))


def included_in(prices: PriceList, share: Share) -> int:
    """Return the included volume of a share of a month, rounded up."""
    return -(-prices.included * share.days // share.of_days)


def _base_line(prices: PriceList, share: Share) -> Line:
    with localcontext(_CONTEXT):
        exact = prices.base_fee * share.days / share.of_days
    amount = round_money(exact, prices.currency)
    return Line("base", share.days, prices.base_fee, amount, told=_told(prices, "base_fee"))


def _told(prices: PriceList, part: Part) -> Told:
    return _AGREED if part in prices.agreed else NOTHING_TOLD


def _discount_lines(prices: PriceList, charged: Decimal) -> list[Line]:
    """The discount off all that a segment charges, rounded once like any line."""
    if not prices.discount or not charged:
        return []
    with localcontext(_CONTEXT):
        exact = charged * prices.discount / 100
    told = Told(agreed=True, percent=f"{prices.discount.normalize():f}")
    return [Line("discount", 1, charged, -round_money(exact, prices.currency), told=told)]


def _credit_lines(prices: PriceList, lines: Sequence[Line], breaches: Sequence[int]) -> list[Line]:
    """So much of the full base fee for each breach: at most the cap's part of the base fee of
    these days, and never more than they cost.
    """
    if not prices.credit or not breaches:
        return []
    with localcontext(_CONTEXT):
        each = round_money(prices.base_fee * prices.credit / 100, prices.currency)
        most = round_money(lines[0].amount * prices.credit_cap / 100, prices.currency)
        amount = min(each * len(breaches), most, total(lines))
    told = Told(
        percent=f"{prices.credit.normalize():f}",
        cap=f"{prices.credit_cap.normalize():f}",
        counted=tuple(breaches),
    )
    return [Line("credit", len(breaches), each, -amount, told=told)]


def _overage_lines(prices: PriceList, beyond: int) -> list[Line]:
    lines: list[Line] = []
    start = 0
    for band in prices.bands:
        end = beyond if band.up_to is None else min(beyond, band.up_to)
        if end <= start:
            break
        with localcontext(_CONTEXT):
            exact = band.price * (end - start)
        amount = round_money(exact, prices.currency)
        told = _told(prices, "bands")
        lines.append(Line("overage", end - start, band.price, amount, start + 1, band.up_to, told))
        start = end
    return lines


def total(lines: Sequence[Line]) -> Decimal:
    """Return the sum of the lines' amounts."""
    with localcontext(_CONTEXT):
        return sum((line.amount for line in lines), Decimal(0))
