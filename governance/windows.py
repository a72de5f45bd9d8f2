"""When changes may go in and when not, and when the next moment is. Pure."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_LOOK_AHEAD: Final = 400  # days


@dataclass(frozen=True)
class Stretch:
    """Whatever is given must hold: between two moments; every month from a day to a day (1 to
    31, both included); on days of the week (0 is Monday); from an hour to an hour."""

    name: str
    time_zone: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    first_day: int | None = None
    last_day: int | None = None
    weekdays: tuple[int, ...] = ()
    from_time: time | None = None
    to_time: time | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether it says anything at all: one without bounds never holds."""
        return bool(
            self.starts_at
            or self.ends_at
            or (self.first_day and self.last_day)
            or self.weekdays
            or (self.from_time is not None and self.to_time is not None)
        )


def covers(stretch: Stretch, moment: datetime) -> bool:
    """Say whether `moment` (aware) falls into it; without bounds it never does."""
    if stretch.starts_at is not None and moment < stretch.starts_at:
        return False
    if stretch.ends_at is not None and moment >= stretch.ends_at:
        return False
    local = moment.astimezone(ZoneInfo(stretch.time_zone))
    opened = _within_hours(stretch, local)
    return stretch.is_bounded and opened is not None and _on_day(stretch, opened)


def _within_hours(stretch: Stretch, local: datetime) -> datetime | None:
    """Return the local day on which its hours began, None outside them. Hours that end after
    midnight belong to the day on which they began."""
    first, last = stretch.from_time, stretch.to_time
    if first is None or last is None:
        return local
    now = local.time().replace(tzinfo=None)
    if first < last:
        return local if first <= now < last else None
    if now >= first:
        return local
    return local - timedelta(days=1) if now < last else None


def _on_day(stretch: Stretch, local: datetime) -> bool:
    if stretch.weekdays and local.weekday() not in stretch.weekdays:
        return False
    if stretch.first_day is None or stretch.last_day is None:
        return True
    length = monthrange(local.year, local.month)[1]
    first, last = min(stretch.first_day, length), min(stretch.last_day, length)
    if stretch.first_day <= stretch.last_day:
        return first <= local.day <= last
    return local.day >= first or local.day <= last


def open_stretch(stretches: Iterable[Stretch], moment: datetime) -> Stretch | None:
    """Return one that covers `moment`, if there is one."""
    return next((one for one in stretches if covers(one, moment)), None)


def may_release(
    moment: datetime, *, freezes: Sequence[Stretch], releases: Sequence[Stretch] | None
) -> bool:
    """Say whether a change may go in. releases: None where any time will do."""
    if open_stretch(freezes, moment) is not None:
        return False
    return releases is None or open_stretch(releases, moment) is not None


def next_release(
    after: datetime, *, freezes: Sequence[Stretch], releases: Sequence[Stretch] | None
) -> datetime | None:
    """Return the first moment from `after` on in which a change may go in; None if there is
    none in the next 400 days. Both kinds only change at their own bounds, so those are tried."""
    if may_release(after, freezes=freezes, releases=releases):
        return after
    bounds = {
        bound
        for one in (*freezes, *(releases or ()))
        for bound in _bounds(one, after)
        if bound > after
    }
    return next(
        (one for one in sorted(bounds) if may_release(one, freezes=freezes, releases=releases)),
        None,
    )


def usual_moments(now: datetime) -> list[datetime]:
    """Return moments at which people let changes in, seen from `now` in its own zone: this
    evening, tomorrow before work, and Monday before work."""
    chosen = ((0, time(20)), (1, time(6)), (7 - now.weekday(), time(6)))
    found = [
        datetime.combine(now.date() + timedelta(days=days), hour, tzinfo=now.tzinfo)
        for days, hour in chosen
    ]
    return sorted({one for one in found if one > now + timedelta(minutes=5)})


def _bounds(stretch: Stretch, after: datetime) -> Iterator[datetime]:
    """Yield every moment at which the stretch could begin or end."""
    yield from (one for one in (stretch.starts_at, stretch.ends_at) if one is not None)
    zone = ZoneInfo(stretch.time_zone)
    day = after.astimezone(zone).date()
    hours = [one for one in (stretch.from_time, stretch.to_time) if one is not None]
    for offset in range(_LOOK_AHEAD):
        for hour in (time(0), *hours):
            yield datetime.combine(day + timedelta(days=offset), hour, tzinfo=zone)
