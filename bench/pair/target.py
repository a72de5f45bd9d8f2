"""The target's books: what was made, by which key, how often; and how it fails on purpose."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

BUSY: Final = 429
FAILED: Final = 503
Answer = tuple[int, dict[str, Any]]


@dataclass
class Faults:
    """Of every `every` writes one is refused with 429 and one fails with 503; 0 for none.

    Every other 503 comes after the write was applied.
    """

    every: int = 0
    seen: int = 0
    failed: int = 0

    def next(self) -> tuple[int, bool]:
        """Return the status to fail with (0 for none) and whether the write is applied first."""
        self.seen += 1
        place = self.seen % self.every if self.every else 0
        if place == self.every // 4 and self.every:
            return BUSY, False
        if place == self.every // 2 and self.every:
            self.failed += 1
            return FAILED, self.failed % 2 == 0
        return 0, True


class Books:
    """What the target holds. `made` counts creations by reference: two are a duplicate."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.empty()

    def empty(self) -> None:
        """Forget everything."""
        self.made: Counter[str] = Counter()
        self.updated = 0
        self.calls = 0
        self._serial = 0
        self._ids: dict[str, str] = {}
        self._keys: dict[str, str] = {}

    def create(self, body: dict[str, Any], key: str) -> Answer:
        """Create a line, once for each key (an empty key is none), or fail as told."""
        self.calls += 1
        status, apply = self.faults.next()
        answer = self._create(body, key) if apply else {}
        if status:
            return status, {"message": "Try again." if status == BUSY else "The server failed."}
        return 201, answer

    def create_many(self, rows: list[dict[str, Any]]) -> Answer:
        """Create lines in one call."""
        self.calls += 1
        results = [{"status": 201, "body": self._create(row["data"], row["key"])} for row in rows]
        return 200, {"results": results}

    def update(self, id_: str, body: dict[str, Any]) -> Answer:
        """Change a line."""
        self.calls += 1
        self.updated += 1
        return 200, {**body, "id": id_}

    def find(self, reference: str) -> Answer:
        """Look a line up by our reference."""
        id_ = self._ids.get(reference)
        row = {"id": id_, "externalReference": reference}
        return 200, {"results": [row] if id_ else []}

    def count(self) -> Answer:
        """Return what there is: different references, creations, updates, write calls."""
        return 200, {
            "different": len(self.made),
            "created": sum(self.made.values()),
            "updated": self.updated,
            "calls": self.calls,
        }

    def references(self) -> Answer:
        """Return our references of all that is there."""
        return 200, {"references": list(self.made)}

    def _create(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        id_ = self._keys.get(key) if key else None
        if id_ is None:
            reference = str(body["externalReference"])
            self.made[reference] += 1
            self._serial += 1
            id_ = f"line-{self._serial}"
            self._ids[reference] = id_
            if key:
                self._keys[key] = id_
        return {**body, "id": id_}
