"""Goes through a table in the order of its ids, a batch an hour, and comes back to what it left.

A pass remembers in the process's cache how far it has come. At the first end that it reaches a
day after it began, the next one begins at the first row: for rows that another had locked, whose
transaction ended later than those behind them, or that could not be treated then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import time
from typing import Final, Self

from django.core.cache import cache

_LASTS: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Pass:
    """How far it has come: rows with greater ids than `after` are next."""

    name: str
    after: int
    begun: float

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the pass of this name that is under way, or a new one."""
        after, begun = cache.get(name) or (0, time())
        return cls(name, after, begun)

    def note(self, ids: Sequence[int], limit: int) -> None:
        """Remember that these rows, at most `limit`, were looked at; fewer say: the end."""
        if len(ids) < limit and time() - self.begun > _LASTS:
            cache.delete(self.name)
        else:
            cache.set(self.name, (max(ids, default=self.after), self.begun), timeout=None)
