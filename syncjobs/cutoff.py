"""Which billing cycle something falls into. Pure.

A cycle is a calendar month. It closes on a day of the following month, at a time of the day,
in the zone of the entity that bills. What is approved later, by a second even, goes to the
first cycle that is still open; its own date is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class CutOff:
    """The rule of one entity: closing day of the following month (1 to 28), time and zone."""

    day: int
    at: time
    zone: str
    version: str


@dataclass(frozen=True, slots=True)
class Cycle:
    """Where something is billed. Periods are "YYYY-MM"."""

    period: str
    original_period: str
    late: bool
    closed_at: datetime
    rule: str


def cut_off_of(rule: Mapping[str, object], *, entity: str, zone: str) -> CutOff:
    """Read a rule such as {"day": 3, "time": "18:00", "version": "1", "entities": {…}}.

    An entity's own entries replace the rule's; `zone` (the client's) is used where none is
    given. Raises ValueError for a day that not every month has.
    """
    entities = rule.get("entities")
    own = entities.get(entity) if isinstance(entities, Mapping) else None
    merged: dict[str, object] = {**rule, **(own if isinstance(own, Mapping) else {})}
    day = int(str(merged.get("day", 3)))
    if not 1 <= day <= 28:
        raise ValueError("The cut-off day must be from 1 to 28.")
    return CutOff(
        day=day,
        at=time.fromisoformat(str(merged.get("time", "18:00"))),
        zone=str(merged.get("zone") or zone),
        version=str(merged.get("version", "1")),
    )


def _after(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)


def closing_of(year: int, month: int, rule: CutOff) -> datetime:
    """Return the instant (UTC) at which the cycle of that month closes."""
    year, month = _after(year, month)
    local = datetime.combine(date(year, month, rule.day), rule.at, tzinfo=ZoneInfo(rule.zone))
    return local.astimezone(UTC)


def billing_cycle(
    on: date, approved_at: datetime, rule: CutOff, *, is_put_off: bool = False
) -> Cycle:
    """Return the cycle for work of the day `on`, approved at an aware instant.

    is_put_off: whether it goes to the cycle after that one all the same.
    """
    year, month = on.year, on.month
    closing = first_closing = closing_of(year, month, rule)
    while approved_at > closing:
        year, month = _after(year, month)
        closing = closing_of(year, month, rule)
    if is_put_off:
        year, month = _after(year, month)
    return Cycle(
        period=f"{year:04d}-{month:02d}",
        original_period=f"{on.year:04d}-{on.month:02d}",
        late=is_put_off or approved_at > first_closing,
        closed_at=first_closing,
        rule=rule.version,
    )
