"""The lines of a statement as pages, the API and files show them: draft and issued alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from branding.commercial.billing import Draft
from branding.pricing import NOTHING_TOLD, Told, currency_digits, round_money


class PricedLine(Protocol):
    """A line of either kind, as `branding.pricing.Line` says it."""

    @property
    def kind(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def first(self) -> int | None: ...
    @property
    def last(self) -> int | None: ...
    @property
    def told(self) -> Told: ...


class StoredLine(PricedLine, Protocol):
    """A line that was kept when its statement was issued."""

    @property
    def tier_name(self) -> str: ...
    @property
    def starts_on(self) -> date: ...
    @property
    def ends_on(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Row:
    """One line. unit_price has as many decimals as it needs, at least the currency's."""

    kind: str
    tier_name: str
    starts_on: date
    ends_on: date
    quantity: int
    unit_price: Decimal
    amount: Decimal
    first: int | None
    last: int | None
    told: Told = NOTHING_TOLD


def trimmed(price: Decimal, currency: str) -> Decimal:
    """Return the price without idle zeros, but with the currency's digits at least."""
    digits = max(currency_digits(currency), -int(price.normalize().as_tuple().exponent))
    return price.quantize(Decimal(1).scaleb(-digits))


def rows_of_draft(draft: Draft) -> list[Row]:
    """Return a draft's lines."""
    return [
        _row(one.line, one.tier_name, one.first, one.last, draft.currency)
        for one in draft.charged()
    ]


def rows_of_statement(lines: Iterable[StoredLine], currency: str) -> list[Row]:
    """Return an issued statement's lines."""
    return [_row(line, line.tier_name, line.starts_on, line.ends_on, currency) for line in lines]


def _row(line: PricedLine, tier_name: str, starts_on: date, ends_on: date, currency: str) -> Row:
    return Row(
        kind=line.kind,
        tier_name=tier_name,
        starts_on=starts_on,
        ends_on=ends_on,
        quantity=line.quantity,
        unit_price=trimmed(line.unit_price, currency),
        amount=round_money(line.amount, currency),
        first=line.first,
        last=line.last,
        told=line.told,
    )
