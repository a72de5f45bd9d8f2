"""Reads a stream page by page, as far as time allows; the cursor remembers the rest."""

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError, DataError, transaction
from django.db.models import F
from django.utils import timezone

from governance import correlation
from syncjobs.connectors.errors import ConnectorError
from syncjobs.crashpoints import reach
from syncjobs.engine import health
from syncjobs.engine.doorbell import ring
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_connection
from syncjobs.engine.live import LiveMappings
from syncjobs.engine.objects import insert, objects
from syncjobs.engine.rows import execute, fetch
from syncjobs.engine.systems import Systems
from syncjobs.engine.transitions import move_row
from syncjobs.intake.aside import waiting
from syncjobs.intake.page import (
    Reading,
    StreamTaken,
    commit_page,
    hold_stream,
    take_in_again,
)
from syncjobs.intake.taking import Taken, take_stream
from syncjobs.models import Run, Stream
from syncjobs.retry import OUTAGE, backoff
from syncjobs.state import ISSUE, RUN
from tenants.nouns import in_words
from tenants.rows import columns_of, made_of

logger = logging.getLogger(__name__)
FAILED: Final = "reading_failed"
# An hour of readings, one a minute.
FOLDED_KEPT: Final = 60
Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Polled:
    """How a reading went. `more`: it stopped for time, not because the source had no more."""

    run_id: int | None
    read: int
    more: bool
    error: str = ""


Steps = Generator[None, None, Polled | None]


class Pages:
    """The reading of a stream, page by page, so that its reader can do other work between two.

    An error of our own is told and put off, so that others get their turn. Read it to its end.
    """

    def __init__(self, stream_id: int, systems: Systems, *, stop: Stop) -> None:
        self._stream_id, self._systems, self._stop = stream_id, systems, stop
        self._lease_no: int | None = None
        self._steps: Steps | None = None
        self.is_over = False
        self.polled: Polled | None = None

    def next(self) -> bool:
        """Read and commit a page; say whether there may be another."""
        if self.is_over:
            return False
        if self._steps is None:
            taken = take_stream(self._stream_id)
            if taken is None:
                self.is_over = True
                return False
            self._lease_no = taken.lease_no
            self._steps = _poll(taken, self._systems, self._stop, Run.Trigger.SCHEDULE)
        try:
            next(self._steps)
            return True
        except StopIteration as end:
            self.polled = end.value
        except Exception as error:  # the boundary around one source: logged, told, tried later
            if isinstance(error, DatabaseError) and not isinstance(error, DataError):
                raise  # the database is at fault, and not what came
            logger.exception("reading stream %s broke", self._stream_id)
            self.polled = _broke(self._stream_id, self._lease_no or 0, error)
        self.is_over = True
        return False


def poll_stream(
    stream_id: int, systems: Systems, *, stop: Stop, trigger: str = Run.Trigger.SCHEDULE
) -> Polled | None:
    """Read what has changed since the stream's cursor. None when another worker reads it."""
    taken = take_stream(stream_id)
    if taken is None:
        return None
    steps = _poll(taken, systems, stop, trigger)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            polled: Polled | None = end.value
            return polled


def _poll(taken: Taken, systems: Systems, stop: Stop, trigger: str) -> Steps:
    """Read the stream whose lease is ours; its end gives None when another has taken it over."""
    stream, lease_no = taken.stream, taken.lease_no
    live = LiveMappings(stream.connection.client_id).get(stream.mapping)
    if live is None:
        return _no_mapping(stream, lease_no)
    reading = Reading(
        stream=stream,
        run=start_run(taken, trigger),
        live=live,
        lease_no=lease_no,
        correlation=correlation.current().correlation_id,
        zone=stream.connection.client.time_zone,
    )
    try:
        try:
            more = yield from _read(reading, systems, stop)
        except ConnectorError as error:
            return failed(reading, error)
        return _finished(reading, more=more)
    except StreamTaken:
        _say_taken_over(stream.pk)
        return None


def _read(reading: Reading, systems: Systems, stop: Stop) -> Generator[None, None, bool]:
    """Commit page after page; say at the end whether the source has more."""
    stream = reading.stream
    again = waiting(stream, reading.live)
    if again:
        take_in_again(reading, again)
    system = systems.open(stream.connection)
    for page in system.read(stream.object, stream.cursor, page_size=stream.page_size):
        commit_page(reading, page)
        reach("intake.after_commit")
        if page.last:
            return False
        if stop():
            return True
        yield
    return False


def read_from_start(connection_id: int, object_: str) -> None:
    """Forget how far a stream was read, and read it now; a reading that is under way ends."""
    streams = Stream.objects.filter(connection_id=connection_id, object=object_)
    streams.update(
        cursor=None, next_poll_at=timezone.now(), lease_until=None, lease_no=F("lease_no") + 1
    )
    ring()


def start_run(taken: Taken, trigger: str) -> Run:
    """Begin a reading of a stream whose lease is ours; what the dead had begun ends."""
    stream = taken.stream
    if taken.abandoned:
        _end_abandoned(stream)
    begun = Run(
        client_id=stream.connection.client_id,
        kind=Run.Kind.INTAKE,
        trigger=trigger,
        stream=stream,
        cursor_before=stream.cursor,
        actor=correlation.current().actor.label,
        correlation=correlation.current().correlation_id,
    )
    return insert(begun)


def _end_abandoned(stream: Stream) -> None:
    """The stream's lease is ours: whoever began these readings is gone."""
    going = {"stream": stream.pk, "state": RUN.start}
    for run in objects(Run, "stream_id = %(stream)s AND state = %(state)s ORDER BY id DESC", going):
        text = "The worker that read this ended before it was done; the next reading goes on."
        move_row(run, RUN, "settle_badly", message=text, ended_at=timezone.now())


@transaction.atomic
def _finished(reading: Reading, *, more: bool) -> Polled:
    run, had_failed = _held(reading)
    stream = reading.stream
    move = "settle_partly" if run.refused else "settle_well"
    move_row(run, RUN, move, message=_message(run, stream, more=more), ended_at=timezone.now())
    kept = _fold_quiet(run, stream)
    _release(reading, kept.pk, delay=0.0 if more else float(stream.every_seconds))
    health.recover(stream.connection_id, reading=True)
    if had_failed:
        settle_connection(stream.connection_id, [FAILED])
    return Polled(kept.pk, run.read, more)


def _held(reading: Reading) -> tuple[Run, bool]:
    """Return a reading's run, and whether an exception says that reading its connection failed;
    run and stream are ours until the transaction's end. Raises StreamTaken.
    """
    params = {
        "run": reading.run.pk,
        "lease_no": reading.lease_no,
        "kind": FAILED,
        "open": sorted(ISSUE.open),
    }
    for had_failed, *row in fetch(_HELD, params):
        return made_of(Run, row), had_failed
    raise StreamTaken


def _message(run: Run, stream: Stream, *, more: bool) -> str:
    """Explain the numbers, a zero above all."""
    if note := run.detail.get("note"):
        return str(note)
    if more:
        return "Stopped to let others work; goes on where it stopped."
    if run.read == 0:
        known = stream.cursor and stream.polled_at
        return (
            "Nothing has changed since it was last read."
            if known
            else "The source has no records of this kind."
        )
    if not run.changed and not run.refused:
        return f"Nothing new: all {run.read} were known."
    if run.refused:
        return in_words(f"{run.refused} of {run.read} were set aside; see the exceptions.")
    return f"{run.changed} of {run.read} changed something."


def _fold_quiet(run: Run, stream: Stream) -> Run:
    """Keep one row for a stretch of readings that found nothing, not one each."""
    last = None if run.read else stream.last_run
    if last is None or last.read or last.state != run.state or last.planned:
        return run
    polls = int(last.detail.get("polls", 1)) + 1
    fold(run, last, {"polls": polls}, ended_at=run.ended_at, message=run.message)
    return last


def fold(run: Run, kept: Run, detail: dict[str, int], **told: object) -> None:
    """Let a reading go that brought nothing. People saw its number while it ran: the latest of
    such numbers stay with the run that is kept (`services.runs.standing_for`).
    """
    folded = [*kept.detail.get("folded", []), run.pk][-FOLDED_KEPT:]
    told["detail"] = {**kept.detail, **detail, "folded": folded}
    Run.objects.filter(pk=kept.pk).update(**told)
    run.delete()


def _release(reading: Reading, run_id: int, *, delay: float, error: str = "") -> None:
    execute(
        _DONE,
        {
            "stream": reading.stream.pk,
            "lease_no": reading.lease_no,
            "run": run_id,
            "due": reading.stream.next_poll_at,
            "delay": delay,
            "error": error[:500],
        },
    )


@transaction.atomic
def failed(reading: Reading, error: ConnectorError) -> Polled:
    """A reading that ended in an error is never green, whatever it had read before.

    Raises StreamTaken: whoever has the stream now has ended the run, and tells how it goes.
    """
    hold_stream(reading)
    run = Run.objects.select_for_update().get(pk=reading.run.pk)
    stream, connection = reading.stream, reading.stream.connection
    move_row(
        run,
        RUN,
        "settle_badly",
        message=error.message,
        error_class=error.kind,
        ended_at=timezone.now(),
    )
    wait = max(backoff(stream.failures + 1, lambda: 1.0), error.retry_after or 0.0)
    _release(reading, run.pk, delay=wait, error=error.message)
    if error.kind == "config":
        health.refuse(connection.pk, error.message)
    elif error.kind in OUTAGE:
        health.stumble(connection.pk, 1, error.message)
    elif error.kind != "rate_limited":
        raise_issues([Occurrence(_reading_failed(stream, error.message), error.message)])
    return Polled(run.pk, run.read, more=False, error=error.message)


def _reading_failed(stream: Stream, text: str) -> Cause:
    return Cause(
        kind=FAILED,
        client_id=stream.connection.client_id,
        same=(stream.pk,),
        detail={
            "connection": stream.connection.name,
            "object": stream.object,
            "reason": text,
        },
        connection_id=stream.connection_id,
    )


@transaction.atomic
def _broke(stream_id: int, lease_no: int, error: Exception) -> Polled | None:
    stream = Stream.objects.select_related("connection", "last_run").get(pk=stream_id)
    text = f"An unexpected error stopped the reading ({type(error).__name__}). Support can see it."
    if not _give_up(stream, lease_no, text, at_least=60.0):
        _say_taken_over(stream_id)
        return None
    open_runs = Run.objects.select_for_update().filter(stream=stream, state=RUN.start)
    for run in open_runs:
        move_row(
            run, RUN, "settle_badly", message=text, error_class="error", ended_at=timezone.now()
        )
    raise_issues([Occurrence(_reading_failed(stream, text), text)])
    return Polled(None, 0, more=False, error=text)


def _give_up(stream: Stream, lease_no: int, text: str, *, at_least: float = 0.0) -> int:
    """Put the stream off, if it is still ours; return 1 then, else 0."""
    delay = max(at_least, float(stream.every_seconds))
    params = {"stream": stream.pk, "lease_no": lease_no, "delay": delay, "error": text}
    return execute(_GIVE_UP, params)


def _say_taken_over(stream_id: int) -> None:
    logger.warning("stream %s was taken over by another worker", stream_id)


@transaction.atomic
def _no_mapping(stream: Stream, lease_no: int) -> Polled | None:
    text = f"There is no published mapping {stream.mapping}."
    if not _give_up(stream, lease_no, text):
        _say_taken_over(stream.pk)
        return None
    raise_issues(
        [
            Occurrence(
                Cause(
                    kind="mapping_missing",
                    client_id=stream.connection.client_id,
                    same=(stream.mapping,),
                    detail={"mapping": stream.mapping},
                    connection_id=stream.connection_id,
                ),
                text,
            )
        ]
    )
    return Polled(None, 0, more=False, error=text)


STREAMS_DUE: Final = """
    SELECT s.id FROM syncjobs_stream s JOIN syncjobs_connection c ON c.id = s.connection_id
    WHERE s.enabled AND s.next_poll_at <= statement_timestamp()
      AND (s.lease_until IS NULL OR s.lease_until < statement_timestamp())
      AND c.state <> ALL(%(unusable)s::text[])
      AND (c.breaker_until IS NULL OR c.breaker_until <= statement_timestamp())
    ORDER BY c.client_id, s.position, s.id LIMIT %(limit)s
"""
_HELD: Final = f"""
    SELECT EXISTS (SELECT 1 FROM syncjobs_issue i WHERE i.connection_id = s.connection_id
            AND i.kind = %(kind)s AND i.state = ANY(%(open)s::text[])),
        {columns_of(Run, "t")}
    FROM syncjobs_run t JOIN syncjobs_stream s ON s.id = t.stream_id
    WHERE t.id = %(run)s AND s.lease_no = %(lease_no)s
    FOR UPDATE OF t FOR NO KEY UPDATE OF s
"""  # noqa: S608  our own constants
# What was asked for while it was read may have happened after its page: it is read once more.
_DONE: Final = """
    UPDATE syncjobs_stream
    SET lease_until = NULL, polled_at = statement_timestamp(), last_run_id = %(run)s,
        last_error = %(error)s,
        failures = CASE WHEN %(error)s = '' THEN 0 ELSE failures + 1 END,
        next_poll_at = CASE
            WHEN %(error)s = '' AND next_poll_at IS DISTINCT FROM %(due)s::timestamptz
            THEN next_poll_at ELSE statement_timestamp() + %(delay)s * interval '1 second' END
    WHERE id = %(stream)s AND lease_no = %(lease_no)s
"""
_GIVE_UP: Final = """
    UPDATE syncjobs_stream
    SET lease_until = NULL, last_error = %(error)s,
        next_poll_at = statement_timestamp() + %(delay)s * interval '1 second'
    WHERE id = %(stream)s AND lease_no = %(lease_no)s
"""
