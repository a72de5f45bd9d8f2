"""How far a read has come, and which records of the overlap were given already.

A source shows some records later than their time of change says (a long transaction, a
clock that lags). So each read starts a little before where the last one ended, and leaves
out what it gave then and what has not changed since, by fingerprint.

JSON shape: {"since": moment, "top": moment, "at": {...}, "seen": [...]}. `at` is the pager's
place within a read that has not ended; `seen` is there when one has.
"""

import base64
import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from syncjobs.connectors.base import SourceRecord
from syncjobs.connectors.codec import encode
from syncjobs.connectors.dialects import moment_of, moment_text

MOST_SEEN: Final = 2000
_FINGERPRINT_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call for rows brought. `at` continues after it; None when there is no more."""

    rows: Sequence[object]
    at: Mapping[str, object] | None
    total: int | None = None


class Progress:
    """The state of one read, from a stored cursor to the next one."""

    def __init__(self, cursor: Mapping[str, object] | None, overlap: int) -> None:
        stored = cursor or {}
        self._overlap = timedelta(seconds=overlap)
        self.since = moment_of(stored.get("since"))
        self._top = moment_of(stored.get("top"))
        place = stored.get("at")
        self.at: Mapping[str, object] | None = place if isinstance(place, Mapping) else None
        seen = stored.get("seen")
        self._seen = frozenset(seen) if isinstance(seen, list) else frozenset()
        self._until = self._top
        self._recent: deque[SourceRecord] = deque(maxlen=MOST_SEEN)

    def fresh(self, records: Sequence[SourceRecord]) -> list[SourceRecord]:
        """Return the records that the last read had not given like this, and remember all."""
        given = [record for record in records if not self._given(record)]
        for record in records:
            moment = record.modified_at
            if moment is None:
                continue
            if self._top is None or moment > self._top:
                self._top = moment
            self._recent.append(record)
        return given

    def cursor(self, at: Mapping[str, object] | None) -> dict[str, object]:
        """Return the cursor to store with the records up to here."""
        stored: dict[str, object] = {}
        if at is not None:
            if self.since is not None:
                stored["since"] = moment_text(self.since)
            if self._top is not None:
                stored["top"] = moment_text(self._top)
            return {**stored, "at": dict(at)}
        if self._top is None:
            return stored
        since = self._top - self._overlap
        stored["since"] = moment_text(since)
        stored["top"] = moment_text(self._top)
        near = (r for r in self._recent if r.modified_at is not None and r.modified_at >= since)
        stored["seen"] = sorted({fingerprint(record) for record in near})
        return stored

    def _given(self, record: SourceRecord) -> bool:
        if not self._seen or record.modified_at is None or self._until is None:
            return False
        return record.modified_at <= self._until and fingerprint(record) in self._seen


def fingerprint(record: SourceRecord) -> str:
    """A short digest of a record's id and whole content."""
    content = encode([record.id, record.deleted, record.data])
    digest = hashlib.blake2b(content, digest_size=_FINGERPRINT_BYTES).digest()
    return base64.urlsafe_b64encode(digest).decode()
