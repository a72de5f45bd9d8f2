"""Rings for a partner's schema. The truth is in our tables: a lost or doubled ring costs nothing.

`Wakeup` (public) holds one row per partner: when it next has work, and until when a ring that
was already sent counts. A ring is a django-q2 task that only names the schema.
"""

from typing import Final

from django.db import connection, transaction

from governance.state import OPEN as OPEN_REQUESTS
from syncjobs.crashpoints import reach
from syncjobs.engine.rows import execute, fetch
from syncjobs.retry import RECHECK_SECONDS
from syncjobs.state import BLOCKED, CLAIMABLE, CONNECTION, DELIVERY, INBOUND, UNUSABLE, WORKFLOW
from tenants import queue
from tenants.context import current_schema
from tenants.models import Partner
from tenants.outbox import doorbell as mail_doorbell
from tenants.outside_marks import due_outside
from tenants.trail_marks import due_trails

# For how long a ring is taken to be on its way before the sweep rings again.
RING_SECONDS: Final = 30
TASK: Final = "syncjobs.tasks.run"
MAIL_TASK: Final = "syncjobs.tasks.send_mail"
TRAIL_TASK: Final = "syncjobs.tasks.seal_trails"
OUTSIDE_TASK: Final = "syncjobs.tasks.anchor_outside"
# Trails in one task: most have a few entries, and a task each would crowd the queue.
TRAILS: Final = 20


def touch() -> None:
    """Say, in the caller's transaction, that this schema has work now."""
    execute(_TOUCH, {"schema": current_schema()})


def ring() -> None:
    """Say that there is work now and send a task for it, unless one is on its way.

    In the caller's transaction: the queue row is committed with what it announces. While a ring
    is on its way and the work is due, callers only share the row and nobody waits for another;
    `settle`, which may put the work off, waits for them all and then sees what they brought.
    """
    schema = current_schema()
    if connection.in_atomic_block and fetch(RUNG, {"schema": schema}):
        return
    execute(_TOUCH, {"schema": schema})
    with transaction.atomic(savepoint=False):
        if fetch(_RING, {"schema": schema, "seconds": RING_SECONDS}):
            queue.send(TASK, schema, name=f"run {schema}")


def answer() -> None:
    """A worker has come: from now on new work must ring again.

    Until it says otherwise it is expected back within a minute, so its death is noticed.
    """
    execute(_ANSWER, {"schema": current_schema()})
    reach("doorbell.after_clear")


def settle() -> float | None:
    """Set when this schema next has work, from the tables themselves; return in how many seconds
    that is (0 when now), None for never.

    The row is locked first: what others plan meanwhile is either seen here or touches it later.
    """
    with transaction.atomic():
        fetch(_LOCK, {"schema": current_schema()})
        rows = fetch(
            _SETTLE,
            {
                "schema": current_schema(),
                "claimable": sorted(CLAIMABLE),
                "running": DELIVERY.target("claim"),
                "blocked": sorted(BLOCKED),
                "recheck": RECHECK_SECONDS,
                "active": WORKFLOW.start,
                "unusable": sorted(UNUSABLE),
                "received": INBOUND.start,
                "off": CONNECTION.target("disable"),
                "open_requests": sorted(OPEN_REQUESTS),
            },
        )
    if not rows or rows[0][0] is None:
        return None
    return max(0.0, float(rows[0][0]))


def sweep(limit: int = 50) -> list[str]:
    """Ring for every partner whose time has come and for whom no ring is on its way.

    One query over the public table; several sweepers share the rows without doubling.
    """
    with transaction.atomic():
        due = sweep_due(limit)
        for schema in due:
            queue.send(TASK, schema, name=f"run {schema}")
    return due


def sweep_mail(limit: int = 50) -> list[str]:
    """Ring for every schema that has mail to send; as `sweep`, from a table of its own."""
    with transaction.atomic():
        due = mail_doorbell.due_schemas(limit)
        for schema in due:
            queue.send(MAIL_TASK, schema, name=f"mail {schema}")
    return due


def sweep_trails() -> list[str]:
    """Ring for the audit trails that have something to seal or to anchor, several in a task."""
    with transaction.atomic():
        due = due_trails()
        for start in range(0, len(due), TRAILS):
            queue.send(TRAIL_TASK, due[start : start + TRAILS], name="seal trails")
    return due


def sweep_outside() -> list[str]:
    """Ring for the audit trails that have an anchor for a place outside, several in a task."""
    with transaction.atomic():
        due = due_outside()
        for start in range(0, len(due), TRAILS):
            queue.send(OUTSIDE_TASK, due[start : start + TRAILS], name="anchor trails")
    return due


def sweep_due(limit: int = 50) -> list[str]:
    """Return the partners whose time has come, marked as rung for."""
    rows = fetch(
        _DUE, {"seconds": RING_SECONDS, "limit": limit, "active": Partner.Status.ACTIVE.value}
    )
    return [schema for (schema,) in rows]


_TOUCH: Final = """
    INSERT INTO public.tenants_wakeup (schema_name, due_at, lease_no)
    VALUES (%(schema)s, statement_timestamp(), 0)
    ON CONFLICT (schema_name) DO UPDATE
    SET due_at = least(public.tenants_wakeup.due_at, EXCLUDED.due_at)
"""
RUNG: Final = """
    SELECT 1 FROM public.tenants_wakeup
    WHERE schema_name = %(schema)s AND due_at <= statement_timestamp()
      AND lease_until > statement_timestamp()
    FOR KEY SHARE
"""
_RING: Final = """
    UPDATE public.tenants_wakeup
    SET lease_until = statement_timestamp() + %(seconds)s * interval '1 second',
        lease_no = lease_no + 1
    WHERE schema_name = %(schema)s
      AND (lease_until IS NULL OR lease_until < statement_timestamp())
    RETURNING schema_name
"""
_ANSWER: Final = """
    INSERT INTO public.tenants_wakeup (schema_name, due_at, lease_no)
    VALUES (%(schema)s, statement_timestamp() + interval '60 seconds', 0)
    ON CONFLICT (schema_name) DO UPDATE
    SET due_at = EXCLUDED.due_at, lease_until = NULL
"""
_LOCK: Final = "SELECT 1 FROM public.tenants_wakeup WHERE schema_name = %(schema)s FOR UPDATE"
# Each part on its own: the server plans parts of a UNION ALL under one min() several times over,
# which took five times as long. Two moments of a row that wait for the same are one: the later of
# a wait and the first of them. What has an index of its own gives its first row.
_SETTLE: Final = """
    UPDATE public.tenants_wakeup SET due_at = least(
        (SELECT min(greatest(d.not_before, c.breaker_until))
            FROM syncjobs_delivery d
            JOIN syncjobs_connection c ON c.id = d.connection_id
            JOIN syncjobs_workflow w ON w.id = d.workflow_id
            WHERE d.state = ANY(%(claimable)s::text[]) AND w.state = %(active)s
              AND c.state <> ALL(%(unusable)s::text[])),
        (SELECT lease_until FROM syncjobs_delivery WHERE state = %(running)s
            ORDER BY lease_until LIMIT 1),
        (SELECT min(updated_at) + %(recheck)s * interval '1 second' FROM syncjobs_delivery
            WHERE state = ANY(%(blocked)s::text[])),
        (SELECT least(min(next_run_at), min(next_backfill_at)) FROM syncjobs_workflow
            WHERE state = %(active)s),
        (SELECT min(greatest(
                least(s.next_poll_at, s.next_compare_at), c.breaker_until, s.lease_until))
            FROM syncjobs_stream s JOIN syncjobs_connection c ON c.id = s.connection_id
            WHERE s.enabled AND c.state <> ALL(%(unusable)s::text[])),
        (SELECT min(greatest(i.received_at, s.lease_until))
            FROM syncjobs_inboundevent i
            JOIN syncjobs_stream s ON s.id = i.stream_id
            JOIN syncjobs_connection c ON c.id = s.connection_id
            WHERE i.state = %(received)s AND s.enabled AND c.state <> %(off)s),
        (SELECT min(g.impact_due_at) FROM governance_change g
            JOIN governance_changerequest r ON r.id = g.request_id
            WHERE g.impact_due_at IS NOT NULL AND r.status = ANY(%(open_requests)s::text[])),
        (SELECT scheduled_for FROM governance_changerequest WHERE status = 'scheduled'
            ORDER BY scheduled_for LIMIT 1),
        (SELECT review_due_at FROM governance_changerequest
            WHERE emergency AND status = 'applied' AND reviewed_at IS NULL
            ORDER BY review_due_at LIMIT 1),
        (SELECT due_at FROM branding_evidencereport WHERE due_at IS NOT NULL
            ORDER BY due_at LIMIT 1))
    WHERE schema_name = %(schema)s
    RETURNING extract(epoch FROM due_at - statement_timestamp())
"""
_DUE: Final = """
    UPDATE public.tenants_wakeup
    SET lease_until = statement_timestamp() + %(seconds)s * interval '1 second',
        lease_no = lease_no + 1
    WHERE schema_name = ANY(ARRAY(
        SELECT w.schema_name FROM public.tenants_wakeup w
        JOIN public.tenants_partner p ON p.schema_name = w.schema_name AND p.status = %(active)s
        WHERE w.due_at <= statement_timestamp()
          AND (w.lease_until IS NULL OR w.lease_until < statement_timestamp())
        ORDER BY w.due_at LIMIT %(limit)s FOR UPDATE OF w SKIP LOCKED))
    RETURNING schema_name
"""
