"""Which records were last derived of a cause's list, and what becomes of those that are gone."""

from collections.abc import Mapping, Sequence
from typing import Final

from syncjobs.canonical_store import Incoming
from syncjobs.engine.rows import decode, encode, execute, fetch


def replace_members(slug: str, type_: str, made: Mapping[int, Sequence[str]]) -> list[Incoming]:
    """Note what a mapping makes of each cause, and return the deletions of what it made before.

    made: cause id → keys of its records. Call in the transaction that stores them: the causes stay
    locked, so that of two plans at once the second sees what the first has made.
    """
    if not made:
        return []
    before = {id_: decode(keys) for id_, keys in fetch(_MADE, {"ids": [*made], "slug": slug})}
    there = {key for keys in made.values() for key in keys}
    rows = [
        {"id": id_, "keys": list(keys)}
        for id_, keys in made.items()
        if list(keys) != (before.get(id_) or [])
    ]
    if rows:
        execute(_NOTE, {"rows": encode(rows), "slug": slug})
    gone = {key for keys in before.values() for key in keys or () if key not in there}
    return [Incoming(type_, key, {}, deleted=True) for key in sorted(gone)]


_MADE: Final = """
    SELECT id, made -> %(slug)s FROM syncjobs_canonicalrecord
    WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR UPDATE
"""
_NOTE: Final = """
    UPDATE syncjobs_canonicalrecord AS r
    SET made = r.made || jsonb_build_object(%(slug)s::text, x.keys)
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(id bigint, keys jsonb)
    WHERE r.id = x.id
"""
