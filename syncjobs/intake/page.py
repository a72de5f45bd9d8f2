"""Commits one page of a source: records, versions, references, events, deliveries, cursor.

All or nothing: a process that dies in here leaves the cursor where it was, and the page comes
again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from governance.deadlocks import again_after_deadlock
from governance.services import audit
from syncjobs import actions
from syncjobs.canonical_store import Incoming, Origin, Stored, lock, store
from syncjobs.connectors.base import FoundFile, Page, SourceRecord
from syncjobs.crashpoints import reach
from syncjobs.engine.live import Live
from syncjobs.engine.members import follow_causes
from syncjobs.engine.plan import Cause, Planned, plan
from syncjobs.engine.raising import raise_events
from syncjobs.engine.rows import encode, execute, fetch, unzip
from syncjobs.fingerprint import fingerprint
from syncjobs.intake.aside import retire, set_aside
from syncjobs.intake.disputes import find_disputes, tell_disputes
from syncjobs.intake.folders import note_folder, refuse_file, take_found
from syncjobs.intake.reading import Read, Refused, read_page, refuse_duplicates
from syncjobs.intake.shapes import watch_shape
from syncjobs.intake.unkept import without_unkept
from syncjobs.intake.warned import tell_warnings
from syncjobs.intake.withdrawals import tell_withdrawals
from syncjobs.models import Run, Stream
from syncjobs.neighbours import watch_record, watch_ref


class StreamTaken(Exception):
    """The lease on the stream has passed to another worker: this one writes nothing more."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a stream: its run, and the fence that every page is checked against."""

    stream: Stream
    run: Run
    live: Live
    lease_no: int
    correlation: str
    zone: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a page's records, as the source counts them, and what it planned."""

    read: int
    changed: int
    same: int
    refused: int
    planned: int


def commit_page(reading: Reading, page: Page) -> Counts:
    """Store a page; what the database refuses of it is set aside. Raises StreamTaken when another
    worker has taken the stream over.
    """
    counts: Counts = without_unkept(
        page.records,
        lambda part: take_in(reading, part),
        lambda records, unkept: _commit_page(reading, page, records, unkept),
        page.unread,
    )
    return counts


@again_after_deadlock
@transaction.atomic
def _commit_page(
    reading: Reading, page: Page, records: Sequence[SourceRecord], unkept: Sequence[Refused]
) -> Counts:
    _move_cursor(reading, page.cursor)
    note_folder(reading.stream, reading.run, page)
    if page.file is not None:
        return _take_file(reading, page, page.file)
    counts = take_in(reading, records, encode(dict(page.cursor)), unkept=unkept)
    watch_shape(reading.stream, reading.live, records)
    if counts.changed or counts.refused:
        _audit(reading, counts)
    reach("intake.before_commit")
    return counts


def _take_file(reading: Reading, page: Page, file: FoundFile) -> Counts:
    """Put a file's rows where messages wait; the reading counts files, what works them off rows."""
    stream = reading.stream
    taken = None if file.problem else take_found(stream, reading.live, file)
    new = bool(taken and taken.rows)
    refused = int(taken is None)
    counts = Counts(
        read=1, changed=int(new), same=int(not new) - refused, refused=refused, planned=0
    )
    _count(reading.run, counts, encode(dict(page.cursor)))
    if file.problem:
        refuse_file(stream, file)
    reach("intake.before_commit")
    return counts


def _audit(reading: Reading, counts: Counts) -> None:
    """What was known already is nothing to tell."""
    stream = reading.stream
    audit.record(
        actions.RECORDS_TAKEN_IN,
        object_kind="stream",
        object_id=stream.pk,
        object_label=str(stream.object),
        client_id=stream.connection.client_id,
        after={
            "read": counts.read,
            "changed": counts.changed,
            "refused": counts.refused,
            "planned": counts.planned,
            "run": reading.run.pk,
        },
    )


def take_in(
    reading: Reading,
    records: Sequence[SourceRecord],
    cursor: str | None = None,
    *,
    unkept: Sequence[Refused] = (),
) -> Counts:
    """Store records, raise their events and plan what follows, in the caller's transaction.

    cursor: as JSON, what the run notes as the place that it has come to. unkept: what came with
    these and cannot be kept as it is.
    """
    stream, run = reading.stream, reading.run
    client_id = stream.connection.client_id
    result = read_page(stream, reading.live, records)
    result.refused += unkept
    origin = Origin(client_id, stream.connection_id, run.pk, reading.correlation)
    locked = lock(client_id, [incoming for _, incoming in result.incoming])
    refuse_duplicates(stream, reading.live, result, {key for _, key in locked})
    disputes = find_disputes(stream, result, locked)
    stored = store([incoming for _, incoming in result.incoming], origin, locked)
    _write_refs(stream, result, stored)
    set_aside(stream, reading.live, result.refused)
    tell_disputes(stream, disputes)
    tell_warnings(stream, run, reading.live, result)
    resumed = tell_withdrawals(client_id, stored)
    came = {source.id: None for source, _ in result.incoming}
    retire(stream, [*came, *result.empty, *result.back])
    followed = follow_causes(stored, origin)
    planned = _plan(reading, client_id, stored)
    planned.resumed |= resumed
    pairs = zip(result.incoming, stored, strict=True)
    changed = {source.id for (source, _), one in pairs if one.is_changed}
    counts = Counts(
        read=len(records) + len(unkept),
        changed=len(changed),
        same=len(records) + len(unkept) - len(changed) - len(result.refused),
        refused=len(result.refused),
        planned=planned.new,
    )
    _count(run, counts, cursor)
    # Last, because it takes locks that everybody wants.
    planned.finish(client_id, [*_arrived(stream, stored), *followed])
    return counts


def take_in_again(reading: Reading, records: Sequence[SourceRecord]) -> None:
    """Try records that were set aside. Raises StreamTaken as `commit_page` does."""
    without_unkept(
        records,
        lambda part: take_in(reading, part),
        lambda kept, unkept: _take_in_again(reading, kept, unkept),
    )


@again_after_deadlock
@transaction.atomic
def _take_in_again(
    reading: Reading, records: Sequence[SourceRecord], unkept: Sequence[Refused]
) -> None:
    hold_stream(reading)
    take_in(reading, records, unkept=unkept)


def hold_stream(reading: Reading) -> None:
    """Keep the stream for the caller's transaction. Raises StreamTaken when another has it."""
    params = {
        "stream": reading.stream.pk,
        "lease_no": reading.lease_no,
        "seconds": STREAM_LEASE_SECONDS,
    }
    if not fetch(_FENCE, params):
        raise StreamTaken


def _move_cursor(reading: Reading, cursor: Mapping[str, object]) -> None:
    moved = fetch(
        _CURSOR,
        {
            "stream": reading.stream.pk,
            "lease_no": reading.lease_no,
            "cursor": encode(dict(cursor)),
            "seconds": STREAM_LEASE_SECONDS,
        },
    )
    if not moved:
        raise StreamTaken


def _write_refs(stream: Stream, result: Read, stored: Sequence[Stored]) -> None:
    rows: dict[tuple[str, str], dict[str, object]] = {}
    known: dict[tuple[str, str], int] = {}
    for (source, incoming), one in zip(result.incoming, stored, strict=True):
        at = (source.id, incoming.part)
        if one.before is not None:
            known[at] = one.id
        rows[at] = {
            "record_id": one.id,
            "external_id": source.id,
            "part": incoming.part,
            "version": source.version[:120],
            "hash": _seen_hash(incoming, one),
            "at": source.modified_at,
        }
    if rows:
        place: dict[str, object] = {
            "connection": stream.connection_id,
            "object": stream.object,
        }
        if known:
            # A record that was deleted and made anew in its source has another id there now.
            ids, parts = unzip([*known])
            moved = {"records": [*known.values()], "ids": ids, "parts": parts}
            execute(_FORGET, {**place, **moved})
        execute(_REFS, {**place, "rows": encode([*rows.values()])})


def _seen_hash(incoming: Incoming, stored: Stored) -> str:
    """Return the fingerprint of what the source showed: often all that the record holds."""
    if stored.hash and stored.data == incoming.data:
        return stored.hash
    return fingerprint([incoming.data, incoming.deleted])


def _plan(reading: Reading, client_id: int, stored: Sequence[Stored]) -> Planned:
    raised = raise_events(client_id, reading.correlation, stored)
    cause = Cause(
        client_id=client_id,
        trigger=Run.Trigger.CHANGE,
        correlation=reading.correlation,
        zone=reading.zone,
        told_by=reading.stream.connection_id,
    )
    return plan(raised, cause)


def _arrived(stream: Stream, stored: Sequence[Stored]) -> list[str]:
    """Return the watch keys of what came: changed records, and their presence in this system."""
    keys: dict[str, None] = {}
    for one in stored:
        if one.is_changed:
            keys[watch_record(one.incoming.type, one.incoming.key)] = None
        keys[watch_ref(stream.connection_id, one.incoming.type, one.incoming.key)] = None
    return list(keys)


def _count(run: Run, counts: Counts, cursor: str | None) -> None:
    execute(
        _COUNT,
        {
            "run": run.pk,
            "cursor": cursor,
            "read": counts.read,
            "changed": counts.changed,
            "same": counts.same,
            "refused": counts.refused,
        },
    )


STREAM_LEASE_SECONDS: Final = 60
_CURSOR: Final = """
    UPDATE syncjobs_stream
    SET cursor = %(cursor)s::jsonb, updated_at = statement_timestamp(),
        lease_until = statement_timestamp() + %(seconds)s * interval '1 second'
    WHERE id = %(stream)s AND lease_no = %(lease_no)s
    RETURNING id
"""
_FENCE: Final = """
    UPDATE syncjobs_stream
    SET lease_until = statement_timestamp() + %(seconds)s * interval '1 second'
    WHERE id = %(stream)s AND lease_no = %(lease_no)s RETURNING id
"""
_FORGET: Final = """
    DELETE FROM syncjobs_externalref WHERE id = ANY(ARRAY(
        SELECT e.id FROM unnest(%(records)s::bigint[], %(ids)s::text[], %(parts)s::text[])
            AS x(record_id, external_id, part)
        CROSS JOIN LATERAL (
            SELECT f.id FROM syncjobs_externalref f
            WHERE f.record_id = x.record_id AND f.connection_id = %(connection)s
              AND f.object = %(object)s
              AND (f.external_id <> x.external_id OR f.part <> x.part) OFFSET 0) e))
"""
_REFS: Final = """
    INSERT INTO syncjobs_externalref AS e
        (record_id, connection_id, object, external_id, part, version, seen_hash, seen_version,
         seen_at, written, created_at)
    SELECT x.record_id, %(connection)s, %(object)s, x.external_id, x.part, x.version, x.hash,
        x.version, x.at, '{}', statement_timestamp()
    FROM json_to_recordset(%(rows)s::json) AS x(
        record_id bigint, external_id text, part text, version text, hash text, at timestamptz)
    ON CONFLICT (connection_id, object, external_id, part) DO UPDATE
    SET record_id = EXCLUDED.record_id, seen_hash = EXCLUDED.seen_hash,
        seen_version = EXCLUDED.seen_version, seen_at = EXCLUDED.seen_at,
        version = EXCLUDED.version
"""
_COUNT: Final = """
    UPDATE syncjobs_run
    SET read = read + %(read)s, changed = changed + %(changed)s, same = same + %(same)s,
        refused = refused + %(refused)s,
        cursor_after = coalesce(%(cursor)s::jsonb, cursor_after)
    WHERE id = %(run)s
"""
