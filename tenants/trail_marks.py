"""Says which trails have something to seal. The truth is in each schema; a lost mark costs minutes.

Nothing is written when an entry is: that would cost every business transaction a second commit.
The sequences of all trails are asked instead, in one statement over the catalogue; `TrailMark`
(public) remembers, for each schema, how far its sequence was at the last visit and when to come
again: to look for entries that were committed late, or to anchor.
"""

from collections.abc import Sequence
from typing import Final

from django.db import connection

from tenants.context import current_schema
from tenants.models import Partner

# For how long a ring is taken to be on its way before the sweep rings again.
RING_SECONDS: Final = 20
# How long a trail that could not be sealed is left alone.
PUT_OFF_SECONDS: Final = 60
# When to look again for late commits, visit after visit without new entries.
LOOKS: Final = (6.0, 60.0, 600.0)


def due_trails(limit: int = 100) -> list[str]:
    """Return the schemas whose trails are to be visited now, marked as rung for.

    A schema that is just being made, or is somebody else's, has a trail that may not be asked.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE,
            {
                "seconds": RING_SECONDS,
                "limit": limit,
                "unready": Partner.Status.PROVISIONING.value,
            },
        )
        return [str(row[0]) for row in cursor.fetchall()]


def sequence_here() -> int:
    """Return how far this schema's trail has numbered its entries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(pg_sequence_last_value('governance_auditentry_id_seq'::regclass), 0)"
        )
        return int(cursor.fetchone()[0])


def settle(upto: int, *, is_open: bool, wait: float | None) -> None:
    """Say that this schema was visited when its sequence stood at `upto`.

    is_open: transactions were under way that may still bring entries. wait: in how many
    seconds it is to be anchored, None for not at all.
    """
    looks: Sequence[float] = LOOKS if is_open else LOOKS[-1:] * len(LOOKS)
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLE,
            {"schema": current_schema(), "upto": upto, "wait": wait, "looks": list(looks)},
        )


def put_off(schema: str) -> None:
    """Say that a schema could not be sealed: others go first, and it comes again in a minute."""
    with connection.cursor() as cursor:
        cursor.execute(_PUT_OFF, {"schema": schema, "seconds": PUT_OFF_SECONDS})


_DUE: Final = """
    INSERT INTO public.tenants_trailmark (schema_name, upto, looks, rung_until)
    SELECT found.schema_name, 0, 0, statement_timestamp() + %(seconds)s * interval '1 second'
    FROM (
        SELECT n.nspname AS schema_name, coalesce(CASE
            WHEN has_sequence_privilege(c.oid, 'SELECT') THEN pg_sequence_last_value(c.oid)
        END, 0) AS upto
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = 'governance_auditentry_id_seq' AND c.relkind = 'S'
    ) found
    LEFT JOIN public.tenants_trailmark m ON m.schema_name = found.schema_name
    LEFT JOIN public.tenants_partner p ON p.schema_name = found.schema_name
    WHERE (found.schema_name = 'public' OR p.status <> %(unready)s)
      AND (found.upto <> coalesce(m.upto, 0) OR m.due_at <= statement_timestamp())
      AND (m.rung_until IS NULL OR m.rung_until < statement_timestamp())
    ORDER BY m.visited_at NULLS FIRST LIMIT %(limit)s
    ON CONFLICT (schema_name) DO UPDATE SET rung_until = EXCLUDED.rung_until
    RETURNING schema_name
"""
_SETTLE: Final = """
    INSERT INTO public.tenants_trailmark AS m (schema_name, upto, looks, visited_at, due_at)
    VALUES (%(schema)s, %(upto)s, 1, statement_timestamp(), statement_timestamp()
        + least((%(looks)s::float8[])[1], %(wait)s::float8) * interval '1 second')
    ON CONFLICT (schema_name) DO UPDATE SET
        upto = EXCLUDED.upto,
        looks = CASE WHEN EXCLUDED.upto <> m.upto THEN 1 ELSE least(m.looks + 1, 3) END,
        visited_at = EXCLUDED.visited_at,
        rung_until = NULL,
        due_at = statement_timestamp() + least(%(wait)s::float8, (%(looks)s::float8[])[
            CASE WHEN EXCLUDED.upto <> m.upto THEN 1 ELSE least(m.looks + 1, 3) END
        ]) * interval '1 second'
"""
# `upto` stays: there is still something to seal.
_PUT_OFF: Final = """
    INSERT INTO public.tenants_trailmark (schema_name, upto, looks, visited_at, rung_until)
    VALUES (%(schema)s, 0, 0, statement_timestamp(),
        statement_timestamp() + %(seconds)s * interval '1 second')
    ON CONFLICT (schema_name) DO UPDATE
    SET visited_at = EXCLUDED.visited_at, rung_until = EXCLUDED.rung_until
"""
