"""Loads what a batch's paths lead to: a few queries a batch, however many records it has."""

from collections.abc import Callable, Iterable
from typing import Final

from mappings.canonical import reference_of
from syncjobs import canonical_store
from syncjobs.engine.rows import fetch
from syncjobs.neighbours import Known, Neighbourhood, walk

_DEEPEST: Final = 6


def neighbourhood(client_id: int, records: Iterable[Known]) -> Neighbourhood:
    """Return a neighbourhood that knows these records."""
    world = Neighbourhood(reference_of=reference_of)
    world.add(records)
    return world


def load(world: Neighbourhood, client_id: int) -> bool:
    """Load what was wanted and not known; say whether there was anything."""
    records, refs = world.wanted, world.wanted_refs
    world.wanted, world.wanted_refs = set(), set()
    if records:
        world.records.update(dict.fromkeys(records))
        world.add(canonical_store.find(client_id, records))
    if refs:
        world.refs.update(dict.fromkeys(refs))
        world.refs.update(external_ids(client_id, refs))
    return bool(records or refs)


def load_by(world: Neighbourhood, client_id: int, look: Callable[[], object]) -> None:
    """Repeat `look` until it wants nothing that is not loaded."""
    for _ in range(_DEEPEST):
        look()
        if not load(world, client_id):
            return


def load_paths(
    world: Neighbourhood, client_id: int, starts: Iterable[tuple[Known, Iterable[str]]]
) -> None:
    """Load every record that lies on these paths."""
    pairs = [(start, list(paths)) for start, paths in starts]

    def look() -> None:
        for start, paths in pairs:
            for path in paths:
                walk(start, path, world)

    load_by(world, client_id, look)


def external_ids(
    client_id: int, wanted: Iterable[tuple[int, str, str]]
) -> dict[tuple[int, str, str], str]:
    """Return the ids of records in systems: (connection, type, key) → external id.

    A record that exists under several objects of one system answers with the first of them.
    """
    triples = list(wanted)
    rows = fetch(
        _EXTERNAL,
        {
            "client": client_id,
            "connections": [one[0] for one in triples],
            "types": [one[1] for one in triples],
            "keys": [one[2] for one in triples],
        },
    )
    found: dict[tuple[int, str, str], str] = {}
    for connection_id, type_, key, external_id in rows:
        found.setdefault((connection_id, type_, key), external_id)
    return found


_EXTERNAL: Final = """
    SELECT w.connection_id, w.type, w.key, e.external_id
    FROM unnest(%(connections)s::bigint[], %(types)s::text[], %(keys)s::text[])
        AS w(connection_id, type, key)
    JOIN syncjobs_canonicalrecord r
        ON r.client_id = %(client)s AND r.type = w.type AND r.key = w.key
    JOIN syncjobs_externalref e ON e.record_id = r.id AND e.connection_id = w.connection_id
    ORDER BY e.id
"""
