"""Cron expressions: when a schedule fires next, in a zone of its own. Pure.

Five fields: minute, hour, day of the month, month, day of the week (0 or 7 is Sunday). Each is
`*`, a number, a name (jan, mon), a range `1-5`, a step `*/15` or `8-18/2`, or a list of these.
As cron has it: where both days are restricted, either is enough. A local time that a change of
the clocks leaves out fires at the moment of the change; one that comes twice fires the first time.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

MOST_LETTERS: Final = 60
_DAYS_AHEAD: Final = 366 * 5
_MONTHS: Final = dict(
    zip(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        range(1, 13),
        strict=True,
    )
)
_WEEK: Final = dict(zip(["sun", "mon", "tue", "wed", "thu", "fri", "sat"], range(7), strict=True))
_WEEKS: Final = {frozenset(range(7)): "every day", frozenset(range(1, 6)): "Monday to Friday"}
_FEW: Final = 2  # hours that are named one by one
_FIELDS: Final[tuple[tuple[str, int, int, dict[str, int]], ...]] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _WEEK),
)


class CronError(ValueError):
    """The expression is wrong; the message names the field and what it may be."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression. `any_day`, `any_weekday`: whether that field says `*`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def falls_on(self, day: date) -> bool:
        """Say whether it fires at all on a day."""
        if day.month not in self.months:
            return False
        by_date, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_date and by_week
        return by_date or by_week


@lru_cache(maxsize=512)
def parse(text: str) -> Cron:
    """Read an expression. Raises CronError."""
    parts = text.lower().split()
    if len(text) > MOST_LETTERS or len(parts) != len(_FIELDS):
        raise CronError(
            "A schedule has five parts: minute, hour, day of the month, month, day of the week. "
            "For example 15 2 * * * is every night at 02:15."
        )
    found = [_field(part, *field) for part, field in zip(parts, _FIELDS, strict=True)]
    made = Cron(
        minutes=tuple(sorted(found[0])),
        hours=tuple(sorted(found[1])),
        days=frozenset(found[2]),
        months=frozenset(found[3]),
        weekdays=frozenset(number % 7 for number in found[4]),
        any_day=parts[2].startswith("*"),
        any_weekday=parts[4].startswith("*"),
    )
    if next_after(made, datetime(2024, 1, 1, tzinfo=UTC), "UTC") is None:
        raise CronError("That day never comes: look at the day and the month.")
    return made


def in_words(text: str) -> str:
    """Say an expression as people do ("every day at 02:15"); a rarer one stays as it is."""
    cron = parse(text)
    week = _WEEKS.get(cron.weekdays)
    whole = len(cron.days) == 31 and len(cron.months) == 12
    if week is None or not whole or len(cron.minutes) > 1:
        return text
    first, last, minute = cron.hours[0], cron.hours[-1], cron.minutes[0]
    if len(cron.hours) <= _FEW:
        return f"{week} at {' and '.join(f'{hour:02}:{minute:02}' for hour in cron.hours)}"
    if last - first + 1 == len(cron.hours):
        return f"{week}, each hour from {first:02}:{minute:02} to {last:02}:{minute:02}"
    return text


def next_after(cron: Cron, moment: datetime, zone: str) -> datetime | None:
    """Return the first firing later than an aware moment, in UTC; None within five years."""
    place = ZoneInfo(zone)
    first = moment.astimezone(place).date()
    for ahead in range(_DAYS_AHEAD):
        day = first + timedelta(days=ahead)
        if not cron.falls_on(day):
            continue
        for hour in cron.hours:
            for minute in cron.minutes:
                fires = _instant(datetime.combine(day, time(hour, minute)), place)
                if fires > moment:
                    return fires
    return None


def _instant(local: datetime, place: ZoneInfo) -> datetime:
    """Return a local time as UTC: the first of two, and the change itself inside a gap."""
    found = local.replace(tzinfo=place).astimezone(UTC)
    if found.astimezone(place).replace(tzinfo=None) == local:
        return found
    after = local.replace(tzinfo=place, fold=1).utcoffset()
    before = local.replace(tzinfo=place, fold=0).utcoffset()
    assert after is not None
    assert before is not None
    low, high = sorted((local - after, local - before))
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        changed = middle.replace(tzinfo=UTC).astimezone(place).utcoffset() != before
        low, high = (low, middle) if changed else (middle, high)
    return high.replace(second=0, microsecond=0, tzinfo=UTC)


def _field(text: str, name: str, lowest: int, highest: int, names: dict[str, int]) -> set[int]:
    chosen: set[int] = set()
    for part in text.split(","):
        span, _, step_text = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            low, high = lowest, highest
        else:
            low = _number(first, name, lowest, highest, names)
            high = _number(last, name, lowest, highest, names) if dash else low
            if step_text and not dash:
                high = highest
        step = _number(step_text, f"step of the {name}", 1, highest, {}) if "/" in part else 1
        if low > high:
            raise CronError(f"The {name} runs backwards in {part!r}.")
        chosen.update(range(low, high + 1, step))
    return chosen


def _number(text: str, name: str, lowest: int, highest: int, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdecimal()) or not lowest <= int(text) <= highest:
        raise CronError(f"The {name} must be between {lowest} and {highest}, not {text!r}.")
    return int(text)
