"""Compares records of a source with the same ones of a target, by number and amount. Pure.

Both sides are given record by record; what matches is forgotten at once, so that only what has
not been found yet is kept in memory.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

ZERO: Final = Decimal(0)
NAMED: Final = 20


@dataclass(slots=True)
class Amount:
    """How many records, and what they add up to."""

    count: int = 0
    sum: Decimal = ZERO

    def add(self, amount: Decimal) -> None:
        """Count one record."""
        self.count += 1
        self.sum += amount

    def told(self) -> dict[str, object]:
        """As it is kept with a run."""
        return {"count": self.count, "sum": str(self.sum)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of one side."""

    key: str
    period: str
    project: str
    amount: Decimal


@dataclass(slots=True)
class PeriodTotals:
    """One period's two sides; `explained`: of the source, on hold or refused for a known reason.

    `keys`: records that differ, the first twenty.
    """

    source: Amount = field(default_factory=Amount)
    target: Amount = field(default_factory=Amount)
    explained: Amount = field(default_factory=Amount)
    keys: list[str] = field(default_factory=list)
    differing: int = 0

    @property
    def difference(self) -> Decimal:
        """What the target has too much (or too little) after all explanations."""
        return self.target.sum - self.source.sum + self.explained.sum

    def name(self, key: str) -> None:
        """Note a record that differs."""
        self.differing += 1
        if len(self.keys) < NAMED:
            self.keys.append(key)


class Matching:
    """Give it all of the source, then all of the target, then ask what is left."""

    def __init__(self) -> None:
        self._open: dict[str, Entry] = {}
        self._extra: list[Entry] = []
        self._changed: list[tuple[Entry, Entry]] = []
        self._periods: dict[str, PeriodTotals] = defaultdict(PeriodTotals)
        self.billed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def source(self, entry: Entry) -> None:
        """A record of the source."""
        self._periods[entry.period].source.add(entry.amount)
        self._open[entry.key] = entry

    def target(self, entry: Entry) -> None:
        """A record of the target: counted under the period of its source, where it has one."""
        known = self._open.pop(entry.key, None)
        period = known.period if known else entry.period
        self._periods[period].target.add(entry.amount)
        self.billed[period, entry.project] += entry.amount
        if known is None:
            self._extra.append(entry)
        elif known.amount != entry.amount:
            self._changed.append((known, entry))

    def missing(self) -> Iterator[str]:
        """Numbers of the source that the target does not have."""
        yield from self._open

    def changed(self) -> Iterator[str]:
        """Numbers whose amounts differ."""
        yield from (known.key for known, _ in self._changed)

    def extra(self) -> Iterator[str]:
        """Numbers that only the target has."""
        yield from (entry.key for entry in self._extra)

    def totals(self, explained: Collection[str]) -> Mapping[str, PeriodTotals]:
        """Return the periods, what is open, refused or withdrawn for a known reason taken out."""
        for entry in self._open.values():
            totals = self._periods[entry.period]
            if entry.key in explained:
                totals.explained.add(entry.amount)
            else:
                totals.name(entry.key)
        for known, found in self._changed:
            totals = self._periods[known.period]
            if known.key in explained:
                totals.explained.add(known.amount - found.amount)
            else:
                totals.name(known.key)
        for entry in self._extra:
            totals = self._periods[entry.period]
            if entry.key in explained:
                totals.explained.add(-entry.amount)
            else:
                totals.name(entry.key)
        return dict(sorted(self._periods.items()))
