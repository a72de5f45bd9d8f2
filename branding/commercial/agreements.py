"""What is agreed with one client instead of its tier's prices, from a month to a month. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from branding.commercial.months import Month
from branding.pricing import Band, Part, PriceList

MAX_AGREEMENTS: Final = 30
MAX_WHY: Final = 200


@dataclass(frozen=True, slots=True)
class Own:
    """The prices that differ. None: the tier's own. discount: per cent off everything."""

    base_fee: Decimal | None = None
    included: int | None = None
    bands: tuple[Band, ...] | None = None
    discount: Decimal = Decimal(0)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing differs."""
        return self == Own()


@dataclass(frozen=True, slots=True)
class Agreement:
    """Terms from a month to a month, both included; `ends` None: as long as the subscription."""

    key: str
    starts: Month
    ends: Month | None
    terms: Own
    why: str
    by: str

    def covers(self, month: Month) -> bool:
        """Say whether it holds in a month."""
        return self.starts <= month and (self.ends is None or month <= self.ends)

    def meets(self, other: "Agreement") -> bool:
        """Say whether both would hold in some month."""
        first, second = sorted((self, other), key=lambda one: one.starts)
        return first.covers(second.starts)

    def over(self, prices: PriceList) -> PriceList:
        """Return the tier's prices with these in their place."""
        own, differ = self.terms, set[Part]()
        if own.base_fee is not None:
            prices, differ = replace(prices, base_fee=own.base_fee), differ | {"base_fee"}
        if own.included is not None:
            prices, differ = replace(prices, included=own.included), differ | {"included"}
        if own.bands is not None:
            prices, differ = replace(prices, bands=own.bands), differ | {"bands"}
        return replace(prices, discount=own.discount, agreed=frozenset(differ))

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Agreement":
        """Return an agreement as it is kept."""
        fee, bands = kept["base_fee"], kept["bands"]
        terms = Own(
            base_fee=None if fee is None else Decimal(fee),
            included=kept["included"],
            bands=None if bands is None else tuple(_band(one) for one in bands),
            discount=Decimal(kept["discount"]),
        )
        ends = kept["ends"]
        return cls(
            key=kept["key"],
            starts=Month.parse(kept["starts"]),
            ends=Month.parse(ends) if ends else None,
            terms=terms,
            why=kept["why"],
            by=kept["by"],
        )

    def as_json(self) -> dict[str, object]:
        """Return it as plain JSON."""
        own = self.terms
        return {
            "key": self.key,
            "starts": str(self.starts),
            "ends": str(self.ends) if self.ends else None,
            "base_fee": None if own.base_fee is None else f"{own.base_fee:f}",
            "included": own.included,
            "bands": None
            if own.bands is None
            else [{"up_to": one.up_to, "price": f"{one.price:f}"} for one in own.bands],
            "discount": f"{own.discount.normalize():f}",
            "why": self.why,
            "by": self.by,
        }

    @property
    def period(self) -> str:
        """The months, as people read them."""
        end = f"to {self.ends.label}" if self.ends else "on"
        return f"{self.starts.label} {end}" if end != "on" else f"From {self.starts.label} on"

    def described(self, currency: str) -> list[str]:
        """Return what differs, a plain line each."""
        own, lines = self.terms, []
        if own.base_fee is not None:
            lines.append(f"Base fee: {own.base_fee} {currency}")
        if own.included is not None:
            lines.append(f"Deliveries included: {own.included}")
        if own.bands is not None:
            said = "; ".join(f"{one.price} up to {one.up_to or 'any'}" for one in own.bands)
            lines.append(f"Price bands: {said}")
        if own.discount:
            lines.append(f"Discount: {own.discount.normalize():f} %")
        return lines


def _band(kept: Mapping[str, Any]) -> Band:
    return Band(kept["up_to"], Decimal(kept["price"]))
