"""How much runs at once: places for calls, shared by all workers on all machines.

A place is an advisory lock that a worker's database session holds while it sends: counted by
the database, gone with a worker that dies, and without a row or an index of its own. Each call
in flight needs one of its connection, one of its client and one of its partner.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.db import connection as database

from syncjobs.engine.rows import fetch
from syncjobs.models import Connection
from tenants.context import current_schema

# The advisory lock's first half: which of our locks this is.
_SPACE: Final = 7_202
# How long a worker leaves a system alone for which no place was free.
FULL_SECONDS: Final = 1.0


@contextmanager
def places(system: Connection, wanted: int) -> Iterator[int]:
    """Hold up to `wanted` places for calls to a system; yield how many, 0 when all are taken."""
    held: list[str] = []
    try:
        got = max(0, wanted)
        for name, most in _bounds(system):
            found = _take(name, most, got)
            held += found
            got = len(found)
        # A tighter bound further out leaves places of the inner ones unused: others may have them.
        held = _release_surplus(held, got)
        yield got
    finally:
        _release(held)


def _bounds(system: Connection) -> list[tuple[str, int]]:
    schema = current_schema()
    return [
        (f"{schema}/connection/{system.pk}", max(1, system.in_flight)),
        (f"{schema}/client/{system.client_id}", settings.MOST_AT_ONCE["client"]),
        (f"{schema}/partner", settings.MOST_AT_ONCE["partner"]),
    ]


def _take(name: str, most: int, wanted: int) -> list[str]:
    """Take up to `wanted` of `most` places; return them."""
    if wanted <= 0:
        return []
    rows = fetch(_TAKE, {"space": _SPACE, "name": name, "most": most, "wanted": wanted})
    return [f"{name}/{number}" for (number,) in rows]


def _release_surplus(held: list[str], got: int) -> list[str]:
    kept: list[str] = []
    seen: dict[str, int] = {}
    surplus: list[str] = []
    for place in held:
        name = place.rpartition("/")[0]
        seen[name] = seen.get(name, 0) + 1
        (kept if seen[name] <= got else surplus).append(place)
    _release(surplus)
    return kept


def _release(held: list[str]) -> None:
    # After an error of the database in a transaction of the caller's, nothing can be asked of
    # this session any more; it ends, and its places with it.
    if held and not database.needs_rollback:
        fetch(_RELEASE, {"space": _SPACE, "names": held})


# One after the other until there are enough: a place that is not wanted is never locked.
_TAKE: Final = """
    WITH RECURSIVE tried(number, got, taken) AS (
        SELECT 0, false, 0
        UNION ALL
        SELECT t.number + 1, l.got, t.taken + l.got::int
        FROM tried t CROSS JOIN LATERAL (
            SELECT pg_try_advisory_lock(%(space)s, hashtext(%(name)s || '/' || (t.number + 1)))
                AS got OFFSET 0) l
        WHERE t.number < %(most)s AND t.taken < %(wanted)s)
    SELECT number FROM tried WHERE got
"""
_RELEASE: Final = """
    SELECT pg_advisory_unlock(%(space)s, hashtext(x.name)) FROM unnest(%(names)s::text[]) AS x(name)
"""
