"""Fields that nobody owns and on which two systems disagree: a person decides, as an exception.

Who said what is there now is read from the record's versions: the connection of the last one
that changed the field. A system may correct what it said itself; another one may not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from mappings.canonical.registry import fields_of, schema
from mappings.ownership import Side, decide
from syncjobs.canonical_store import Incoming, Locked
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_issues
from syncjobs.engine.rows import fetch
from syncjobs.fingerprint import cause_fingerprint
from syncjobs.intake.reading import Read
from syncjobs.models import Issue, Stream
from syncjobs.state import ISSUE

KIND: Final = "owners_disagree"
_EMPTY: Final[tuple[object, ...]] = (None, "", [])
Place = tuple[str, str, str]  # type, key and field


@dataclass(frozen=True, slots=True)
class Dispute:
    """A field of a record: what it holds, and what another system says."""

    place: Place
    here: object
    there: object


@dataclass(slots=True)
class Disputes:
    """What a page brought: fields in dispute, and fields on which all agree."""

    open: list[Dispute]
    settled: list[Place]


def find_disputes(stream: Stream, result: Read, locked: Locked) -> Disputes:
    """Look through a page before it is stored; a system's own later value is let in.

    locked: the records that are there. Changes `result.incoming` where a field may be taken.
    """
    found = Disputes([], [])
    owners = result.owners
    contested = owners.contested if owners is not None else frozenset()
    if owners is None or not contested:
        return found
    givers = _givers([row.id for row in locked.values()], contested)
    kept = []
    for source, incoming in result.incoming:
        row = locked.get((incoming.type, incoming.key))
        own: set[str] = set()
        for name in sorted(contested & incoming.data.keys()) if row is not None else ():
            assert row is not None
            now, new = row.data.get(name), incoming.data[name]
            if now in _EMPTY or new in _EMPTY:
                continue
            place = (incoming.type, incoming.key, name)
            # Of a version that is not kept any more nobody can say that it was another's.
            giver = givers.get((row.id, name), stream.connection_id)
            sides = Side(new, f"{stream.connection_id}"), Side(now, f"{giver}")
            match decide(name, *sides, owners):
                case "take":
                    own.add(name)
                    found.settled.append(place)
                case "keep":
                    found.settled.append(place)
                case _:
                    found.open.append(Dispute(place, now, new))
        kept.append((source, _free(incoming, own)))
    result.incoming = kept
    return found


def _free(incoming: Incoming, names: set[str]) -> Incoming:
    return replace(incoming, fill_only=incoming.fill_only - names) if names else incoming


def _givers(record_ids: Sequence[int], fields: frozenset[str]) -> dict[tuple[int, str], int | None]:
    """Return who said last what a field holds: a connection, None for a person."""
    params = {"ids": list(record_ids), "fields": sorted(fields)}
    return {(record, name): connection for record, name, connection in fetch(_GIVERS, params)}


def tell_disputes(stream: Stream, disputes: Disputes) -> None:
    """Raise an exception for each field in dispute, and close those of fields that are not."""
    client_id = stream.connection.client_id
    raise_issues(
        [
            Occurrence(_cause(stream, one), f"{stream.connection} says “{one.there}”.")
            for one in disputes.open
        ]
    )
    settle_disputes(client_id, disputes.settled)


def settle_disputes(client_id: int, places: Sequence[Place]) -> None:
    """Close the exceptions about these fields."""
    if places:
        prints = [cause_fingerprint(KIND, client_id, *place) for place in places]
        rows = Issue.objects.filter(fingerprint__in=prints, state__in=sorted(ISSUE.open))
        settle_issues(rows.values_list("pk", flat=True))


def _cause(stream: Stream, dispute: Dispute) -> Cause:
    type_, key, name = dispute.place
    field = fields_of(type_).get(name)
    return Cause(
        kind=KIND,
        client_id=stream.connection.client_id,
        same=dispute.place,
        detail={
            "record_type": schema(type_).label,
            "key": key,
            "field": field.label.lower() if field else name,
            "connection": str(stream.connection),
            "message": f"Here it is “{dispute.here}”; {stream.connection} says “{dispute.there}”.",
        },
        connection_id=stream.connection_id,
    )


_GIVERS: Final = """
    SELECT DISTINCT ON (v.record_id, f.name) v.record_id, f.name, v.connection_id
    FROM syncjobs_recordversion v
    CROSS JOIN LATERAL jsonb_array_elements_text(v.changed) AS f(name)
    WHERE v.record_id = ANY(%(ids)s::bigint[]) AND f.name = ANY(%(fields)s::text[])
    ORDER BY v.record_id, f.name, v.number DESC
"""
