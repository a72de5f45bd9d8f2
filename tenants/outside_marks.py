"""Says which trails have an anchor to bring outside, and how each place stands for each trail.

Beside `tenants.trail_marks`, in the same public row: a lost row costs one more anchor.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db import connection

from tenants.context import current_schema, public_scope
from tenants.models import Partner, TrailMark

RING_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """How one place stands for one trail. Moments in seconds since 1970, 0 for never.

    seal_hash: of the last seal that it took. failing: since when it takes none. tries: how often
    since then. next: when it is tried again. said: what it said, fit to show.
    """

    seal_hash: str = ""
    at: float = 0.0
    failing: float = 0.0
    tries: int = 0
    next: float = 0.0
    said: str = ""


@dataclass(frozen=True, slots=True)
class OutsideMark:
    """How all places stand for one trail. calls: what `settle_outside` has to name."""

    places: Mapping[str, Standing]
    calls: int = 0


def call_outside(wait: float) -> None:
    """Say that the schema that is entered has an anchor to bring outside in `wait` seconds."""
    _run(_CALL, {"schema": current_schema(), "wait": wait})


def due_outside(limit: int = 100) -> list[str]:
    """Return the schemas with an anchor to bring outside, marked as rung for."""
    unready = Partner.Status.PROVISIONING.value
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"seconds": RING_SECONDS, "limit": limit, "unready": unready})
        return [str(row[0]) for row in cursor.fetchall()]


def outside_here() -> OutsideMark:
    """Return how the places stand for the schema that is entered."""
    schema = current_schema()
    with public_scope():
        mark = TrailMark.objects.filter(pk=schema).first()
    return OutsideMark({}) if mark is None else _read(mark)


def settle_outside(mark: OutsideMark, places: Mapping[str, Standing], wait: float | None) -> None:
    """Write how the places stand, and in how many seconds one is due; None for not at all.

    Whoever called since the mark was read is answered soon.
    """
    told = {name: asdict(one) for name, one in places.items()}
    params: dict[str, str | int | float | None] = {
        "schema": current_schema(),
        "places": json.dumps(told),
        "calls": mark.calls,
        "wait": wait,
    }
    _run(_SETTLE, params)


def failing_outside() -> list[tuple[str, str, Standing]]:
    """Return the places that take nothing now: (schema, name, how it stands)."""
    with public_scope():
        marks = list(TrailMark.objects.exclude(outside={}).order_by("schema_name"))
    return [
        (mark.schema_name, name, one)
        for mark in marks
        for name, one in _read(mark).places.items()
        if one.failing
    ]


def _read(mark: TrailMark) -> OutsideMark:
    rows: dict[str, dict[str, Any]] = mark.outside
    return OutsideMark({name: Standing(**row) for name, row in rows.items()}, mark.outside_calls)


def _run(sql: str, params: Mapping[str, str | int | float | None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, dict(params))


_CALL: Final = """
    INSERT INTO public.tenants_trailmark AS m
        (schema_name, upto, looks, outside_due_at, outside_calls)
    VALUES (%(schema)s, 0, 0,
        statement_timestamp() + %(wait)s::float8 * interval '1 second', 1)
    ON CONFLICT (schema_name) DO UPDATE SET
        outside_due_at = least(m.outside_due_at, EXCLUDED.outside_due_at),
        outside_calls = m.outside_calls + 1
"""
_DUE: Final = """
    UPDATE public.tenants_trailmark
    SET outside_rung_until = statement_timestamp() + %(seconds)s * interval '1 second'
    WHERE schema_name = ANY(ARRAY(
        SELECT m.schema_name FROM public.tenants_trailmark m
        LEFT JOIN public.tenants_partner p ON p.schema_name = m.schema_name
        WHERE m.outside_due_at <= statement_timestamp()
          AND (m.schema_name = 'public' OR p.status <> %(unready)s)
          AND (m.outside_rung_until IS NULL OR m.outside_rung_until < statement_timestamp())
        ORDER BY m.outside_due_at LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED))
    RETURNING schema_name
"""
_SETTLE: Final = """
    UPDATE public.tenants_trailmark SET
        outside = %(places)s::jsonb,
        outside_rung_until = NULL,
        outside_due_at = CASE
            WHEN outside_calls <> %(calls)s THEN statement_timestamp() + interval '30 seconds'
            ELSE statement_timestamp() + %(wait)s::float8 * interval '1 second' END
    WHERE schema_name = %(schema)s
"""
