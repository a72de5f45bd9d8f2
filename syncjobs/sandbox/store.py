"""A system's state: JSON documents, a ledger and small facts in one sqlite file.

Each request is one transaction under one lock. A process that is killed loses nothing that
was committed: the file is in WAL mode, which only a crash of the machine could harm.
"""

import contextlib
import datetime as dt
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncjobs.sandbox.checks import utc_text

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL,
    updated TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS document_changes ON document (kind, updated, seq);
CREATE TABLE IF NOT EXISTS lookup (
    kind TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (kind, field, value, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lookup_document ON lookup (kind, id);
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Document:
    """One stored object; `seq` orders documents that share an `updated`."""

    seq: int
    id: str
    updated: str
    version: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Selection:
    """Which documents of a kind a list asks for."""

    kind: str
    since: str = ""
    inclusive: bool = True
    after: tuple[str, int] | None = None  # (updated, seq) of the last one seen
    equal: Mapping[str, str] | None = None  # indexed fields only


class Store:
    """See the module. All methods but `transaction` must run inside `transaction`."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.RLock()
        self._database = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None
        )
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.executescript(_SCHEMA)
        row = self._database.execute("SELECT max(updated) FROM document").fetchone()
        self._last_stamp: str = row[0] or ""
        self._fixed: str | None = None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside commits together, or not at all."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            else:
                self._database.execute("COMMIT")
            finally:
                self._fixed = None

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what is inside when it fails, and go on with the transaction."""
        self._database.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK TO part")
            raise
        finally:
            self._database.execute("RELEASE part")

    def stamp(self) -> str:
        """The time of a change, later than every one before; frozen by `freeze_stamp`."""
        if self._fixed is None:
            now = dt.datetime.now(dt.UTC)
            if self._last_stamp and utc_text(now) <= self._last_stamp:
                now = dt.datetime.fromisoformat(self._last_stamp) + dt.timedelta(microseconds=1)
            self._last_stamp = utc_text(now)
            return self._last_stamp
        return self._fixed

    def freeze_stamp(self) -> None:
        """Give every change of this transaction the same time, as a bulk import does."""
        self._fixed = self.stamp()

    def insert(self, kind: str, key: str, body: dict[str, Any], indexed: Sequence[str]) -> Document:
        """Store a new document under an id that is not taken."""
        updated = self.stamp()
        cursor = self._database.execute(
            "INSERT INTO document (kind, id, updated, version, body) VALUES (?, ?, ?, 1, ?)",
            (kind, key, updated, json.dumps(body)),
        )
        self._index(kind, key, body, indexed)
        return Document(int(cursor.lastrowid or 0), key, updated, 1, body)

    def replace(
        self, kind: str, old: Document, body: dict[str, Any], indexed: Sequence[str]
    ) -> Document:
        """Store a new state of a document; it moves to the end of the changes."""
        updated = self.stamp()
        self._database.execute(
            "UPDATE document SET updated = ?, version = version + 1, body = ?"
            " WHERE kind = ? AND id = ?",
            (updated, json.dumps(body), kind, old.id),
        )
        self._database.execute("DELETE FROM lookup WHERE kind = ? AND id = ?", (kind, old.id))
        self._index(kind, old.id, body, indexed)
        return Document(old.seq, old.id, updated, old.version + 1, body)

    def remove(self, kind: str, key: str) -> None:
        """Delete a document without a trace in the changes."""
        self._database.execute("DELETE FROM document WHERE kind = ? AND id = ?", (kind, key))
        self._database.execute("DELETE FROM lookup WHERE kind = ? AND id = ?", (kind, key))

    def get(self, kind: str, key: str) -> Document | None:
        """One document by id."""
        rows = self._database.execute(
            "SELECT seq, id, updated, version, body FROM document WHERE kind = ? AND id = ?",
            (kind, key),
        )
        return next(map(_document, rows), None)

    def find(self, kind: str, field: str, value: str) -> Document | None:
        """The first document with this value in an indexed field."""
        # CROSS JOIN: from the value to its document. In the order of changes, all of a kind would
        # be walked through for a value that is not there, and an import asks for each.
        rows = self._database.execute(
            "SELECT d.seq, d.id, d.updated, d.version, d.body FROM lookup l CROSS JOIN document d"
            " ON d.kind = l.kind AND d.id = l.id WHERE l.kind = ? AND l.field = ? AND l.value = ?"
            " ORDER BY d.updated, d.seq LIMIT 1",
            (kind, field, value),
        )
        return next(map(_document, rows), None)

    def select(self, wanted: Selection, *, limit: int, offset: int = 0) -> list[Document]:
        """Documents in the order of their changes."""
        where, values = _conditions(wanted)
        rows = self._database.execute(
            f"SELECT seq, id, updated, version, body FROM document d WHERE {where}"
            " ORDER BY updated, seq LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [_document(row) for row in rows]

    def count(self, wanted: Selection) -> int:
        """How many documents a selection has."""
        where, values = _conditions(wanted)
        row = self._database.execute(
            f"SELECT count(*) FROM document d WHERE {where}",
            values,
        ).fetchone()
        return int(row[0])

    def fact(self, name: str) -> Any:
        """A small stored value, or None."""
        row = self._database.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def set_fact(self, name: str, value: Any) -> None:
        """Store a small value."""
        self._database.execute(
            "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (name, json.dumps(value))
        )

    def drop_facts(self, prefix: str) -> None:
        """Forget every fact whose name begins so."""
        self._database.execute(
            "DELETE FROM fact WHERE substr(name, 1, ?) = ?", (len(prefix), prefix)
        )

    def count_up(self, name: str) -> int:
        """The next number of a sequence, from 1, without gaps (it rolls back with the rest)."""
        number = int(self.fact(f"sequence:{name}") or 0) + 1
        self.set_fact(f"sequence:{name}", number)
        return number

    def append_ledger(self, entry: Mapping[str, Any]) -> None:
        """Add an effect to the ledger."""
        self._database.execute("INSERT INTO ledger (body) VALUES (?)", (json.dumps(entry),))

    def ledger(self, since: int = 0) -> list[dict[str, Any]]:
        """Effects after number `since`, each with its `seq`."""
        rows = self._database.execute(
            "SELECT seq, body FROM ledger WHERE seq > ? ORDER BY seq", (since,)
        )
        return [{"seq": seq, **json.loads(body)} for seq, body in rows]

    def push(self, message: Mapping[str, Any]) -> None:
        """Put a webhook into the outbox; it goes out after the transaction."""
        self._database.execute("INSERT INTO outbox (body) VALUES (?)", (json.dumps(message),))

    def outbox(self, limit: int = 20) -> list[tuple[int, str]]:
        """The oldest webhooks that were not acknowledged: number and body."""
        rows = self._database.execute("SELECT seq, body FROM outbox ORDER BY seq LIMIT ?", (limit,))
        return [(int(seq), str(body)) for seq, body in rows]

    def pushed(self, seq: int) -> None:
        """Forget a webhook that was acknowledged."""
        self._database.execute("DELETE FROM outbox WHERE seq = ?", (seq,))

    def _index(self, kind: str, key: str, body: Mapping[str, Any], indexed: Sequence[str]) -> None:
        rows = [
            (kind, field, str(body[field]), key)
            for field in indexed
            if body.get(field) not in (None, "")
        ]
        self._database.executemany("INSERT INTO lookup VALUES (?, ?, ?, ?)", rows)


def _document(row: tuple[int, str, str, int, str]) -> Document:
    seq, key, updated, version, body = row
    return Document(seq, key, updated, version, json.loads(body))


def _conditions(wanted: Selection) -> tuple[str, list[Any]]:
    clauses = ["d.kind = ?"]
    values: list[Any] = [wanted.kind]
    if wanted.since:
        clauses.append("d.updated >= ?" if wanted.inclusive else "d.updated > ?")
        values.append(wanted.since)
    if wanted.after:
        clauses.append("(d.updated, d.seq) > (?, ?)")
        values.extend(wanted.after)
    for field, value in (wanted.equal or {}).items():
        clauses.append(
            "d.id IN (SELECT id FROM lookup WHERE kind = d.kind AND field = ? AND value = ?)"
        )
        values.extend([field, value])
    return " AND ".join(clauses), values
