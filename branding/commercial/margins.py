"""What a month costs the partner, and what is left of it. Pure, and for the partner's eyes only."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any, Final

from branding.pricing import Share, round_money

if TYPE_CHECKING:
    from branding.commercial.billing import Draft

NAMES: Final = ("month", "delivery", "hours", "rate")
_CONTEXT: Final = Context(prec=34, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a tier costs its partner: each month, each delivery, and hours a month at a rate."""

    month: Decimal = Decimal(0)
    delivery: Decimal = Decimal(0)
    hours: Decimal = Decimal(0)
    rate: Decimal = Decimal(0)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Costs":
        """Return what is kept; nothing said is nothing."""
        return cls(**{name: Decimal(kept[name]) for name in NAMES if name in kept})

    def as_json(self) -> dict[str, str]:
        """Return it as plain JSON, without what is nothing."""
        known = {name: getattr(self, name) for name in NAMES}
        return {name: f"{value:f}" for name, value in known.items() if value}

    def of(self, used: int, share: Share, currency: str) -> Decimal:
        """Return what so many deliveries in a share of a month cost, rounded once."""
        with localcontext(_CONTEXT):
            monthly = (self.month + self.hours * self.rate) * share.days / share.of_days
            return round_money(monthly + self.delivery * used, currency)


NO_COSTS: Final = Costs()


@dataclass(frozen=True, slots=True)
class Margin:
    """A month's total against what it cost."""

    currency: str
    total: Decimal
    cost: Decimal

    @property
    def amount(self) -> Decimal:
        """What is left; below zero where the month cost more than it brings in."""
        return self.total - self.cost

    @property
    def percent(self) -> Decimal | None:
        """What is left per cent of the total, to one decimal; None of nothing."""
        if not self.total:
            return None
        with localcontext(_CONTEXT):
            return (self.amount * 100 / self.total).quantize(Decimal("0.1"))


def margin_of(draft: "Draft", total: Decimal | None = None) -> Margin | None:
    """Return a month's margin, of `total` where it was issued; None where no cost is known."""
    if all(part.segment.costs == NO_COSTS for part in draft.parts):
        return None
    cost = sum(
        (one.segment.costs.of(one.used, one.segment.share, draft.currency) for one in draft.parts),
        Decimal(0),
    )
    return Margin(draft.currency, draft.total if total is None else total, cost)
