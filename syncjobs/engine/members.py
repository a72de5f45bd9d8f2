"""Which records were last derived of a cause's list, and what becomes of those that are gone.

A member goes when its list has it no more, or when its cause is deleted, unless another cause or
workflow makes it as well; it comes back with its cause.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syncjobs.canonical_store import Incoming, Origin, Stored, lock, store
from syncjobs.engine.flows import Flow, active_flows
from syncjobs.engine.live import LiveMappings
from syncjobs.engine.rows import decode, encode, execute, fetch
from syncjobs.neighbours import watch_record


@dataclass(frozen=True, slots=True)
class Making:
    """A workflow's derivation through a mapping. Another workflow may derive other records
    through the same one, since planning gives it other variables."""

    client_id: int
    workflow_id: int
    slug: str

    @property
    def name(self) -> str:
        """Return under what a cause notes its members."""
        return _name(self.slug, self.workflow_id)


def replace_members(
    making: Making, type_: str, made: Mapping[int, Sequence[str]]
) -> list[Incoming]:
    """Note what is made of each cause, and return the deletions of what was made of it before.

    made: cause id → keys of its records. Call in the transaction that stores them: the causes stay
    locked, so that of two plans at once the second sees what the first has made. Lock the records
    that are to be deleted, then ask `without_kept`.
    """
    if not made:
        return []
    params = {"ids": [*made], "name": making.name}
    before = {id_: decode(keys) for id_, keys in fetch(_MADE, params)}
    there = {key for keys in made.values() for key in keys}
    rows = [
        {"id": id_, "keys": list(keys)}
        for id_, keys in made.items()
        if list(keys) != (before.get(id_) or [])
    ]
    if rows:
        execute(_NOTE, {"rows": encode(rows), "name": making.name})
    gone = {key for keys in before.values() for key in keys or () if key not in there}
    return [Incoming(type_, key, {}, deleted=True) for key in sorted(gone)]


def without_kept(making: Making, gone: Sequence[Incoming], types: Iterable[str]) -> list[Incoming]:
    """Leave out what another cause, or another workflow, still makes through the same mapping.

    types: of the causes. Call when the records are locked: so of two causes that give one up at
    once the second knows that the first has.
    """
    params = {
        "client": making.client_id,
        "types": sorted(set(types)),
        "names": sorted({making.name, *_names(making)}),
        "keys": [one.key for one in gone],
    }
    kept = {key for (key,) in fetch(_KEPT, params)}
    return [one for one in gone if one.key not in kept]


def follow_causes(stored: Sequence[Stored], origin: Origin) -> list[str]:
    """Delete the members of the causes that were deleted, and bring back those of the causes that
    are there again; return the watch keys of what changed. Call it where `stored` was stored.
    """
    turned = {one.id: one for one in stored if "deleted" in one.changed}
    rows = fetch(_ALL_MADE, {"ids": [*turned]}) if turned else []
    if not rows:
        return []
    gone: dict[Making, dict[str, Incoming]] = {}
    back: list[Incoming] = []
    for id_, made in rows:
        is_gone = turned[id_].incoming.deleted
        for making, type_, keys in _makings(origin.client_id, decode(made)):
            members = {key: Incoming(type_, key, {}, deleted=is_gone) for key in keys}
            if is_gone:
                gone.setdefault(making, {}).update(members)
            else:
                back += members.values()
    every = [*back, *(one for members in gone.values() for one in members.values())]
    locked = lock(origin.client_id, every)
    types = {one.incoming.type for one in turned.values()}
    for making, members in gone.items():
        back += without_kept(making, [*members.values()], types)
    there = [one for one in back if (one.type, one.key) in locked]
    derived = store(there, Origin(origin.client_id, None, None, origin.correlation), locked)
    return [watch_record(one.incoming.type, one.incoming.key) for one in derived if one.is_changed]


def _makings(
    client_id: int, made: Mapping[str, Sequence[str]]
) -> Iterator[tuple[Making, str, Sequence[str]]]:
    """Give what a cause notes of its members: whose they are, their type and their keys."""
    mappings = LiveMappings(client_id)
    for name, keys in made.items():
        slug, _, workflow_id = name.rpartition("/")
        live = mappings.get(slug)
        if live is not None:
            yield Making(client_id, int(workflow_id), slug), live.makes, keys


def _names(making: Making) -> list[str]:
    """Return the names of all workflows that derive through the mapping now."""
    flows = [flow for flow in active_flows(making.client_id) if _derives(flow, making.slug)]
    return [_name(making.slug, flow.workflow_id) for flow in flows]


def _derives(flow: Flow, slug: str) -> bool:
    steps = flow.definition.steps
    return any(step.derive is not None and step.derive.mapping == slug for step in steps)


def _name(slug: str, workflow_id: int) -> str:
    return f"{slug}/{workflow_id}"


_MADE: Final = """
    SELECT id, made -> %(name)s FROM syncjobs_canonicalrecord
    WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR UPDATE
"""
_ALL_MADE: Final = """
    SELECT id, made FROM syncjobs_canonicalrecord
    WHERE id = ANY(%(ids)s::bigint[]) AND made <> '{}' ORDER BY id
"""
_NOTE: Final = """
    UPDATE syncjobs_canonicalrecord AS r
    SET made = r.made || jsonb_build_object(%(name)s::text, x.keys)
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(id bigint, keys jsonb)
    WHERE r.id = x.id
"""
# Reads the client's records of the causes' types: only where a list has lost a member.
_KEPT: Final = """
    SELECT DISTINCT k.key FROM syncjobs_canonicalrecord r
    CROSS JOIN LATERAL jsonb_each(r.made) AS m(name, keys)
    CROSS JOIN LATERAL jsonb_array_elements_text(m.keys) AS k(key)
    WHERE r.client_id = %(client)s AND r.type = ANY(%(types)s::text[]) AND NOT r.deleted
      AND r.made ?| %(names)s::text[] AND m.name = ANY(%(names)s::text[])
      AND k.key = ANY(%(keys)s::text[])
"""
