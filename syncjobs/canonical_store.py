"""Writes canonical records in batches: only where content changed, each change a version.

Every function works inside the caller's transaction and never saves row by row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mappings.canonical.upgrades import newest, upgraded
from syncjobs.engine.rows import decode, encode, execute, fetch, iso, unzip
from syncjobs.fingerprint import fingerprint
from syncjobs.neighbours import Known

_LABELS: Final = ("name", "description", "task", "email")


@dataclass(frozen=True, slots=True)
class Incoming:
    """Fields of one record as a source (or a derivation) gives them; absent ones stay.

    `fill_only`: fields that are taken only where the record has nothing.
    """

    type: str
    key: str
    data: Mapping[str, object]
    source: Mapping[str, object] | None = None
    source_at: datetime | None = None
    mapping_version: int | None = None
    deleted: bool = False
    fill_only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one `Incoming`. `before` is None for a record that is new."""

    incoming: Incoming
    id: int
    version: int
    changed: tuple[str, ...]
    before: Mapping[str, object] | None
    data: Mapping[str, object]

    @property
    def is_changed(self) -> bool:
        """Say whether this made a new version."""
        return bool(self.changed)

    @property
    def known(self) -> Known:
        """Return the record as gates and mappings see it."""
        return Known(
            self.incoming.type,
            self.incoming.key,
            self.data,
            self.version,
            self.incoming.deleted,
            self.id,
        )


@dataclass(slots=True)
class _Row:
    """A record while a batch works on it."""

    id: int
    type: str
    key: str
    data: dict[str, object]
    hash: str
    version: int
    deleted: bool
    versions: list[dict[str, object]] = field(default_factory=list)
    source_at: datetime | None = None
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch comes from. connection_id None: derived from other records."""

    client_id: int
    connection_id: int | None
    run_id: int | None
    correlation: str


def store(incoming: Sequence[Incoming], origin: Origin) -> list[Stored]:
    """Merge a batch, in its order, into the client's records; one answer for each.

    Rows are locked in the order of their ids, so two batches never wait for each other in a
    circle.
    """
    if not incoming:
        return []
    rows = _locked_rows(origin.client_id, {(one.type, one.key) for one in incoming})
    stored = [_merge(rows[one.type, one.key], one, origin) for one in incoming]
    _write(list(rows.values()), origin)
    return stored


def find(client_id: int, keys: Iterable[tuple[str, str]]) -> list[Known]:
    """Return those of the client's records that exist under these (type, key) pairs."""
    types, names = unzip(list(keys))
    if not types:
        return []
    rows = fetch(_FIND, {"client": client_id, "types": types, "keys": names})
    return [
        Known(type_, key, upgraded(type_, decode(data), shape), version, deleted, id_)
        for id_, type_, key, data, shape, version, deleted in rows
    ]


def find_by_id(ids: Iterable[int]) -> dict[int, Known]:
    """Return id → record, for rows that exist."""
    rows = fetch(_FIND_BY_ID, {"ids": list(ids)})
    return {
        id_: Known(type_, key, upgraded(type_, decode(data), shape), version, deleted, id_)
        for id_, type_, key, data, shape, version, deleted in rows
    }


def ensure_places(client_id: int, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Known]:
    """Return a row for each pair; a record that nobody has sent yet gets a place, version 0."""
    wanted = sorted(set(keys))
    found = {(one.type, one.key): one for one in find(client_id, wanted)}
    absent = [pair for pair in wanted if pair not in found]
    if absent:
        types, names = unzip(absent)
        execute(_RESERVE, {"client": client_id, "types": types, "keys": names})
        found.update({(one.type, one.key): one for one in find(client_id, absent)})
    return found


def _locked_rows(client_id: int, keys: set[tuple[str, str]]) -> dict[tuple[str, str], _Row]:
    types, names = unzip(sorted(keys))
    params: dict[str, object] = {"client": client_id, "types": types, "keys": names}
    rows = _lock(params)
    if len(rows) < len(keys):
        # Two batches may bring the same new record: reserving the place makes one wait.
        execute(_RESERVE, params)
        rows = _lock(params)
    return rows


def _lock(params: dict[str, object]) -> dict[tuple[str, str], _Row]:
    return {
        (type_, key): _Row(
            id_, type_, key, upgraded(type_, decode(data), shape), hash_, version, deleted
        )
        for id_, type_, key, data, shape, hash_, version, deleted in fetch(_LOCK, params)
    }


def _merge(row: _Row, incoming: Incoming, origin: Origin) -> Stored:
    before = dict(row.data) if row.version else None
    merged = {**row.data, **_taken(row, incoming)}
    changed = [name for name in merged if row.data.get(name) != merged[name]]
    if row.deleted != incoming.deleted:
        changed.append("deleted")
    if not changed and row.version:
        return Stored(incoming, row.id, row.version, (), before, row.data)
    row.data, row.deleted = merged, incoming.deleted
    row.hash = fingerprint([merged, incoming.deleted])
    row.version += 1
    row.source_at = incoming.source_at
    row.dirty = True
    names = sorted(changed) or ["created"]
    row.versions.append(
        {
            "record_id": row.id,
            "number": row.version,
            "data": merged,
            "hash": row.hash,
            "changed": names,
            "source": incoming.source,
            "mapping_version": incoming.mapping_version,
        }
    )
    return Stored(incoming, row.id, row.version, tuple(names), before, merged)


def _taken(row: _Row, incoming: Incoming) -> Mapping[str, object]:
    if not incoming.fill_only:
        return incoming.data
    return {
        name: value
        for name, value in incoming.data.items()
        if name not in incoming.fill_only or row.data.get(name) in (None, "", [])
    }


def _write(rows: list[_Row], origin: Origin) -> None:
    dirty = [row for row in rows if row.dirty]
    if not dirty:
        return
    updates = [
        {
            "id": row.id,
            "data": row.data,
            "schema_version": newest(row.type),
            "hash": row.hash,
            "version": row.version,
            "deleted": row.deleted,
            "label": label_of(row.data, row.key),
            "engagement": str(row.data.get("engagement") or "")[:120],
            "source_at": iso(row.source_at),
        }
        for row in dirty
    ]
    execute(_UPDATE, {"rows": encode(updates), "connection": origin.connection_id})
    versions = [version for row in dirty for version in row.versions]
    execute(
        _VERSIONS,
        {
            "rows": encode(versions),
            "connection": origin.connection_id,
            "run": origin.run_id,
            "correlation": origin.correlation,
        },
    )


def label_of(data: Mapping[str, object], key: str) -> str:
    """Return how people recognise a record: its name where it has one, its key otherwise."""
    for name in _LABELS:
        value = data.get(name)
        if isinstance(value, str) and value:
            return value[:200]
    return key[:200]


_FIND: Final = """
    SELECT id, type, key, data, schema_version, version, deleted FROM syncjobs_canonicalrecord
    WHERE client_id = %(client)s
      AND (type, key) IN (SELECT * FROM unnest(%(types)s::text[], %(keys)s::text[]))
"""
_FIND_BY_ID: Final = """
    SELECT id, type, key, data, schema_version, version, deleted FROM syncjobs_canonicalrecord
    WHERE id = ANY(%(ids)s::bigint[])
"""
_LOCK: Final = """
    SELECT id, type, key, data, schema_version, hash, version, deleted
    FROM syncjobs_canonicalrecord
    WHERE client_id = %(client)s
      AND (type, key) IN (SELECT * FROM unnest(%(types)s::text[], %(keys)s::text[]))
    ORDER BY id FOR UPDATE
"""
_RESERVE: Final = """
    INSERT INTO syncjobs_canonicalrecord
        (client_id, type, key, label, engagement, data, hash, version, deleted,
         created_at, changed_at)
    SELECT %(client)s, x.type, x.key, x.key, '', '{}', '', 0, false, now(), now()
    FROM unnest(%(types)s::text[], %(keys)s::text[]) AS x(type, key)
    ON CONFLICT (client_id, type, key) DO NOTHING
"""
_UPDATE: Final = """
    UPDATE syncjobs_canonicalrecord AS r
    SET data = x.data, schema_version = x.schema_version, hash = x.hash,
        version = x.version, deleted = x.deleted,
        label = x.label, engagement = x.engagement, changed_at = now(),
        source_at = coalesce(x.source_at, r.source_at),
        source_connection_id = coalesce(%(connection)s, r.source_connection_id)
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(
        id bigint, data jsonb, schema_version int, hash text, version int, deleted boolean,
        label text,
        engagement text, source_at timestamptz)
    WHERE r.id = x.id
"""
_VERSIONS: Final = """
    INSERT INTO syncjobs_recordversion
        (record_id, number, data, hash, changed, source, connection_id, mapping_version,
         run_id, correlation, at)
    SELECT x.record_id, x.number, x.data, x.hash, x.changed, x.source, %(connection)s,
        x.mapping_version, %(run)s, %(correlation)s, now()
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(
        record_id bigint, number int, data jsonb, hash text, changed jsonb, source jsonb,
        mapping_version bigint)
"""
