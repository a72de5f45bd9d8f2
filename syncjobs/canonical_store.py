"""Writes canonical records in batches: only where content changed, each change a version.

Every function works inside the caller's transaction and never saves row by row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from msgspec import Struct, field

from mappings.canonical.upgrades import newest, upgraded
from syncjobs.engine.rows import decode, encode, execute, fetch, unzip
from syncjobs.fingerprint import fingerprint
from syncjobs.neighbours import Known
from syncjobs.payloads import PERSONAL, seal_versions

_LABELS: Final = ("name", "description", "task", "email")


class Incoming(Struct, frozen=True):
    """Fields of one record as a source (or a derivation) gives them; absent ones stay.

    `fill_only`: fields that are taken only where the record has nothing. `part`: which it is of
    the several records that one of the source became, "" for the only one. `among`: (type,
    key) of all that `source` tells of, where it became several.
    """

    type: str
    key: str
    data: Mapping[str, object]
    source: Mapping[str, object] | None = None
    source_at: datetime | None = None
    mapping_version: int | None = None
    deleted: bool = False
    fill_only: frozenset[str] = frozenset()
    part: str = ""
    among: tuple[tuple[str, str], ...] = ()


class Stored(Struct, frozen=True):
    """What became of one `Incoming`. `before` is None for a record that is new.

    `hash`: of the content, where this made a new version of it.
    """

    incoming: Incoming
    id: int
    version: int
    changed: tuple[str, ...]
    before: Mapping[str, object] | None
    data: Mapping[str, object]
    hash: str = ""

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


class _Row(Struct):
    """A record while a batch works on it. told_of: version → (type, key) of all that its source
    tells of, where these are several.
    """

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
    is_new: bool = False
    told_of: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch comes from. connection_id None: derived from other records."""

    client_id: int
    connection_id: int | None
    run_id: int | None
    correlation: str


Locked = dict[tuple[str, str], _Row]


def lock(client_id: int, incoming: Sequence[Incoming]) -> Locked:
    """Lock those of the records that are there, by (type, key), in the order of their ids: so two
    batches never wait for each other in a circle.
    """
    return _lock(client_id, sorted({(one.type, one.key) for one in incoming}))


def store(
    incoming: Sequence[Incoming], origin: Origin, locked: Locked | None = None
) -> list[Stored]:
    """Merge a batch, in its order, into the client's records; one answer for each.

    `locked`: what `lock` gave for these, or for more, in the same transaction.
    """
    if not incoming:
        return []
    keys = sorted({(one.type, one.key) for one in incoming})
    rows = lock(origin.client_id, incoming) if locked is None else locked
    new = _places([key for key in keys if key not in rows])
    rows.update(new)
    stored = [_merge(rows[one.type, one.key], one) for one in incoming]
    if new:
        lost = _insert(new, origin)
        if lost:
            # Another batch brought these in the same instant: what it made of them goes before.
            rows.update(_lock(origin.client_id, sorted(lost)))
            stored = [
                _merge(rows[one.type, one.key], one) if (one.type, one.key) in lost else kept
                for one, kept in zip(incoming, stored, strict=True)
            ]
    _write(rows, origin)
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


def _lock(client_id: int, keys: Sequence[tuple[str, str]]) -> Locked:
    if not keys:
        return {}
    types, names = unzip(keys)
    found = fetch(_LOCK, {"client": client_id, "types": types, "keys": names})
    return {
        (type_, key): _Row(
            id_, type_, key, upgraded(type_, decode(data), shape), hash_, version, deleted
        )
        for id_, type_, key, data, shape, hash_, version, deleted in found
    }


def _places(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], _Row]:
    """Return a row to be, with its id, for each record that nobody has sent yet."""
    ids = fetch(_IDS, {"count": len(keys)}) if keys else []
    return {
        (type_, key): _Row(id_, type_, key, {}, "", 0, deleted=False, is_new=True)
        for (type_, key), (id_,) in zip(keys, ids, strict=True)
    }


def _insert(new: Mapping[tuple[str, str], _Row], origin: Origin) -> set[tuple[str, str]]:
    """Insert new records in the order of their keys; return those that another was faster with.

    Two batches may bring the same new record: the second waits here for the first to end.
    """
    params = {
        "rows": encode([_columns(row) for row in new.values()]),
        "client": origin.client_id,
        "connection": origin.connection_id,
    }
    mine = {id_ for (id_,) in fetch(_INSERT, params)}
    return {key for key, row in new.items() if row.id not in mine}


def _merge(row: _Row, incoming: Incoming) -> Stored:
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
    version: dict[str, object] = {
        "record_id": row.id,
        "number": row.version,
        "data": merged,
        "hash": row.hash,
        "changed": names,
        "source": incoming.source,
        "mapping_version": incoming.mapping_version,
    }
    row.versions.append(version)
    if incoming.among and incoming.source is not None:
        row.told_of[row.version] = incoming.among
    return Stored(incoming, row.id, row.version, tuple(names), before, merged, row.hash)


def _taken(row: _Row, incoming: Incoming) -> Mapping[str, object]:
    if not incoming.fill_only:
        return incoming.data
    return {
        name: value
        for name, value in incoming.data.items()
        if name not in incoming.fill_only or row.data.get(name) in (None, "", [])
    }


def _columns(row: _Row) -> dict[str, object]:
    return {
        "id": row.id,
        "type": row.type,
        "key": row.key,
        "data": row.data,
        "schema_version": newest(row.type),
        "hash": row.hash,
        "version": row.version,
        "deleted": row.deleted,
        "label": label_of(row.data, row.key),
        "engagement": str(row.data.get("engagement") or "")[:120],
        "source_at": row.source_at,
    }


def _write(rows: Locked, origin: Origin) -> None:
    """Write what changed of records that were there, and the versions of all."""
    dirty = [row for row in rows.values() if row.dirty]
    if not dirty:
        return
    changed = [_columns(row) for row in dirty if not row.is_new]
    if changed:
        params = {"rows": encode(changed), "connection": origin.connection_id}
        execute(_UPDATE, {**params, "ids": [row.id for row in dirty if not row.is_new]})
    versions = [version for row in dirty for version in row.versions]
    # Not before: another batch may have been faster with one of them.
    among = {
        (row.id, number): [rows[one].id for one in told_of]
        for row in dirty
        if row.type in PERSONAL
        for number, told_of in row.told_of.items()
    }
    seal_versions(((row.type, version) for row in dirty for version in row.versions), among)
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


def told_apart(data: Mapping[str, object], key: str) -> str:
    """Return how people recognise one of several records: many share a name, none a key."""
    label = label_of(data, key)
    return label if label == key[:200] else f"{label} · {key[:200]}"


# From each key to its row, whatever the statistics say: joined freely, tables that had grown
# since they were last analysed were read whole for each page. `||` keeps the type out of the
# choice of an index, for the same reason.
_THESE: Final = """
    id = ANY(ARRAY(
        SELECT r.id FROM unnest(%(types)s::text[], %(keys)s::text[]) AS x(type, key)
        CROSS JOIN LATERAL (
            SELECT c.id FROM syncjobs_canonicalrecord c
            WHERE c.client_id = %(client)s AND c.key = x.key AND c.type || '' = x.type
            OFFSET 0) r))
"""
_FIND: Final = f"""
    SELECT id, type, key, data, schema_version, version, deleted FROM syncjobs_canonicalrecord
    WHERE {_THESE}
"""  # noqa: S608  our own constants
_FIND_BY_ID: Final = """
    SELECT id, type, key, data, schema_version, version, deleted FROM syncjobs_canonicalrecord
    WHERE id = ANY(%(ids)s::bigint[])
"""
_LOCK: Final = f"""
    SELECT id, type, key, data, schema_version, hash, version, deleted
    FROM syncjobs_canonicalrecord WHERE {_THESE} ORDER BY id FOR UPDATE
"""  # noqa: S608  our own constants
_IDS: Final = """
    SELECT nextval(ids.sequence) FROM (
        SELECT pg_get_serial_sequence('syncjobs_canonicalrecord', 'id')::regclass AS sequence
        OFFSET 0) ids
    CROSS JOIN generate_series(1, %(count)s)
"""
_SHAPE: Final = """
    jsonb_to_recordset(%(rows)s::jsonb) AS x(
        id bigint, type text, key text, data jsonb, schema_version int, hash text, version int,
        deleted boolean, label text, engagement text, source_at timestamptz)
"""
_INSERT: Final = f"""
    INSERT INTO syncjobs_canonicalrecord
        (id, client_id, type, key, label, engagement, data, schema_version, hash, version,
         deleted, source_at, source_connection_id, created_at, changed_at)
    SELECT x.id, %(client)s, x.type, x.key, x.label, x.engagement, x.data, x.schema_version,
        x.hash, x.version, x.deleted, x.source_at, %(connection)s, now(), now()
    FROM {_SHAPE}
    ON CONFLICT (client_id, type, key) DO NOTHING
    RETURNING id
"""  # noqa: S608  our own constants
_RESERVE: Final = """
    INSERT INTO syncjobs_canonicalrecord
        (client_id, type, key, label, engagement, data, hash, version, deleted,
         created_at, changed_at)
    SELECT %(client)s, x.type, x.key, x.key, '', '{}', '', 0, false, now(), now()
    FROM unnest(%(types)s::text[], %(keys)s::text[]) AS x(type, key)
    ON CONFLICT (client_id, type, key) DO NOTHING
"""
_UPDATE: Final = f"""
    UPDATE syncjobs_canonicalrecord AS r
    SET data = x.data, schema_version = x.schema_version, hash = x.hash,
        version = x.version, deleted = x.deleted,
        label = x.label, engagement = x.engagement, changed_at = now(),
        source_at = coalesce(x.source_at, r.source_at),
        source_connection_id = coalesce(%(connection)s, r.source_connection_id)
    FROM {_SHAPE}
    WHERE r.id = x.id AND r.id = ANY(%(ids)s::bigint[])
"""  # noqa: S608  our own constants
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
