"""Deletes what has been kept long enough, in small batches, behind the work of the hour.

What stays for good: records and their versions, deliveries and their outcomes, the audit trail.
What goes, each kind by its own setting in days: the payloads that sources sent, attempts with
what was sent and answered, webhooks that were worked off or sent, quiet readings. Nothing that
is still open goes, however old it is.
"""

from collections.abc import Callable, Mapping
from typing import Final

from django.db import transaction

from syncjobs.engine.passes import Pass
from syncjobs.engine.rows import fetch
from syncjobs.engine.sealing import seal_older
from syncjobs.services.retention_changes import keep_days
from syncjobs.state import DELIVERY, INBOUND, RUN

BATCH: Final = 2_000
_MOST_BATCHES: Final = 5


def sweep(keep: Mapping[str, int] | None = None) -> dict[str, int]:
    """Delete up to a few batches of each kind; return how many rows of each.

    `keep`: kind → days; by default what holds for this partner. 0 keeps a kind for good.
    """
    keep = keep_days() if keep is None else keep
    seal_older()
    swept = {kind: _sweep_kind(kind, keep[kind]) for kind in _STATEMENTS if keep.get(kind)}
    if keep.get("messages"):
        swept["messages"] += _delete_all(_SENT, keep["messages"])
    return swept


def _sweep_kind(kind: str, days: int) -> int:
    if kind != "payloads":
        return _delete_all(_STATEMENTS[kind], days)
    return _in_batches(lambda: forget_payloads(days))


def _delete_all(statement: str, days: int) -> int:
    return _in_batches(lambda: _delete(statement, days))


def _in_batches(treat: Callable[[], int]) -> int:
    total = 0
    for _ in range(_MOST_BATCHES):
        count = treat()
        total += count
        if count < BATCH:
            break
    return total


@transaction.atomic
def _delete(statement: str, days: int) -> int:
    params = {
        "days": days,
        "limit": BATCH,
        "closed_deliveries": sorted(DELIVERY.closed),
        "closed_inbound": sorted(INBOUND.closed),
        "closed_runs": sorted(RUN.closed),
    }
    return len(fetch(statement, params))


@transaction.atomic
def forget_payloads(days: int) -> int:
    """Empty the source payload of old versions; return how many.

    Versions are old in the order of their ids, so each sweep goes on where the last one of
    this process stopped.
    """
    under_way = Pass.of("retention:versions")
    params = {"days": days, "limit": BATCH, "after": under_way.after}
    rows = fetch(_STATEMENTS["payloads"], params)
    under_way.note([id_ for (id_,) in rows], BATCH)
    return len(rows)


# Webhooks go both ways, and are kept equally long.
_SENT: Final = """
    DELETE FROM syncjobs_message WHERE id = ANY(ARRAY(
        SELECT id FROM syncjobs_message
        WHERE due_at IS NULL AND created_at < statement_timestamp() - %(days)s * interval '1 day'
        ORDER BY id LIMIT %(limit)s))
    RETURNING id
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
