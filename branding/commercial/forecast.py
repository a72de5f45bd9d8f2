"""What a month will come to if its days go on as they did. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from branding.commercial.billing import NOTHING_ELSE, Extras, Segment, draft_of
from branding.commercial.months import Month


@dataclass(frozen=True, slots=True)
class Forecast:
    """Volume and cost at the month's end; for a past month, what they were."""

    volume: int
    cost: Decimal
    is_final: bool


def forecast(
    month: Month,
    segments: Sequence[Segment],
    by_day: Mapping[date, int],
    today: date,
    extras: Extras = NOTHING_ELSE,
) -> Forecast:
    """Carry on the mean of the days gone, today included, to the month's end.

    Counted from the first subscribed day, so a client that starts on the 20th is not
    measured over the 19 days before it.
    """
    now = draft_of(month, segments, by_day, extras)
    if today > month.last:
        return Forecast(now.used, now.total, is_final=True)
    start = max(segments[0].first, month.first) if segments else month.first
    if today < start:
        return Forecast(now.used, now.total, is_final=False)
    expected = _carried_on(now.month, by_day, start, today)
    more = {**by_day, today: by_day.get(today, 0) + expected}
    end = draft_of(month, segments, more, extras)
    return Forecast(now.used + expected, end.total, is_final=False)


def _carried_on(month: Month, by_day: Mapping[date, int], start: date, today: date) -> int:
    """Return how many are still to come after today."""
    counted = sum(count for day, count in by_day.items() if start <= day <= month.last)
    gone, left = (today - start).days + 1, (month.last - today).days
    mean = Decimal(counted * left) / gone
    return int(mean.quantize(Decimal(1), rounding=ROUND_HALF_UP))
