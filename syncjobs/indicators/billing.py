"""Money on its way: approved work that has not reached the billing system yet."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, DecimalField, Min, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from syncjobs.models import Delivery
from syncjobs.state import DELIVERY

BILLABLE = ("time_entry", "expense", "milestone")
_MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=18, decimal_places=4)


@dataclass(frozen=True)
class Unbilled:
    """Approved work of one client and currency that is still on its way or held."""

    client_id: int
    currency: str
    amount: Decimal
    hours: Decimal
    records: int
    oldest: datetime | None


def unbilled(client_id: int | None = None) -> list[Unbilled]:
    """Return approved-but-unbilled work by client and currency, largest amount first."""
    rows = Delivery.objects.filter(record__type__in=BILLABLE, state__in=sorted(DELIVERY.open))
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    found = (
        rows.annotate(currency=KeyTextTransform("currency", "record__data"))
        .values("client_id", "currency")
        .annotate(
            amount=Coalesce(
                Sum(Cast(KeyTextTransform("amount", "record__data"), _MONEY)), Decimal(0)
            ),
            hours=Coalesce(
                Sum(Cast(KeyTextTransform("hours", "record__data"), _MONEY)), Decimal(0)
            ),
            records=Count("record_id", distinct=True),
            oldest=Min("created_at"),
        )
        .order_by("-amount")
    )
    return [
        Unbilled(
            row["client_id"],
            row["currency"] or "",
            row["amount"],
            row["hours"],
            row["records"],
            row["oldest"],
        )
        for row in found
    ]
