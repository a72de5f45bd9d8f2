"""How much runs at once: places for calls, shared by all workers on all machines.

A place is an advisory lock that a worker's database session holds while it sends: counted by
the database, gone with a worker that dies, and without a row or an index of its own. Each call
in flight needs one of its connection, one of its client and one of its partner.

A worker that hangs keeps its session and with it its places, but not its leases: where no place
is free and nobody else has a live lease, the bound is passed over, so that work goes on.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from django.conf import settings
from django.db import connection as database

from syncjobs.engine.rows import fetch
from syncjobs.models import Connection
from syncjobs.state import DELIVERY
from tenants.context import current_schema

# The advisory lock's first half: which of our locks this is.
_SPACE: Final = 7_202
# How long a worker leaves a system alone for which no place was free.
FULL_SECONDS: Final = 1.0


@contextmanager
def places(system: Connection, wanted: int, mine: Sequence[int] = ()) -> Iterator[int]:
    """Hold up to `wanted` places for calls to a system; yield how many, 0 when all are taken.

    `mine`: the deliveries that the caller has claimed and is about to send.
    """
    held: list[str] = []
    try:
        got, bounds = max(0, wanted), _bounds(system)
        while bounds and got:
            taken = _take(bounds, got)
            held += [place for found in taken for place in found]
            for found in taken:
                bound = bounds.pop(0)
                if found or _is_alive(bound, mine):
                    got = len(found)
        # A tighter bound further out leaves places of the inner ones unused: others may have them.
        held = _release_surplus(held, got)
        yield got
    finally:
        _release(held)


@contextmanager
def background_place() -> Iterator[bool]:
    """Hold the place for a long piece of background work; yield whether there was one.

    One for each partner, and over all partners one less than there are workers here, so that
    live work finds a worker.
    """
    with _spare_worker("background") as free:
        yield free


@contextmanager
def patient_place() -> Iterator[bool]:
    """Hold the place for calls that may well end in a time-out: bounded as background work is,
    and apart from it."""
    with _spare_worker("patience") as free:
        yield free


@contextmanager
def _spare_worker(name: str) -> Iterator[bool]:
    held: list[str] = []
    workers: Any = settings.Q_CLUSTER["workers"]
    most = max(1, int(workers) - 1)
    try:
        own = _Bound(f"{current_schema()}/{name}", 1)
        held += chain.from_iterable(_take([own, _Bound(name, most)], 1))
        yield len(held) > 1
    finally:
        _release(held)


@dataclass(frozen=True, slots=True)
class _Bound:
    """One bound: its name, how many places it has, and whose deliveries count (None: all)."""

    name: str
    most: int
    connection_id: int | None = None
    client_id: int | None = None


def _bounds(system: Connection) -> list[_Bound]:
    schema, at_once = current_schema(), settings.MOST_AT_ONCE
    own, client = system.pk, system.client_id
    return [
        _Bound(f"{schema}/connection/{own}", max(1, system.in_flight), connection_id=own),
        _Bound(f"{schema}/client/{client}", max(1, at_once["client"]), client_id=client),
        _Bound(f"{schema}/partner", max(1, at_once["partner"])),
    ]


def _is_alive(bound: _Bound, mine: Sequence[int]) -> bool:
    """Say whether any worker but this has a live lease within the bound."""
    params = {
        "running": DELIVERY.target("claim"),
        "mine": list(mine),
        "connection": bound.connection_id,
        "client": bound.client_id,
    }
    return bool(fetch(_ALIVE, params))


def _take(bounds: Sequence[_Bound], wanted: int) -> list[list[str]]:
    """Take up to `wanted` places of the first bound, and of each further one as many as of the
    one before. Return those of each, up to the first of which there is none.
    """
    params = {
        "space": _SPACE,
        "names": [one.name for one in bounds],
        "most": [one.most for one in bounds],
        "wanted": wanted,
    }
    rows = fetch(_TAKE, params)
    taken: list[list[str]] = [[]]
    for place, number in rows:
        if place > len(taken):
            taken.append([])
        taken[-1].append(f"{bounds[place - 1].name}/{number}")
    # Where the last has some, there is none left to be asked.
    return taken if len(taken) == len(bounds) or not taken[-1] else [*taken, []]


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
    WITH RECURSIVE tried(bound, number, got, taken, wanted) AS (
        SELECT 1, 0, false, 0, %(wanted)s::int
        UNION ALL
        SELECT n.bound, n.number, l.got, n.taken + l.got::int, n.wanted
        FROM tried t
        CROSS JOIN LATERAL (SELECT t.taken < t.wanted
            AND t.number < (%(most)s::int[])[t.bound] AS stays) s
        CROSS JOIN LATERAL (
            SELECT t.bound, t.number + 1, t.taken, t.wanted WHERE s.stays
            UNION ALL
            SELECT t.bound + 1, 1, 0, t.taken
            WHERE NOT s.stays AND t.taken > 0 AND t.bound < cardinality(%(most)s::int[])
        ) n(bound, number, taken, wanted)
        CROSS JOIN LATERAL (
            SELECT pg_try_advisory_lock(%(space)s,
                hashtext((%(names)s::text[])[n.bound] || '/' || n.number)) AS got OFFSET 0) l)
    SELECT bound, number FROM tried WHERE got
"""
_ALIVE: Final = """
    SELECT 1 FROM syncjobs_delivery
    WHERE state = %(running)s AND lease_until > statement_timestamp()
      AND id <> ALL(%(mine)s::bigint[])
      AND (%(connection)s::bigint IS NULL OR connection_id = %(connection)s::bigint)
      AND (%(client)s::bigint IS NULL OR client_id = %(client)s::bigint)
    LIMIT 1
"""
_RELEASE: Final = """
    SELECT pg_advisory_unlock(%(space)s, hashtext(x.name)) FROM unnest(%(names)s::text[]) AS x(name)
"""
