"""What the calendar writes into its days."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from governance.models import Window
from governance.services.calendar import calendar_month


def _moment(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "told"),
    [
        (
            {"starts_at": _moment(3, 10, 48), "ends_at": _moment(4, 12, 7)},
            {3: "10:48–00:00", 4: "00:00–12:07"},
        ),
        ({"starts_at": _moment(3, 10, 5), "ends_at": _moment(3, 10, 20)}, {3: "10:05–10:20"}),
        ({"starts_at": _moment(3, 0, 0), "ends_at": _moment(4, 0, 0)}, {3: ""}),
        (
            {"first_day": 5, "last_day": 5, "from_time": time(8, 10), "to_time": time(9, 50)},
            {5: "08:10–09:50"},
        ),
    ],
)
def test_a_day_tells_a_windows_hours_to_the_minute(
    window: dict[str, Any], told: dict[int, str]
) -> None:
    made = Window(name="w", mode="release", time_zone="UTC", **window)
    weeks = calendar_month("2026-11", [made], []).weeks
    marks = {
        day.date.day: mark.hours for week in weeks for day in week if day.date for mark in day.marks
    }
    assert marks == told
