"""Deletes what has been kept long enough, in small batches, behind the work of the hour.

What stays for good: records and their versions, deliveries and their outcomes, the audit trail.
What goes, each kind by its own setting in days: the payloads that sources sent, attempts with
what was sent and answered, webhooks that were worked off, quiet readings. Nothing that is still
open goes, however old it is.
"""

from collections.abc import Mapping
from typing import Final

from django.core.cache import cache
from django.db import transaction

from syncjobs.engine.rows import decode, encode, execute, fetch
from syncjobs.payloads import PERSONAL, seal_versions
from syncjobs.services.retention_changes import keep_days
from syncjobs.state import DELIVERY, INBOUND, RUN

BATCH: Final = 2_000
_MOST_BATCHES: Final = 5
_SEEN: Final = "retention:versions"


def sweep(keep: Mapping[str, int] | None = None) -> dict[str, int]:
    """Delete up to a few batches of each kind; return how many rows of each.

    `keep`: kind → days; by default what holds for this partner. 0 keeps a kind for good.
    """
    keep = keep_days() if keep is None else keep
    seal_older()
    return {kind: _sweep_kind(kind, keep[kind]) for kind in _STATEMENTS if keep.get(kind)}


def _sweep_kind(kind: str, days: int) -> int:
    total = 0
    for _ in range(_MOST_BATCHES):
        count = forget_payloads(days) if kind == "payloads" else _delete(kind, days)
        total += count
        if count < BATCH:
            break
    return total


@transaction.atomic
def _delete(kind: str, days: int) -> int:
    params = {
        "days": days,
        "limit": BATCH,
        "closed_deliveries": sorted(DELIVERY.closed),
        "closed_inbound": sorted(INBOUND.closed),
        "closed_runs": sorted(RUN.closed),
    }
    return len(fetch(_STATEMENTS[kind], params))


@transaction.atomic
def forget_payloads(days: int) -> int:
    """Empty the source payload of old versions; return how many.

    Versions are old in the order of their ids, so each sweep goes on where the last one of
    this process stopped.
    """
    after = cache.get(_SEEN, 0)
    rows = fetch(_STATEMENTS["payloads"], {"days": days, "limit": BATCH, "after": after})
    if rows:
        cache.set(_SEEN, max(id_ for (id_,) in rows), timeout=None)
    return len(rows)


@transaction.atomic
def seal_older() -> int:
    """Seal payloads of persons that were kept before payloads were sealed; return how many.

    At most a batch a sweep, in the order of ids; a process goes on where it stopped.
    """
    params = {"kinds": sorted(PERSONAL), "limit": BATCH, "after": cache.get(_SEALED, 0)}
    rows = fetch(_OPEN, params)
    versions = [
        (kind, {"id": id_, "record_id": record, "source": decode(source)})
        for id_, record, kind, source in rows
    ]
    seal_versions(versions)
    # Left as they are where the installation's key is the wrong one.
    sealed = [one for _, one in versions if not isinstance(one["source"], dict)]
    if sealed:
        execute(_SEAL, {"rows": encode(sealed)})
    if rows:
        cache.set(_SEALED, max(id_ for id_, *_ in rows), timeout=None)
    return len(sealed)


_SEALED: Final = "payloads:sealed"
_OPEN: Final = """
    SELECT v.id, v.record_id, r.type, v.source FROM syncjobs_recordversion v
    JOIN syncjobs_canonicalrecord r ON r.id = v.record_id
    WHERE v.id > %(after)s AND r.type = ANY(%(kinds)s::text[])
      AND jsonb_typeof(v.source) = 'object'
    ORDER BY v.id LIMIT %(limit)s FOR UPDATE OF v SKIP LOCKED
"""
_SEAL: Final = """
    UPDATE syncjobs_recordversion AS v SET source = x.source
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(id bigint, source jsonb) WHERE v.id = x.id
"""
_STATEMENTS: Final[Mapping[str, str]] = {
    "payloads": """
        UPDATE syncjobs_recordversion SET source = NULL WHERE id = ANY(ARRAY(
            SELECT id FROM syncjobs_recordversion
            WHERE id > %(after)s AND source IS NOT NULL
              AND at < statement_timestamp() - %(days)s * interval '1 day'
            ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
        RETURNING id
    """,
    "attempts": """
        DELETE FROM syncjobs_attempt WHERE id = ANY(ARRAY(
            SELECT a.id FROM syncjobs_attempt a
            JOIN syncjobs_delivery d ON d.id = a.delivery_id
            WHERE a.started_at < statement_timestamp() - %(days)s * interval '1 day'
              AND d.state = ANY(%(closed_deliveries)s::text[])
            ORDER BY a.id LIMIT %(limit)s))
        RETURNING id
    """,
    "messages": """
        WITH old AS (
            SELECT id FROM syncjobs_inboundevent
            WHERE state = ANY(%(closed_inbound)s::text[])
              AND received_at < statement_timestamp() - %(days)s * interval '1 day'
              AND NOT starts_with(dedupe_key, 'warned:')
            ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        ), told AS (
            UPDATE syncjobs_issueentry SET inbound_id = NULL
            WHERE inbound_id IN (SELECT id FROM old)
        )
        DELETE FROM syncjobs_inboundevent WHERE id IN (SELECT id FROM old) RETURNING id
    """,
    "readings": """
        DELETE FROM syncjobs_run WHERE id = ANY(ARRAY(
            SELECT r.id FROM syncjobs_run r
            WHERE r.stream_id IS NOT NULL AND r.read = 0
              AND r.state = ANY(%(closed_runs)s::text[])
              AND r.ended_at < statement_timestamp() - %(days)s * interval '1 day'
              AND NOT EXISTS (SELECT 1 FROM syncjobs_stream s WHERE s.last_run_id = r.id)
              AND NOT EXISTS (SELECT 1 FROM syncjobs_recordversion v WHERE v.run_id = r.id)
              AND NOT EXISTS (SELECT 1 FROM syncjobs_delivery d WHERE d.run_id = r.id)
            ORDER BY r.id LIMIT %(limit)s))
        RETURNING id
    """,
}
