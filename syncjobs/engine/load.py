"""Leases held, leases that ran out and breakers that are open, over all partners: for health.

One statement for a hundred partners, asked at most every half minute in each process.
"""

from collections.abc import Sequence
from typing import Final

from django.core.cache import cache
from django.db import connection

from syncjobs.state import BREAKER, DELIVERY
from tenants.context import public_scope
from tenants.services.suspension import working_schemas

KEEP_SECONDS: Final = 30
_AT_ONCE: Final = 100


def load() -> dict[str, object]:
    """Return counts over all active partners, at most half a minute old. No names, no content."""
    with public_scope():
        found: dict[str, object] | None = cache.get("engine:load")
        if found is None:
            found = _counted(working_schemas())
            cache.set("engine:load", found, KEEP_SECONDS)
    return found


def _counted(schemas: Sequence[str]) -> dict[str, object]:
    totals = [0, 0, 0]
    for start in range(0, len(schemas), _AT_ONCE):
        for row in _rows(schemas[start : start + _AT_ONCE]):
            totals = [total + int(one) for total, one in zip(totals, row, strict=True)]
    return {"leases": totals[0], "leases_expired": totals[1], "breakers_open": totals[2]}


def _rows(schemas: Sequence[str]) -> list[tuple[int, int, int]]:
    quote = connection.ops.quote_name
    parts = " UNION ALL ".join(_ONE.replace("{schema}", quote(schema)) for schema in schemas)
    with connection.cursor() as cursor:
        cursor.execute(parts, {"running": DELIVERY.target("claim"), "closed": BREAKER.start})
        return list(cursor.fetchall())


_ONE: Final = """
    SELECT (SELECT count(*) FROM {schema}.syncjobs_delivery WHERE state = %(running)s),
        (SELECT count(*) FROM {schema}.syncjobs_delivery
            WHERE state = %(running)s AND lease_until < statement_timestamp()),
        (SELECT count(*) FROM {schema}.syncjobs_connection WHERE breaker <> %(closed)s)
"""
