"""One-off fees: what is asked of a client once, in one month. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from branding.commercial.months import Month
from branding.pricing import MAX_AMOUNT, Line, Told, round_money

USUAL: Final = ("Assessment", "Implementation", "Expansion")
MAX_NAME: Final = 80
MAX_WHY: Final = 200
MAX_A_MONTH: Final = 20


@dataclass(frozen=True, slots=True)
class Fee:
    """A named charge. `key` names it for good; `why` stands on the statement; `by`: who asked."""

    key: str
    month: Month
    name: str
    amount: Decimal
    currency: str
    why: str
    by: str

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Fee":
        """Return a fee as it is kept."""
        return cls(
            key=kept["key"],
            month=Month.parse(kept["month"]),
            name=kept["name"],
            amount=Decimal(kept["amount"]),
            currency=kept["currency"],
            why=kept["why"],
            by=kept["by"],
        )

    def as_json(self) -> dict[str, object]:
        """Return it as plain JSON."""
        return {
            "key": self.key,
            "month": str(self.month),
            "name": self.name,
            "amount": f"{self.amount:f}",
            "currency": self.currency,
            "why": self.why,
            "by": self.by,
        }

    def line(self) -> Line:
        """Return its line of a statement."""
        amount = round_money(self.amount, self.currency)
        return Line("fee", 1, amount, amount, told=Told(self.name, self.why, self.by, self.key))


def problems_of(fee: Fee) -> dict[str, str]:
    """Return what is wrong with a fee by field, in plain sentences."""
    found: dict[str, str] = {}
    if not fee.name or len(fee.name) > MAX_NAME:
        found["name"] = f"Name the fee in {MAX_NAME} characters at most."
    if not fee.why or len(fee.why) > MAX_WHY:
        found["why"] = f"Say why in {MAX_WHY} characters at most."
    if not fee.amount.is_finite() or not 0 < fee.amount <= MAX_AMOUNT:
        found["amount"] = "The amount must be above 0 and a billion at most."
    elif fee.amount != round_money(fee.amount, fee.currency):
        found["amount"] = f"The amount has more decimals than {fee.currency} knows."
    return found
