"""When nothing may go in. Pure."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Freeze:
    """Between two moments, or every month from a day to a day (1 to 31, both included)."""

    name: str
    time_zone: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    first_day: int | None = None
    last_day: int | None = None


def covers(freeze: Freeze, moment: datetime) -> bool:
    """Say whether `moment` (aware) falls into the freeze; without bounds it never does."""
    if freeze.starts_at is not None and moment < freeze.starts_at:
        return False
    if freeze.ends_at is not None and moment >= freeze.ends_at:
        return False
    if freeze.first_day is None or freeze.last_day is None:
        return freeze.starts_at is not None or freeze.ends_at is not None
    local = moment.astimezone(ZoneInfo(freeze.time_zone))
    length = monthrange(local.year, local.month)[1]
    first, last = min(freeze.first_day, length), min(freeze.last_day, length)
    if freeze.first_day <= freeze.last_day:
        return first <= local.day <= last
    return local.day >= first or local.day <= last


def open_freeze(freezes: Iterable[Freeze], moment: datetime) -> Freeze | None:
    """Return a freeze that covers `moment`, if there is one."""
    return next((freeze for freeze in freezes if covers(freeze, moment)), None)
