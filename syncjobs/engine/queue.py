"""Puts delivery rows in, one open row per record, step and target."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from syncjobs.engine.definition import Step
from syncjobs.engine.flows import Flow
from syncjobs.engine.rows import encode, fetch
from syncjobs.neighbours import watch_delivery
from syncjobs.state import DELIVERY

if TYPE_CHECKING:
    from syncjobs.engine.plan import Cause


class NewDelivery(Struct):
    """One row to be. `after`: ids of deliveries that must be closed first (ordered set)."""

    record_id: int
    origin_id: int
    record_version: int
    event_id: int | None
    variables: dict[str, object]
    after: dict[int, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queued:
    """ids: record id → the delivery that will bring it. new, renewed: how many of each. others:
    the runs of the renewed."""

    ids: dict[int, int]
    new: int
    renewed: int
    others: frozenset[int] = frozenset()


def enqueue(
    rows: Sequence[NewDelivery], flow: Flow, step: Step, cause: "Cause", run_id: int
) -> Queued:
    """Insert rows, or give an open one the newer version.

    A row that must come after others starts as waiting for them; the end of each lets it go.
    """
    encoded = [
        {
            "record_id": row.record_id,
            "origin_id": row.origin_id,
            "record_version": row.record_version,
            "event_id": row.event_id,
            "variables": row.variables,
            "after": list(row.after),
            "watch": [watch_delivery(id_) for id_ in row.after],
        }
        for row in rows
    ]
    # Locked in the order that everybody locks deliveries in; the insert alone would not.
    place = _place(flow, step, [row.record_id for row in rows])
    fetch(_LOCK_OPEN, place)
    found = fetch(
        _ENQUEUE,
        {
            **{name: value for name, value in place.items() if name not in ("records", "open")},
            "rows": encode(encoded),
            "version": flow.version_id,
            "client": cause.client_id,
            "run": run_id,
            "object": step.object,
            "mapping": step.mapping,
            "priority": flow.priority,
            "not_before": flow.not_before,
            "correlation": cause.correlation,
            "start": DELIVERY.start,
            "waiting": DELIVERY.target("wait"),
            "from": DELIVERY.sources("supersede"),
            "to": DELIVERY.target("supersede"),
        },
    )
    new = sum(is_new for _, _, _, is_new in found)
    others = frozenset(run for _, _, run, is_new in found if not is_new and run is not None)
    return Queued({record: id_ for id_, record, _, _ in found}, new, len(found) - new, others)


def open_records(flow: Flow, step: Step, record_ids: Sequence[int]) -> set[int]:
    """Return those of the records that the step has an open row of; locks these rows."""
    if not record_ids:
        return set()
    return {record for _, record in fetch(_LOCK_OPEN, _place(flow, step, record_ids))}


def _place(flow: Flow, step: Step, record_ids: Sequence[int]) -> dict[str, object]:
    return {
        "records": list(record_ids),
        "workflow": flow.workflow_id,
        "step": step.name,
        "connection": step.connection_id,
        "open": sorted(DELIVERY.open),
    }


def delivered_versions(step: Step, record_ids: Sequence[int]) -> dict[int, int]:
    """Return record id → the version that this step last wrote there."""
    rows = fetch(
        _DELIVERED,
        {
            "records": list(record_ids),
            "connection": step.connection_id,
            "object": step.object,
            "mapping": step.mapping,
        },
    )
    return {record: int(version) for record, version in rows if version is not None}


_LOCK_OPEN: Final = """
    SELECT id, record_id FROM syncjobs_delivery
    WHERE record_id = ANY(%(records)s::bigint[]) AND workflow_id = %(workflow)s
      AND step = %(step)s AND connection_id = %(connection)s
      AND state = ANY(%(open)s::text[])
    ORDER BY id FOR UPDATE
"""
# An index of some rows is only found where the states stand in the statement.
_ENQUEUE: Final = f"""
    INSERT INTO syncjobs_delivery AS d
        (workflow_id, workflow_version_id, client_id, run_id, event_id, step, record_id,
         origin_id, record_version, connection_id, object, mapping, variables, state, outcome,
         priority, attempts, unfinished_starts, verify, not_before, lease_no, after, watch,
         released_gates, idempotency_key, content_hash, error_class, error_text, correlation,
         created_at, updated_at)
    SELECT %(workflow)s, %(version)s, %(client)s, %(run)s, x.event_id, %(step)s, x.record_id,
        x.origin_id, x.record_version, %(connection)s, %(object)s, %(mapping)s, x.variables,
        CASE WHEN cardinality(x.after) > 0 THEN %(waiting)s ELSE %(start)s END, '',
        %(priority)s, 0, 0, false,
        coalesce(%(not_before)s::timestamptz, statement_timestamp()), 0, x.after, x.watch,
        '{{}}', replace(gen_random_uuid()::text, '-', ''), '', '', '', %(correlation)s,
        statement_timestamp(), statement_timestamp()
    FROM json_to_recordset(%(rows)s::json) AS x(
        record_id bigint, origin_id bigint, record_version int, event_id bigint,
        variables jsonb, after bigint[], watch text[])
    ON CONFLICT (record_id, workflow_id, step, connection_id)
        WHERE state::text = ANY('{{{",".join(sorted(DELIVERY.open))}}}'::text[])
    DO UPDATE SET
        record_version = greatest(d.record_version, EXCLUDED.record_version),
        workflow_version_id = EXCLUDED.workflow_version_id,
        object = EXCLUDED.object,
        mapping = EXCLUDED.mapping,
        variables = EXCLUDED.variables,
        origin_id = EXCLUDED.origin_id,
        after = EXCLUDED.after,
        -- Whoever let a gate go saw the version before, not this one.
        released_gates = CASE WHEN EXCLUDED.record_version > d.record_version
            THEN EXCLUDED.released_gates ELSE d.released_gates END,
        state = CASE WHEN d.state = ANY(%(from)s::text[]) THEN %(to)s ELSE d.state END,
        not_before = CASE WHEN d.state = ANY(%(from)s::text[])
            THEN least(d.not_before, EXCLUDED.not_before) ELSE d.not_before END,
        updated_at = statement_timestamp()
    RETURNING d.id, d.record_id, d.run_id, (d.xmax = 0)
"""  # noqa: S608  our own constants
_DELIVERED: Final = """
    SELECT record_id, (written -> %(mapping)s ->> 'version')::int
    FROM syncjobs_externalref
    WHERE record_id = ANY(%(records)s::bigint[]) AND connection_id = %(connection)s
      AND object = %(object)s
"""
