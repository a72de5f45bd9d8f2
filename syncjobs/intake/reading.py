"""Turns a page of source records into canonical fields, or into problems. No writes here."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mappings.documents import Problem
from mappings.ownership import Owners
from mappings.services.ownership import owners_of
from syncjobs.canonical_store import Incoming
from syncjobs.connectors import registry
from syncjobs.connectors.base import SourceRecord
from syncjobs.engine.kept import kept, mark_of
from syncjobs.engine.live import Live, map_in, own_fields, wanted_sources
from syncjobs.engine.rows import fetch
from syncjobs.engine.sources import Sources, find_sources
from syncjobs.models import Connection, Stream

DUPLICATE: Final = "duplicate"
UNKEPT: Final = "unkeepable"
# Of more records than this from one, only the first keeps what the source sent.
_COPIES: Final = 50


@dataclass(frozen=True, slots=True)
class Refused:
    """A source record that no canonical record could be made of, with why."""

    source: SourceRecord
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What we know of a source record: the version that we saw, and the record it became."""

    version: str
    at: datetime | None
    type: str
    key: str
    is_deleted: bool
    part: str


# A source record, what its list has no more, and (type, key) of what it has now.
_Gone = tuple[SourceRecord, list[_Seen], tuple[tuple[str, str], ...]]


@dataclass(slots=True)
class Read:
    """A page, sorted out: what to store, what was refused, what was known or too old.

    incoming: one for each canonical record, so several for a source record whose list makes
    several. empty: ids of those that nothing is stored of: their list has no member, or they are
    deleted and have no record; what was set aside of them is over. back: ids of those that are as
    we know them, of a source that keeps no time; what was set aside of them is over too: they were
    something else for a while. yielded: what one of the page's
    source records gives up and another has now. warned: id there → (key, warning).
    """

    incoming: list[tuple[SourceRecord, Incoming]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    yielded: list[_Gone] = field(default_factory=list)
    warned: dict[str, Sequence[tuple[str, Problem]]] = field(default_factory=dict)
    same: int = 0
    owners: Owners | None = None

    @property
    def moved(self) -> set[str]:
        """The numbers of what is given up to another."""
        return {ref.key for _, refs, _ in self.yielded for ref in refs}


def read_page(stream: Stream, live: Live, records: Sequence[SourceRecord]) -> Read:
    """Map every record of a page; the latest of a record that comes twice wins."""
    latest = {record.id: record for record in records}
    seen = _refs(stream, list(latest))
    sources = _sources(stream.connection, live, list(latest.values()))
    owners = _owners(stream.connection, live.makes)
    # What this system may only fill in, since another kind of system owns it.
    fill_only = owners.fill_only(roles_of(stream.connection))
    result = Read(owners=owners)
    gone: list[_Gone] = []
    for source in latest.values():
        refs = seen.get(source.id, [])
        if refs and all(_is_old(source, ref) for ref in refs):
            result.same += 1
            if source.modified_at is None:
                result.back.append(source.id)
            continue
        if source.deleted:
            _delete(source, refs, live, result)
            continue
        taken = map_in(live, source.data, sources)
        if taken.problems:
            result.refused.append(Refused(source, tuple(taken.problems)))
            continue
        if taken.warnings:
            result.warned[source.id] = taken.warnings
        several = live.compiled.makes_several
        if not taken.records:
            result.empty.append(source.id)
        has_parts = several or any(ref.part for ref in refs)
        among = tuple((live.makes, key) for key in taken.records) if has_parts else ()
        for number, (key, data) in enumerate(taken.records.items(), 1):
            incoming = Incoming(
                type=live.makes,
                key=key,
                data=data,
                source=source.data if number == 1 or len(taken.records) <= _COPIES else None,
                source_at=source.modified_at,
                mapping_version=live.version_id,
                fill_only=fill_only,
                part=key if several else "",
                among=among,
            )
            result.incoming.append((source, incoming))
        if has_parts:
            lost = [ref for ref in refs if ref.key not in taken.records]
            gone.append((source, lost, among))
    _drop(gone, live, result)
    return result


def _drop(gone: Sequence[_Gone], live: Live, result: Read) -> None:
    """Soft-delete what a source record's list has no more, but not what another one has now.

    What was dropped before goes along: all rows of a source record know its latest version.
    """
    there = {incoming.key for _, incoming in result.incoming}
    for source, refs, members in gone:
        result.yielded.append((source, [ref for ref in refs if ref.key in there], members))
        lost = [ref for ref in refs if ref.key not in there]
        result.incoming += _deleted(source, lost, live, members)


def roles_of(connection: Connection) -> set[str]:
    """Return the kinds of system that a connection is; files stand for what they came from."""
    descriptor = registry.connector(connection.connector).descriptor
    roles = {descriptor.kind, *descriptor.kinds}
    stands_for = connection.config.get("stands_for") if descriptor.kind == "files" else None
    return roles | {str(stands_for)} if stands_for else roles


def _owners(connection: Connection, type_: str) -> Owners:
    """Return who owns the fields of an object; read again only when a rule has changed."""
    params = {"type": type_, "client": connection.client_id}
    ((rules, fields),) = fetch(_OWNERS_MARKS, params)
    at = ("owners", type_, connection.client_id)
    return kept(
        at,
        f"{rules}/{fields}",
        lambda: owners_of(type_, connection.client_id, own_fields(fields)),
    )


def _refs(stream: Stream, ids: list[str]) -> dict[str, list[_Seen]]:
    rows = fetch(_SEEN, {"connection": stream.connection_id, "object": stream.object, "ids": ids})
    found: dict[str, list[_Seen]] = {}
    for id_, *known in rows:
        found.setdefault(id_, []).append(_Seen(*known))
    return found


def _is_old(source: SourceRecord, ref: _Seen) -> bool:
    """Say whether we have seen this version, or a newer one, from this system before."""
    if source.version and source.version == ref.version:
        return True
    if source.modified_at is None or ref.at is None:
        return False
    return source.modified_at < ref.at


def _delete(source: SourceRecord, refs: Sequence[_Seen], live: Live, result: Read) -> None:
    """A record that its source marks as deleted; one that we never knew is nothing to us.

    What was refused of it has no reference and may be set aside: it must not come alive later.
    """
    there = [ref for ref in refs if not ref.is_deleted]
    if not there:
        result.same += 1
        result.empty.append(source.id)
    result.incoming += _deleted(source, there, live, [(ref.type, ref.key) for ref in there])


def _deleted(
    source: SourceRecord, refs: Sequence[_Seen], live: Live, among: Sequence[tuple[str, str]]
) -> list[tuple[SourceRecord, Incoming]]:
    """Return the deletions of what a source record was; what it sent stays with the first only
    where they are many, as with what comes. Those that are new go first: they keep a version.
    among: those that it tells of."""
    return [
        (
            source,
            Incoming(
                type=ref.type,
                key=ref.key,
                data={},
                source=source.data if number == 1 or len(refs) <= _COPIES else None,
                source_at=source.modified_at,
                mapping_version=live.version_id,
                deleted=True,
                part=ref.part,
                among=tuple(among),
            ),
        )
        for number, ref in enumerate(sorted(refs, key=lambda ref: (ref.is_deleted, ref.key)), 1)
    ]


def _sources(connection: Connection, live: Live, records: Sequence[SourceRecord]) -> Sources:
    """Return what the page's references point to."""
    wanted: set[tuple[str, str]] = set()
    for record in records:
        if not record.deleted:
            wanted.update(wanted_sources(live, record.data))
    return find_sources(connection.client_id, connection.pk, wanted)


def refuse_duplicates(stream: Stream, live: Live, result: Read, there: Set[str]) -> None:
    """Two records of one system under one number: the one that was first stays linked.

    A source record is refused as a whole and leaves nothing behind: its numbers are free for the
    others of the page, and what another one gave up to it is dropped after all.
    there: the numbers under which there is a record already; only these may have been linked.
    """
    held = there - result.moved
    keys = [one.key for _, one in result.incoming if one.key in held]
    holders = _holders(stream, result.incoming[0][1].type, keys) if keys else {}
    of_source: dict[str, list[tuple[SourceRecord, Incoming]]] = {}
    for one in result.incoming:
        of_source.setdefault(one[0].id, []).append(one)
    refused: dict[str, Refused] = {}
    for id_, ones in of_source.items():
        problem = _taken(ones, holders)
        if problem is not None:
            refused[id_] = Refused(ones[0][0], (problem,))
            continue
        for _, incoming in ones:
            holders.setdefault(incoming.key, id_)
    if not refused:
        return
    result.refused += refused.values()
    result.incoming = [one for one in result.incoming if one[0].id not in refused]
    left = {incoming.key for _, incoming in result.incoming}
    for source, refs, members in result.yielded:
        if source.id not in refused:
            lost = [ref for ref in refs if ref.key not in left]
            result.incoming += _deleted(source, lost, live, members)


def _taken(
    ones: Sequence[tuple[SourceRecord, Incoming]], holders: Mapping[str, str]
) -> Problem | None:
    """Return what is wrong with a source record one of whose numbers is another one's."""
    for source, incoming in ones:
        holder = holders.get(incoming.key, source.id)
        if holder != source.id and not incoming.deleted:
            return Problem(
                DUPLICATE,
                f"{holder} has the number {incoming.key} already.",
                target="number",
                detail={"key": incoming.key},
            )
    return None


def _holders(stream: Stream, type_: str, keys: list[str]) -> dict[str, str]:
    params: dict[str, object] = {
        "client": stream.connection.client_id,
        "type": type_,
        "keys": keys,
        "connection": stream.connection_id,
        "object": stream.object,
    }
    return dict(fetch(_HOLDERS, params))


_OWNERS_MARKS: Final = f"""
    SELECT (SELECT {mark_of("o")} FROM mappings_ownershiprule o WHERE o.object = %(type)s
            AND (o.client_id = %(client)s OR o.client_id IS NULL)),
        (SELECT {mark_of("f")} FROM mappings_customfield f)
"""  # noqa: S608  our own constants
_SEEN: Final = """
    SELECT e.external_id, e.seen_version, e.seen_at, r.type, r.key, r.deleted, e.part
    FROM syncjobs_externalref e
    JOIN syncjobs_canonicalrecord r ON r.id = e.record_id
    WHERE e.connection_id = %(connection)s AND e.object = %(object)s
      AND e.external_id = ANY(%(ids)s::text[])
"""
# From each key to its record and to that one's reference, whatever the statistics say: joined
# freely, tables that had grown since they were last analysed were read whole for each page.
_HOLDERS: Final = """
    SELECT r.key, e.external_id FROM unnest(%(keys)s::text[]) AS x(key)
    CROSS JOIN LATERAL (
        SELECT c.id, c.key FROM syncjobs_canonicalrecord c
        WHERE c.client_id = %(client)s AND c.key = x.key AND c.type || '' = %(type)s
          AND NOT c.deleted OFFSET 0) r
    CROSS JOIN LATERAL (
        SELECT f.external_id FROM syncjobs_externalref f
        WHERE f.record_id = r.id AND f.connection_id = %(connection)s AND f.object = %(object)s
        OFFSET 0) e
"""
