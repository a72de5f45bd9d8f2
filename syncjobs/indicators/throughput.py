"""Deliveries by day and how many went well."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from syncjobs.models import Delivery

DAYS = 14
DONE = ("delivered", "unchanged")
TROUBLE = ("failed", "parked")


def success_percent(done: int, failed: int) -> Decimal | None:
    """Return the share that went through, one digit; None when nothing was tried."""
    tried = done + failed
    return None if tried == 0 else (Decimal(100 * done) / tried).quantize(Decimal("0.1"))


@dataclass(frozen=True)
class Day:
    """One day's deliveries: gone through, and not."""

    day: date
    done: int
    failed: int


@dataclass(frozen=True)
class Throughput:
    """The last `DAYS` days, oldest first, and their sums."""

    days: list[Day]
    done: int
    failed: int

    @property
    def points(self) -> list[tuple[date, int, int]]:
        """The days as rows of a chart: day, through, failed."""
        return [(one.day, one.done, one.failed) for one in self.days]

    @property
    def success_percent(self) -> Decimal | None:
        """Share that went through, one digit; None when nothing was tried."""
        return success_percent(self.done, self.failed)


def throughput(client_id: int | None = None, *, days: int = DAYS) -> Throughput:
    """Return deliveries by the day (UTC) on which they were finished or last failed."""
    today = timezone.now().date()
    first = today - timedelta(days=days - 1)
    rows = Delivery.objects.filter(updated_at__date__gte=first)
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    counted = {
        row["day"]: row
        for row in rows.annotate(day=TruncDate("updated_at"))
        .values("day")
        .annotate(
            done=Count("pk", filter=Q(state__in=DONE)),
            failed=Count("pk", filter=Q(state__in=TROUBLE)),
        )
    }
    series = [
        Day(day, counted.get(day, {}).get("done", 0), counted.get(day, {}).get("failed", 0))
        for day in (first + timedelta(days=offset) for offset in range(days))
    ]
    return Throughput(series, sum(one.done for one in series), sum(one.failed for one in series))
