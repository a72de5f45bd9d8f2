"""How far a read has come, and which records of the overlap were given already.

A record can change behind the place that a read has passed, and a source can show a change
later than its time says (a long transaction, a clock that lags). So the next read begins at
the last change that was seen, or at the moment this read began less the overlap, whichever
is earlier, and leaves out what was given before and is still the same, by fingerprint. The
moment is taken from the source's own clock.

JSON shape: {"since": moment, "top": moment, "start": moment, "at": {...}, "seen": [...]}.
`start` and `at` (the pager's place) are there within a read, `seen` when one has ended.
"""

import base64
import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from syncjobs.connectors.base import SourceRecord
from syncjobs.connectors.codec import encode
from syncjobs.connectors.dialects import moment_of, moment_text

MOST_SEEN: Final = 2000
_FINGERPRINT_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call for rows brought. `at` continues after it; None when there is no more.

    `moment` is when the source answered, by its own clock; None when it did not say.
    """

    rows: Sequence[object]
    at: Mapping[str, object] | None
    total: int | None = None
    moment: datetime | None = None


class Progress:
    """The state of one read, from a stored cursor to the next one."""

    def __init__(self, cursor: Mapping[str, object] | None, overlap: int) -> None:
        stored = cursor or {}
        self._overlap = timedelta(seconds=overlap)
        self.since = moment_of(stored.get("since"))
        self._top = moment_of(stored.get("top"))
        self._start = moment_of(stored.get("start"))
        place = stored.get("at")
        self.at: Mapping[str, object] | None = place if isinstance(place, Mapping) else None
        seen = stored.get("seen")
        self._seen = frozenset(seen) if isinstance(seen, list) else frozenset()
        self._until = self._top
        self._recent: deque[SourceRecord] = deque(maxlen=MOST_SEEN)

    def begin(self, moment: datetime | None) -> None:
        """Note when this read began, unless it began in an earlier session."""
        if self._start is None:
            self._start = moment or datetime.now(UTC)

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
        if self._top is not None:
            stored["top"] = moment_text(self._top)
        if at is not None:
            stored["at"] = dict(at)
            if self.since is not None:
                stored["since"] = moment_text(self.since)
            if self._start is not None:
                stored["start"] = moment_text(self._start)
            return stored
        if self._top is None:
            return stored
        since = min(self._top, (self._start or self._top) - self._overlap)
        stored["since"] = moment_text(since)
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
