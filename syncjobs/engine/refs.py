"""Writes where records exist in targets, and keeps two records from claiming one place."""

from collections.abc import Sequence
from typing import Final

from syncjobs.engine.issues import Cause
from syncjobs.engine.jobs import Outcome
from syncjobs.engine.rows import encode, execute, fetch


def write(outcomes: Sequence[Outcome]) -> None:
    """Insert or renew the references of records that were written or found."""
    rows = [
        {
            "record_id": one.job.record.id,
            "connection_id": one.job.delivery.connection_id,
            "object": one.job.delivery.object,
            "external_id": one.sent.external_id,
            "version": one.sent.version[:120],
            "written": {
                one.job.delivery.mapping: {
                    "hash": one.job.content_hash if one.content_known else "",
                    "version": one.job.record.version,
                }
            },
        }
        for one in outcomes
        if one.sent is not None
    ]
    if rows:
        execute(_WRITE, {"rows": encode(rows)})


def keep_apart(outcomes: Sequence[Outcome]) -> None:
    """Turn an outcome into a failure when its place in the target belongs to another record."""
    sent = [one for one in outcomes if one.sent is not None]
    taken = _owners(sent)
    for one in sent:
        assert one.sent is not None
        delivery = one.job.delivery
        place = (delivery.connection_id, delivery.object, one.sent.external_id)
        if one.job.record.id not in taken.setdefault(place, {one.job.record.id}):
            _refuse(one)


def _owners(sent: Sequence[Outcome]) -> dict[tuple[int, str, str], set[int]]:
    """Return whose each place is: of several where one record of the system became several."""
    if not sent:
        return {}
    rows = fetch(
        _OWNERS,
        {
            "connections": [one.job.delivery.connection_id for one in sent],
            "objects": [one.job.delivery.object for one in sent],
            "ids": [one.sent.external_id for one in sent if one.sent is not None],
        },
    )
    owners: dict[tuple[int, str, str], set[int]] = {}
    for connection, object_, id_, record in rows:
        owners.setdefault((connection, object_, id_), set()).add(record)
    return owners


def _refuse(outcome: Outcome) -> None:
    job = outcome.job
    assert outcome.sent is not None
    delivery = job.delivery
    outcome.move, outcome.error_class = "fail", "conflict"
    outcome.text = (
        f"{delivery.connection.name} has linked {outcome.sent.external_id} to another "
        f"{job.record.type} already."
    )
    outcome.cause = Cause(
        kind="duplicate_record",
        client_id=delivery.client_id,
        same=(delivery.connection_id, delivery.object, outcome.sent.external_id),
        detail={
            "connection": delivery.connection.name,
            "object": delivery.object,
            "key": job.record.key,
            "record_type": job.record.type,
        },
        connection_id=delivery.connection_id,
        workflow_id=delivery.workflow_id,
    )
    outcome.sent = None


_OWNERS: Final = """
    SELECT e.connection_id, e.object, e.external_id, e.record_id
    FROM unnest(%(connections)s::bigint[], %(objects)s::text[], %(ids)s::text[])
        AS x(connection_id, object, external_id)
    CROSS JOIN LATERAL (
        SELECT * FROM syncjobs_externalref f
        WHERE f.connection_id = x.connection_id AND f.object = x.object
          AND f.external_id = x.external_id OFFSET 0) e
"""
_WRITE: Final = """
    INSERT INTO syncjobs_externalref AS e
        (record_id, connection_id, object, external_id, version, seen_hash, seen_version,
         written, written_at, created_at)
    SELECT x.record_id, x.connection_id, x.object, x.external_id, x.version, '', '',
        x.written, statement_timestamp(), statement_timestamp()
    FROM json_to_recordset(%(rows)s::json) AS x(
        record_id bigint, connection_id bigint, object text, external_id text, version text,
        written jsonb)
    ON CONFLICT (record_id, connection_id, object) DO UPDATE
    SET external_id = EXCLUDED.external_id, version = EXCLUDED.version,
        written = e.written || EXCLUDED.written, written_at = EXCLUDED.written_at
"""
