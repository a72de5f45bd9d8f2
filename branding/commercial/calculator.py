"""What a volume would cost, for the pages where prices are made. Pure."""

from dataclasses import dataclass, replace
from decimal import Decimal

from branding import pricing
from branding.commercial.rows import trimmed

SAMPLE_VOLUMES = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Calculation:
    """What a volume costs: its lines, the sum, and what one delivery comes to."""

    volume: int
    lines: tuple[pricing.Line, ...]
    total: Decimal
    currency: str

    @property
    def each(self) -> Decimal | None:
        """The mean price of a delivery to four decimals; None of none."""
        return (self.total / self.volume).quantize(Decimal("0.0001")) if self.volume else None


def calculate(prices: pricing.PriceList, volume: int) -> Calculation:
    """Return what a volume costs in a whole month."""
    lines = pricing.price(prices, volume)
    shown = tuple(
        replace(line, unit_price=trimmed(line.unit_price, prices.currency)) for line in lines
    )
    return Calculation(volume, shown, pricing.total(lines), prices.currency)


def samples(prices: pricing.PriceList) -> list[Calculation]:
    """Return a few volumes around the included one, so that the bands can be felt."""
    step = prices.included or 1000
    return [calculate(prices, step * times) for times in SAMPLE_VOLUMES]


def bands_with_starts(prices: pricing.PriceList) -> list[dict[str, object]]:
    """Return the bands with their first delivery beyond, for reading."""
    rows: list[dict[str, object]] = []
    start = 1
    for band in prices.bands:
        shown = trimmed(band.price, prices.currency)
        rows.append({"first": start, "last": band.up_to, "price": shown})
        start = (band.up_to or start) + 1
    return rows
