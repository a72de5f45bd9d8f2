"""What a month will come to if its days go on as they did. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

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
    counted = sum(count for day, count in by_day.items() if start <= day <= month.last)
    mean = Fraction(counted, (today - start).days + 1)
    expected = {
        day: count
        for day, count in _carried_on(mean, today, month.last)
        if not segments or any(one.first <= day <= one.last for one in segments)
    }
    end = draft_of(month, segments, {**by_day, **expected}, extras)
    return Forecast(now.used + sum(expected.values()), end.total, is_final=False)


def _carried_on(mean: Fraction, today: date, last: date) -> Iterator[tuple[date, int]]:
    """Spread the mean over the days that are left, in whole numbers."""
    told = 0
    for number in range(1, (last - today).days + 1):
        due = floor(mean * number + Fraction(1, 2))
        yield today + timedelta(days=number), due - told
        told = due
