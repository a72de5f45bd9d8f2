"""Finds what a source has deleted without saying so: a full reading, compared with what we know.

It goes page by page with a cursor of its own, behind all live work, and what it reads goes
through the usual page commit, so it is also a full resync that doubles nothing. At its end,
records that came from here and were not there any more are soft-deleted, and what was set aside
of records that are gone is given up: it must not come alive later. An empty answer, one that
would drop more than a tenth, or one with rows that name no id deletes nothing: it stops and asks a
person.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from governance import correlation
from governance.deadlocks import again_after_deadlock
from governance.services import audit
from syncjobs import actions
from syncjobs.canonical_store import Incoming, Origin, store
from syncjobs.connectors.base import Page, SourceRecord
from syncjobs.connectors.errors import ConnectorError
from syncjobs.crashpoints import reach
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_connection
from syncjobs.engine.live import LiveMappings
from syncjobs.engine.members import follow_causes
from syncjobs.engine.plan import Planned
from syncjobs.engine.rows import encode, execute, fetch
from syncjobs.engine.systems import Systems
from syncjobs.engine.transitions import move_row
from syncjobs.intake.aside import aside_since, discard, received_again
from syncjobs.intake.page import (
    STREAM_LEASE_SECONDS,
    Reading,
    StreamTaken,
    hold_stream,
    take_in,
)
from syncjobs.intake.polling import failed, start_run
from syncjobs.intake.reading import Refused
from syncjobs.intake.taking import take_stream
from syncjobs.intake.unkept import without_unkept
from syncjobs.intake.warned import forget_gone
from syncjobs.intake.withdrawals import tell_withdrawals
from syncjobs.models import Run, Stream
from syncjobs.neighbours import watch_record
from syncjobs.retry import backoff
from syncjobs.state import RUN

EVERY: Final = timedelta(hours=24)
# More than this share gone at once is more likely an error than a clean-up.
MOST_SHARE: Final = 0.10
ASKED: Final = "deletions_in_doubt"
Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Gone:
    """What a full reading did not find any more.

    ids: of records, external_ids: theirs in the source. messages: rows that were set aside.
    missing: how many records of the source that is, `known`: of how many. seen: how many it found,
    nameless: rows without an id, any of which may be one that is missing.
    """

    ids: list[int]
    external_ids: list[str]
    messages: list[int]
    missing: int
    known: int
    seen: int
    nameless: int

    @property
    def in_doubt(self) -> bool:
        """Say whether a person must confirm: nothing came at all, too much is missing, or it may
        be there without its id."""
        most = MOST_SHARE * self.known
        return self.missing > 0 and (self.seen == 0 or self.missing > most or self.nameless > 0)


def compare_stream(stream_id: int, systems: Systems, *, stop: Stop) -> int | None:
    """Read on with a stream's comparison until `stop`; return how many records were read.

    None when another worker has the stream. `stop` is asked after each page.
    """
    taken = take_stream(stream_id)
    if taken is None:
        return None
    stream, lease_no = taken.stream, taken.lease_no
    live = LiveMappings(stream.connection.client_id).get(stream.mapping)
    if live is None:
        _put_off(stream_id, lease_no, 3600.0)
        return 0
    reading = Reading(
        stream=stream,
        run=start_run(taken, Run.Trigger.SCHEDULE),
        live=live,
        lease_no=lease_no,
        correlation=correlation.current().correlation_id,
        zone=stream.connection.client.time_zone,
    )
    state = dict(stream.compare or _begin(stream))
    try:
        return _compare(reading, state, systems, stop)
    except StreamTaken:
        return None


def _compare(reading: Reading, state: dict[str, Any], systems: Systems, stop: Stop) -> int:
    stream = reading.stream
    try:
        ended = _read(reading, state, systems, stop)
    except ConnectorError as error:
        failed(reading, error)
        wait = max(backoff(stream.failures + 1, lambda: 1.0), error.retry_after or 0)
        _put_off(stream.pk, reading.lease_no, wait)
        return 0
    return _finish(reading, ended=ended)


def _begin(stream: Stream) -> dict[str, Any]:
    # The database's clock, which also says when references were made and messages came.
    ((highest, started),) = fetch(
        "SELECT coalesce(max(compare_no), 0), statement_timestamp() FROM syncjobs_externalref "
        "WHERE connection_id = %(connection)s AND object = %(object)s",
        _place(stream),
    )
    return {
        "no": highest + 1,
        "started": started.isoformat(),
        "cursor": None,
        "seen": 0,
        "nameless": 0,
    }


def _read(reading: Reading, state: dict[str, Any], systems: Systems, stop: Stop) -> bool:
    """Commit page after page; say whether the source has been read to its end."""
    stream = reading.stream
    system = systems.open(stream.connection)
    for page in system.read(stream.object, state["cursor"], page_size=stream.page_size):
        _commit(reading, state, page)
        if page.last:
            _decide(reading, state)
            return True
        if stop():
            return False
    return False


def _commit(reading: Reading, state: dict[str, Any], page: Page) -> None:
    """Store a page, mark what it names as seen, and move the comparison's own cursor."""
    without_unkept(
        page.records,
        lambda part: take_in(reading, part),
        lambda kept, unkept: _commit_kept(reading, state, page, kept, unkept),
        page.unread,
    )


@again_after_deadlock
@transaction.atomic
def _commit_kept(
    reading: Reading,
    state: dict[str, Any],
    page: Page,
    records: Sequence[SourceRecord],
    unkept: Sequence[Refused],
) -> None:
    moved = {
        **state,
        "cursor": dict(page.cursor),
        "seen": state["seen"] + sum(not one.deleted for one in [*page.records, *page.unread]),
        "nameless": state.get("nameless", 0) + sum(not one.id for one in page.unread),
    }
    _fence(reading, moved)
    take_in(reading, records, unkept=unkept)
    ids = [one.id for one in [*records, *(refused.source for refused in unkept)]]
    execute(_SEEN, {**_place(reading.stream), "ids": ids, "no": state["no"]})
    received_again(reading.stream, ids)
    reach("compare.before_commit")
    state.update(moved)


def _fence(reading: Reading, state: Mapping[str, Any] | None) -> None:
    params = {
        "stream": reading.stream.pk,
        "lease_no": reading.lease_no,
        "seconds": STREAM_LEASE_SECONDS,
        "compare": None if state is None else encode(dict(state)),
    }
    if not fetch(_MOVE, params):
        raise StreamTaken


@again_after_deadlock
@transaction.atomic
def _decide(reading: Reading, state: Mapping[str, Any]) -> None:
    """Delete what is gone, or ask; either way this comparison has ended."""
    gone = find_gone(reading.stream, state)
    stream = reading.stream
    if gone.in_doubt:
        _fence(reading, {**state, "asking": gone.missing, "known": gone.known})
        Stream.objects.filter(pk=stream.pk).update(next_compare_at=None)
        text = f"{gone.missing} of {gone.known} records are not in the source any more."
        if gone.nameless:
            text += f" {gone.nameless} rows came without an id and may be some of them."
        raise_issues([Occurrence(_doubt(stream, gone), text)])
        return
    _fence(reading, None)
    origin = Origin(
        stream.connection.client_id, stream.connection_id, reading.run.pk, reading.correlation
    )
    end_compare(stream, gone, origin)


def find_gone(stream: Stream, state: Mapping[str, Any]) -> Gone:
    """Return what the comparison did not see, among what was known when it began."""
    params = {**_place(stream), "no": state["no"], "started": state["started"]}
    rows = fetch(_GONE, params)
    ids = [id_ for id_, _, seen in rows if not seen]
    aside = aside_since(stream, datetime.fromisoformat(state["started"]))
    # Of a record that is known, too, one is missing, not two.
    refused = {id_ for _, id_, _ in aside} - {id_ for _, id_, _ in rows}
    lost = {id_ for _, id_, is_there in aside if not is_there}
    return Gone(
        ids=ids,
        external_ids=sorted({external_id for _, external_id, seen in rows if not seen}),
        messages=[row for row, _, is_there in aside if not is_there],
        missing=len(ids) + len(lost & refused),
        known=len(rows) + len(refused),
        seen=int(state["seen"]),
        nameless=int(state.get("nameless", 0)),
    )


def end_compare(stream: Stream, gone: Gone, origin: Origin) -> None:
    """Delete what is gone and end the comparison; call it last in a transaction."""
    is_less = bool(gone.missing or gone.messages)
    keys, resumed = _delete(stream, gone, origin) if is_less else ([], set())
    Stream.objects.filter(pk=stream.pk).update(compare=None, next_compare_at=timezone.now() + EVERY)
    settle_connection(stream.connection_id, [ASKED])
    Planned(resumed=resumed).finish(origin.client_id, keys)


def _delete(stream: Stream, gone: Gone, origin: Origin) -> tuple[list[str], set[int]]:
    """Soft-delete the records, each with a version that says so, with the members of their lists;
    give up what was set aside. Return the watch keys of what changed, and the runs that go on."""
    rows = fetch(
        "SELECT type, key FROM syncjobs_canonicalrecord WHERE id = ANY(%(ids)s::bigint[])",
        {"ids": gone.ids},
    )
    stored = store([Incoming(type_, key, {}, deleted=True) for type_, key in rows], origin)
    followed = follow_causes(stored, origin)
    resumed = tell_withdrawals(origin.client_id, stored)
    # Should the source have one again as it was, that is news.
    execute(_UNSEE, {**_place(stream), "ids": gone.ids})
    discard(stream, gone.messages)
    forget_gone(stream, gone.external_ids)
    audit.record(
        actions.RECORDS_MISSED,
        object_kind="stream",
        object_id=stream.pk,
        object_label=stream.object,
        client_id=stream.connection.client_id,
        after={"deleted": len(rows), "given_up": len(gone.messages), "known": gone.known},
    )
    return [*(watch_record(type_, key) for type_, key in rows), *followed], resumed


def _place(stream: Stream) -> dict[str, Any]:
    return {"connection": stream.connection_id, "object": stream.object}


def _doubt(stream: Stream, gone: Gone) -> Cause:
    return Cause(
        kind=ASKED,
        client_id=stream.connection.client_id,
        same=(stream.pk,),
        detail={
            "connection": stream.connection.name,
            "object": stream.object,
            "gone": gone.missing,
            "known": gone.known,
        },
        connection_id=stream.connection_id,
    )


@transaction.atomic
def _finish(reading: Reading, *, ended: bool) -> int:
    hold_stream(reading)
    run = Run.objects.select_for_update().get(pk=reading.run.pk)
    told = f"Compared {run.read} with what is known; {run.changed} changed something."
    if not ended:
        told += " Goes on behind other work."
    move = "settle_partly" if run.refused else "settle_well"
    move_row(run, RUN, move, message=told, ended_at=timezone.now())
    params = {"stream": reading.stream.pk, "lease_no": reading.lease_no}
    execute(_RELEASE, params)
    return run.read


def _put_off(stream_id: int, lease_no: int, seconds: float) -> None:
    """Compare later, if the stream has not been another's since."""
    Stream.objects.filter(pk=stream_id, lease_no=lease_no).update(
        lease_until=None, next_compare_at=timezone.now() + timedelta(seconds=seconds)
    )


# The streams whose full comparison is due, or goes on.
COMPARES_DUE: Final = """
    SELECT s.id FROM syncjobs_stream s JOIN syncjobs_connection c ON c.id = s.connection_id
    WHERE s.enabled AND s.next_compare_at <= statement_timestamp()
      AND (s.lease_until IS NULL OR s.lease_until < statement_timestamp())
      AND c.state <> ALL(%(unusable)s::text[])
      AND (c.breaker_until IS NULL OR c.breaker_until <= statement_timestamp())
    ORDER BY s.next_compare_at, s.id LIMIT %(limit)s
"""
_MOVE: Final = """
    UPDATE syncjobs_stream
    SET compare = %(compare)s::jsonb,
        lease_until = statement_timestamp() + %(seconds)s * interval '1 second'
    WHERE id = %(stream)s AND lease_no = %(lease_no)s RETURNING id
"""
_SEEN: Final = """
    UPDATE syncjobs_externalref SET compare_no = %(no)s
    WHERE connection_id = %(connection)s AND object = %(object)s
      AND external_id = ANY(%(ids)s::text[])
"""
# Only what came from here first: what another system sent us, and this one deleted, is still there.
_GONE: Final = """
    SELECT r.id, e.external_id, e.compare_no = %(no)s
    FROM syncjobs_externalref e
    JOIN syncjobs_canonicalrecord r ON r.id = e.record_id AND NOT r.deleted
    JOIN syncjobs_recordversion v ON v.record_id = r.id AND v.number = 1
        AND v.connection_id = e.connection_id
    WHERE e.connection_id = %(connection)s AND e.object = %(object)s
      AND e.created_at < %(started)s::timestamptz
    ORDER BY r.id
"""
_UNSEE: Final = """
    UPDATE syncjobs_externalref SET seen_version = ''
    WHERE connection_id = %(connection)s AND object = %(object)s
      AND record_id = ANY(%(ids)s::bigint[])
"""
_RELEASE: Final = """
    UPDATE syncjobs_stream SET lease_until = NULL
    WHERE id = %(stream)s AND lease_no = %(lease_no)s
"""
