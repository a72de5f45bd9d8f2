"""Money on its way: approved work that has not reached the billing system yet."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, DecimalField, Exists, Min, OuterRef, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from syncjobs.indicators.throughput import DONE
from syncjobs.models import CanonicalRecord, Delivery
from syncjobs.state import DELIVERY

BILLABLE = ("time_entry", "expense", "milestone")
WEEKS = 8
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


@dataclass(frozen=True)
class Week:
    """Approved billable hours of one week of work. `monday`: its first day."""

    monday: date
    billed: Decimal
    waiting: Decimal


@dataclass(frozen=True)
class WorkedHours:
    """The last `WEEKS` weeks, oldest first."""

    weeks: list[Week]

    @property
    def points(self) -> list[tuple[date, Decimal, Decimal]]:
        """The weeks as rows of a chart: first day, billed, not yet."""
        return [(one.monday, one.billed, one.waiting) for one in self.weeks]

    @property
    def is_empty(self) -> bool:
        """Whether nobody's approved time is known for these weeks."""
        return not any(one.billed or one.waiting for one in self.weeks)


def worked_hours(client_id: int | None = None) -> WorkedHours:
    """Return approved billable hours by the week they were worked in: billed, and not yet.

    Time that no workflow bills is left out.
    """
    today = timezone.now().date()
    first = today - timedelta(days=today.weekday(), weeks=WEEKS - 1)
    billed: dict[date, Decimal] = defaultdict(Decimal)
    waiting: dict[date, Decimal] = defaultdict(Decimal)
    for day, is_open, hours in _hours_by_day(client_id, first):
        monday = day - timedelta(days=day.weekday())
        (waiting if is_open else billed)[monday] += hours
    mondays = [first + timedelta(weeks=number) for number in range(WEEKS)]
    return WorkedHours([Week(one, billed[one], waiting[one]) for one in mondays])


def _hours_by_day(client_id: int | None, first: date) -> list[tuple[date, bool, Decimal]]:
    """Return (day of work, whether a delivery of it is open, hours), from `first` on."""
    mine = Delivery.objects.filter(record=OuterRef("pk")).order_by()
    rows = CanonicalRecord.objects.filter(type="time_entry", version__gt=0)
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    found = (
        rows.annotate(
            day=KeyTextTransform("date", "data"),
            is_open=Exists(mine.filter(state__in=sorted(DELIVERY.open))),
            is_done=Exists(mine.filter(state__in=DONE)),
        )
        .filter(day__gte=first.isoformat(), data__billable=True)
        .exclude(is_open=False, is_done=False)
        .values("day", "is_open")
        .annotate(hours=Sum(Cast(KeyTextTransform("hours", "data"), _MONEY)))
        .order_by()
    )
    return [(date.fromisoformat(row["day"][:10]), row["is_open"], row["hours"]) for row in found]
