"""Works off what webhooks and files brought, stream by stream, through the usual page commit.

A start is counted before the work: a record that kills its worker three times is set aside,
and until then it is taken alone after the first time. So is what no key opens, until one does:
what comes after it goes on. The stream's lease is held meanwhile, so
a reading of the same stream and this never cross.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError, transaction
from django.utils import timezone

from governance import correlation
from governance.deadlocks import again_after_deadlock
from syncjobs.connectors.base import SourceRecord
from syncjobs.connectors.files import BY_FILE
from syncjobs.crashpoints import reach
from syncjobs.engine.issues import Cause, Occurrence, raise_issues
from syncjobs.engine.live import LiveMappings
from syncjobs.engine.rows import execute, fetch
from syncjobs.engine.transitions import move_row, move_rows
from syncjobs.intake.aside import set_sealed_aside
from syncjobs.intake.page import Reading, StreamTaken, hold_stream, take_in
from syncjobs.intake.polling import STREAMS_DUE, fold, start_run
from syncjobs.intake.reading import Refused
from syncjobs.intake.taking import take_stream
from syncjobs.intake.unkept import without_unkept
from syncjobs.models import InboundEvent, Run, Stream
from syncjobs.payloads import opened_inbound
from syncjobs.retry import MAX_UNFINISHED_STARTS
from syncjobs.state import CONNECTION, INBOUND, RUN, UNUSABLE

logger = logging.getLogger(__name__)
BATCH: Final = 200
POISON: Final = "Working this message off ended three times without an answer."
Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Arrival:
    """One row that waits, as a record of its source."""

    id: int
    attempts: int
    record: SourceRecord


def something_came() -> bool:
    """Say whether webhooks have brought something, or a stream is due to be read."""
    params = {
        "received": INBOUND.start,
        "off": CONNECTION.target("disable"),
        "unusable": sorted(UNUSABLE),
        "limit": 1,
    }
    return bool(fetch(_ANY_DUE, params)[0][0])


def work_arrivals(stream_id: int, *, stop: Stop) -> int | None:
    """Take in what waits for a stream; return how many records, None when another has it."""
    taken = take_stream(stream_id)
    if taken is None:
        return None
    stream, lease_no = taken.stream, taken.lease_no
    done = 0
    try:
        live = LiveMappings(stream.connection.client_id).get(stream.mapping)
        if live is None:
            return _no_mapping(stream)
        reading = Reading(
            stream=stream,
            run=start_run(taken, _trigger(stream)),
            live=live,
            lease_no=lease_no,
            correlation=correlation.current().correlation_id,
            zone=stream.connection.client.time_zone,
        )
        while (rows := _begin(stream)) is not None:
            done += len(rows)
            if (rows and not _work(reading, rows)) or stop():
                break
        _finish(reading)
    except StreamTaken:
        logger.warning("stream %s was taken over by another worker", stream_id)
        return None
    finally:
        execute(_RELEASE, {"stream": stream_id, "lease_no": lease_no})
    return done


def _trigger(stream: Stream) -> str:
    is_file = stream.connection.connector in BY_FILE
    return Run.Trigger.FILE if is_file else Run.Trigger.WEBHOOK


@transaction.atomic
def _begin(stream: Stream) -> list[_Arrival] | None:
    """Count the start of the next rows, and commit that before they are touched.

    None when no row waits; an empty list when all of the next were set aside.
    """
    found = fetch(_NEXT, {"stream": stream.pk, "received": INBOUND.start, "limit": BATCH})
    if not found:
        return None
    client_id = stream.connection.client_id
    arrivals: list[_Arrival] = []
    sealed: dict[int, str] = {}
    for id_, attempts, ext, version, at, payload, deleted in found:
        data = opened_inbound(payload, client_id)
        if data is None and not deleted:
            sealed[id_] = ext
        else:
            # A deletion needs no content.
            record = SourceRecord(ext, version, at, data or {}, deleted)
            arrivals.append(_Arrival(id_, attempts, record))
    set_sealed_aside(stream, sealed)
    poison = [one for one in arrivals if one.attempts >= MAX_UNFINISHED_STARTS]
    if poison:
        _park(stream, poison)
    good = [one for one in arrivals if one.attempts < MAX_UNFINISHED_STARTS]
    # One that did not end before is taken alone: it would take down only itself.
    suspect = [one for one in good if one.attempts]
    taken = suspect[:1] if suspect else good
    execute(_STARTED, {"ids": [one.id for one in taken]})
    return taken


def _work(reading: Reading, rows: Sequence[_Arrival]) -> bool:
    """Commit some rows; False when they broke: each of them is tried alone from now on."""
    try:
        _commit(reading, rows)
    except (DatabaseError, StreamTaken):
        raise
    except Exception:  # the boundary around one sender's messages: logged, tried alone, parked
        logger.exception("a webhook's records broke stream %s", reading.stream.pk)
        return False
    return True


def _commit(reading: Reading, rows: Sequence[_Arrival]) -> None:
    without_unkept(
        [one.record for one in rows],
        lambda part: take_in(reading, part),
        lambda kept, unkept: _commit_kept(reading, rows, kept, unkept),
    )


@again_after_deadlock
@transaction.atomic
def _commit_kept(
    reading: Reading,
    rows: Sequence[_Arrival],
    records: Sequence[SourceRecord],
    unkept: Sequence[Refused],
) -> None:
    hold_stream(reading)
    take_in(reading, records, unkept=unkept)
    ours = InboundEvent.objects.filter(pk__in=[one.id for one in rows], state=INBOUND.start)
    move_rows(ours, INBOUND, "process", processed_at=timezone.now())
    reach("arrivals.before_commit")


def _park(stream: Stream, poison: Sequence[_Arrival]) -> None:
    connection = stream.connection
    for one in poison:
        cause = Cause(
            kind="intake_broke",
            client_id=connection.client_id,
            same=(stream.pk, one.id),
            detail={"connection": connection.name, "object": stream.object, "key": one.record.id},
            connection_id=connection.pk,
        )
        issue = raise_issues([Occurrence(cause, f"{one.record.id}: {POISON}")])
        row = InboundEvent.objects.filter(pk=one.id)
        move_rows(
            row,
            INBOUND,
            "set_aside",
            issue_id=issue[cause.fingerprint],
            problems=[["poison", "", "", POISON]],
        )


@transaction.atomic
def _no_mapping(stream: Stream) -> int:
    """Set the rows aside until the mapping is published; the next reading takes them then."""
    text = f"There is no published mapping {stream.mapping}."
    cause = Cause(
        kind="mapping_missing",
        client_id=stream.connection.client_id,
        same=(stream.mapping,),
        detail={"mapping": stream.mapping},
        connection_id=stream.connection_id,
    )
    issue = raise_issues([Occurrence(cause, text)])[cause.fingerprint]
    rows = InboundEvent.objects.filter(stream=stream, state=INBOUND.start)
    move_rows(rows, INBOUND, "set_aside", issue_id=issue, problems=[["mapping", "", "", text]])
    return 0


@transaction.atomic
def _finish(reading: Reading) -> None:
    hold_stream(reading)
    run = Run.objects.select_for_update().get(pk=reading.run.pk)
    if not run.read:
        # Another worker had taken them in.
        last = Stream.objects.select_related("last_run").get(pk=reading.stream.pk).last_run
        if last is None:
            run.delete()
        else:
            fold(run, last, {})
        return
    move = "settle_partly" if run.refused else "settle_well"
    brought = "Files" if run.trigger == Run.Trigger.FILE else "Webhooks"
    told = f"{brought} brought {run.read}; {run.changed} changed something."
    if run.refused:
        told = f"{run.refused} of {run.read} that {brought.lower()} brought were set aside."
    move_row(run, RUN, move, message=told, ended_at=timezone.now())
    Stream.objects.filter(pk=reading.stream.pk).update(last_run=run)


ARRIVALS_DUE: Final = """
    SELECT s.id FROM syncjobs_stream s JOIN syncjobs_connection c ON c.id = s.connection_id
    WHERE s.enabled AND c.state <> %(off)s
      AND (s.lease_until IS NULL OR s.lease_until < statement_timestamp())
      AND EXISTS (SELECT 1 FROM syncjobs_inboundevent i
                  WHERE i.stream_id = s.id AND i.state = %(received)s)
    ORDER BY c.client_id, s.position, s.id LIMIT %(limit)s
"""
_ANY_DUE: Final = f"SELECT EXISTS ({ARRIVALS_DUE}) OR EXISTS ({STREAMS_DUE})"
_NEXT: Final = """
    SELECT id, attempts, external_id, source_version, source_at, payload::text, deleted
    FROM syncjobs_inboundevent WHERE stream_id = %(stream)s AND state = %(received)s
    ORDER BY id LIMIT %(limit)s FOR UPDATE
"""
_STARTED: Final = """
    UPDATE syncjobs_inboundevent SET attempts = attempts + 1 WHERE id = ANY(%(ids)s::bigint[])
"""
_RELEASE: Final = """
    UPDATE syncjobs_stream SET lease_until = NULL
    WHERE id = %(stream)s AND lease_no = %(lease_no)s
"""
