"""Counts within the present minute, in one process: bounds for what floods it. Pure."""

from collections import Counter
from collections.abc import Hashable
from threading import Lock


class Minute:
    """How often something happened since the minute began."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._number = 0
        self._counts: Counter[Hashable] = Counter()

    def count(self, name: Hashable, now: float) -> int:
        """Return how often `name` was noted in the minute of `now` (seconds since 1970)."""
        return self._counts[name] if self._number == now // 60 else 0

    def note(self, name: Hashable, now: float) -> int:
        """Count one more and return how many there are."""
        with self._lock:
            if self._number != now // 60:
                self._number, self._counts = int(now // 60), Counter()
            self._counts[name] += 1
            return self._counts[name]
