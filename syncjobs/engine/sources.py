"""What the ids of a source stand for: the canonical records that its records became.

A reference names a record by its id in the source. Where that record became several, it means the
one that is there; of more than one nobody guesses: the reference then has to give the number of
the one that is meant, which is its canonical key.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from syncjobs.engine.rows import fetch, unzip

Named = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sources:
    """What references point to, each (type, id in the source).

    keys: → canonical key. unclear: → the keys of the several that it may mean.
    """

    keys: Mapping[Named, str] = field(default_factory=dict)
    unclear: Mapping[Named, tuple[str, ...]] = field(default_factory=dict)


NONE: Final = Sources()


def find_sources(client_id: int, connection_id: int, wanted: Collection[Named]) -> Sources:
    """Return what a client's connection calls by these ids; what is not known is left out."""
    if not wanted:
        return NONE
    ids = sorted({id_ for _, id_ in wanted})
    keys: dict[Named, str] = {}
    parts: dict[Named, list[tuple[str, bool]]] = {}
    for type_, id_, part, key, deleted in fetch(_BY_ID, {"connection": connection_id, "ids": ids}):
        if (type_, id_) not in wanted:
            continue
        if part:
            parts.setdefault((type_, id_), []).append((key, deleted))
        else:
            keys[type_, id_] = key
    unclear: dict[Named, tuple[str, ...]] = {}
    for name, members in parts.items():
        # Those that are gone count only where there is no other.
        there = sorted(key for key, deleted in members if not deleted)
        found = there or [key for key, _ in members]
        if len(found) == 1:
            keys.setdefault(name, found[0])
        elif there and name not in keys:
            unclear[name] = tuple(there)
    rest = [name for name in wanted if name not in keys and name not in unclear]
    keys.update(_by_number(client_id, connection_id, rest))
    return Sources(keys, unclear)


def _by_number(client_id: int, connection_id: int, wanted: Iterable[Named]) -> dict[Named, str]:
    """Return those that are the numbers of one of several."""
    types, names = unzip(sorted(wanted))
    if not types:
        return {}
    params = {"client": client_id, "connection": connection_id, "types": types, "keys": names}
    return {(type_, key): key for type_, key in fetch(_BY_NUMBER, params)}


_BY_ID: Final = """
    SELECT r.type, e.external_id, e.part, r.key, r.deleted FROM syncjobs_externalref e
    JOIN syncjobs_canonicalrecord r ON r.id = e.record_id
    WHERE e.connection_id = %(connection)s AND e.external_id = ANY(%(ids)s::text[])
    ORDER BY e.id
"""
# From each key to its record, whatever the statistics say (as in `canonical_store`).
_BY_NUMBER: Final = """
    SELECT r.type, r.key FROM unnest(%(types)s::text[], %(keys)s::text[]) AS x(type, key)
    CROSS JOIN LATERAL (
        SELECT c.id, c.type, c.key FROM syncjobs_canonicalrecord c
        WHERE c.client_id = %(client)s AND c.key = x.key AND c.type || '' = x.type
        OFFSET 0) r
    WHERE EXISTS (SELECT 1 FROM syncjobs_externalref e
                  WHERE e.record_id = r.id AND e.connection_id = %(connection)s AND e.part <> '')
"""
