"""Calendar months, the unit of statements. Pure."""

import calendar
import re
from dataclasses import dataclass
from datetime import date

_TEXT = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One month of one year; as text `2026-11`."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @classmethod
    def of(cls, day: date) -> "Month":
        """Return the month that a day is in."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Return the month of `2026-11`. Raises ValueError for anything else."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError("Write a month as four digits, a hyphen and two: 2026-11.")
        if not 1 <= int(match[2]) <= 12 or not 2000 <= int(match[1]) <= 2999:
            raise ValueError(f"There is no month {text}: use one from 2000-01 to 2999-12.")
        return cls(int(match[1]), int(match[2]))

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """The last day."""
        return date(self.year, self.number, self.days)

    @property
    def days(self) -> int:
        """The number of days."""
        return calendar.monthrange(self.year, self.number)[1]

    @property
    def label(self) -> str:
        """What people read: `November 2026`."""
        return f"{calendar.month_name[self.number]} {self.year}"

    def plus(self, months: int) -> "Month":
        """Return the month that many months later (earlier when negative)."""
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)
