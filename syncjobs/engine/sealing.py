"""Seals what sources sent of persons before it was sealed, or while the key was the wrong one."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction

from syncjobs.engine.passes import Pass
from syncjobs.engine.rows import decode, encode, execute, fetch
from syncjobs.payloads import PERSONAL, inbound_of, is_sealed, seal_inbound, seal_versions

BATCH: Final = 2_000


@transaction.atomic
def seal_older() -> int:
    """Seal what versions and messages still hold in the open; return how many.

    At most a batch of each, in the order of ids. What is locked, or has no key that opens, is
    left as it is, and looked at again a day later.
    """
    return _seal_versions() + _seal_messages()


def _seal_versions() -> int:
    rows = _open(_VERSIONS, "versions")
    versions = [
        (kind, {"id": id_, "record_id": record, "source": decode(source)})
        for id_, record, kind, source in rows
    ]
    seal_versions(versions)
    sealed = [one for _, one in versions if not isinstance(one["source"], dict)]
    return execute(_SEAL_VERSIONS, {"rows": encode(sealed)}) if sealed else 0


def _seal_messages() -> int:
    rows = _open(_MESSAGES, "messages")
    made = [
        (id_, seal_inbound(kind, client_id, inbound_of(payload)))
        for id_, client_id, kind, payload in rows
    ]
    sealed = [{"id": id_, "payload": payload} for id_, payload in made if is_sealed(payload)]
    return execute(_SEAL_MESSAGES, {"rows": encode(sealed)}) if sealed else 0


def _open(sql: str, name: str) -> Sequence[tuple[Any, ...]]:
    """Return the next rows that hold something in the open."""
    under_way = Pass.of(f"sealing:{name}")
    params = {"kinds": sorted(PERSONAL), "limit": BATCH, "after": under_way.after}
    rows = fetch(sql, params)
    under_way.note([row[0] for row in rows], BATCH)
    return rows


_VERSIONS: Final = """
    SELECT v.id, v.record_id, r.type, v.source FROM syncjobs_recordversion v
    JOIN syncjobs_canonicalrecord r ON r.id = v.record_id
    WHERE v.id > %(after)s AND r.type = ANY(%(kinds)s::text[])
      AND jsonb_typeof(v.source) = 'object'
    ORDER BY v.id LIMIT %(limit)s FOR UPDATE OF v SKIP LOCKED
"""
_SEAL_VERSIONS: Final = """
    UPDATE syncjobs_recordversion AS v SET source = x.source
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(id bigint, source jsonb) WHERE v.id = x.id
"""
# An empty one was emptied: of a person who was erased.
_MESSAGES: Final = """
    SELECT i.id, c.client_id, s.canonical, i.payload::text FROM syncjobs_inboundevent i
    JOIN syncjobs_stream s ON s.id = i.stream_id
    JOIN syncjobs_connection c ON c.id = s.connection_id
    WHERE i.id > %(after)s AND s.canonical = ANY(%(kinds)s::text[])
      AND jsonb_typeof(i.payload) = 'object' AND i.payload <> '{}'
    ORDER BY i.id LIMIT %(limit)s FOR UPDATE OF i SKIP LOCKED
"""
_SEAL_MESSAGES: Final = """
    UPDATE syncjobs_inboundevent AS i SET payload = x.payload
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(id bigint, payload jsonb) WHERE i.id = x.id
"""
