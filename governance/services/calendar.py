"""A month as people read it: which windows fall on which day, and what is scheduled."""

from calendar import monthcalendar, monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.utils import timezone

from governance.models import ChangeRequest, Window
from governance.services.windows import stretch_of
from governance.windows import Stretch, covers

_STEP: Final = timedelta(minutes=30)
_STEPS: Final = 48
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Mark:
    """A window on one day. hours: "" for the whole day, else such as "20:00–23:00"."""

    name: str
    mode: str
    hours: str


@dataclass(frozen=True)
class Day:
    """A day of the month; None as its date outside it."""

    date: date | None
    marks: Sequence[Mark] = ()
    requests: Sequence[ChangeRequest] = ()
    is_today: bool = False


@dataclass(frozen=True)
class Month:
    """first: its first day. before, after: the months beside it, as 2026-11."""

    first: date
    before: str
    after: str
    weeks: Sequence[Sequence[Day]]


def calendar_month(text: str, windows: list[Window], scheduled: list[ChangeRequest]) -> Month:
    """Return the month that `text` names (2026-11), this one for anything else, in the time of
    whoever looks."""
    today = timezone.localdate()
    first = _first_of(text) or today.replace(day=1)
    stretches = [(one, stretch_of(one)) for one in windows]
    last = first + timedelta(days=monthrange(first.year, first.month)[1])
    weeks = [
        [_day(first, number, stretches, scheduled, today) for number in week]
        for week in monthcalendar(first.year, first.month)
    ]
    before = first - timedelta(days=1)
    return Month(first, f"{before:%Y-%m}", f"{last:%Y-%m}", weeks)


def _first_of(text: str) -> date | None:
    try:
        found = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  a month has no zone
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2999 else None


def _day(
    first: date,
    number: int,
    windows: Sequence[tuple[Window, Stretch]],
    scheduled: Sequence[ChangeRequest],
    today: date,
) -> Day:
    if not number:
        return Day(None)
    day = first.replace(day=number)
    marks = [
        Mark(window.name, window.mode, hours)
        for window, stretch in windows
        if (hours := _hours(stretch, day)) is not None
    ]
    on_day = [one for one in scheduled if one.scheduled_for and _local(one.scheduled_for) == day]
    return Day(day, marks, on_day, is_today=day == today)


def _local(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def _hours(stretch: Stretch, day: date) -> str | None:
    """Return from when to when a stretch holds on a day, to the minute; None when it does not.

    Looked at are each half hour and its own two ends; between two of them it changes once.
    """
    zone = timezone.get_current_timezone()
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    steps = {step * _STEP for step in range(_STEPS + 1)}
    for moment in (stretch.starts_at, stretch.ends_at):
        if moment is not None and timedelta() <= (since := moment - start) < _STEP * _STEPS:
            steps.add(since)
    moments = sorted(steps)
    held = [at for at in moments[:-1] if covers(stretch, start + at)]
    if not held:
        return None
    if len(held) == len(moments) - 1:
        return ""
    first, last = moments.index(held[0]), moments.index(held[-1])
    before = moments[first - 1] if first else held[0]
    opened = _turn(stretch, start, before, held[0])
    closed = _turn(stretch, start, held[-1], moments[last + 1])
    return f"{start + opened:%H:%M}–{start + closed:%H:%M}"


def _turn(stretch: Stretch, start: datetime, since: timedelta, until: timedelta) -> timedelta:
    """Return the first whole minute after `since` at which a stretch holds otherwise."""
    was, at = covers(stretch, start + since), since
    while at < until and covers(stretch, start + at) == was:
        at += _MINUTE
    return min(at, until)
