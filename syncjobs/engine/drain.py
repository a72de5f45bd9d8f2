"""Does what is due in one partner's schema, within bounds, so that all partners get their turn."""

import gc
import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from datetime import timedelta
from functools import lru_cache
from time import monotonic, sleep
from typing import Final

from django.core.cache import cache

from branding.services import report_drawing
from governance.services import impacts
from governance.services.emergencies import expire_unreviewed
from governance.services.schedule import apply_due
from syncjobs.engine import doorbell
from syncjobs.engine.agenda import (
    Behind,
    Chores,
    Work,
    begin,
    due_behind,
    due_work,
    has_background,
)
from syncjobs.engine.ahead import Wait, ahead
from syncjobs.engine.backfill import backfill
from syncjobs.engine.claim import BATCH, age, has_due, reap
from syncjobs.engine.deliver import deliver_batch
from syncjobs.engine.lateness import tell_late
from syncjobs.engine.reconcile import reconcile
from syncjobs.engine.release import recheck
from syncjobs.engine.restored import notice as notice_restored
from syncjobs.engine.rows import prepare_here
from syncjobs.engine.runs import counted_at_the_end, over, refresh_put_off
from syncjobs.engine.schedules import fire_comparison, fire_due
from syncjobs.engine.slots import background_place
from syncjobs.engine.systems import Systems
from syncjobs.intake.arrivals import something_came, work_arrivals
from syncjobs.intake.comparing import compare_stream
from syncjobs.intake.polling import Pages, Polled

logger = logging.getLogger(__name__)

MOST_DELIVERIES: Final = 10_000
# What is read ahead waits where so many deliveries are due.
LEAD: Final = 5 * BATCH
# Others wait no longer for their turn than this, and what is in flight then.
MOST_SECONDS: Final = 4.0
# Previews and comparisons wait no longer than this for live work to have a pause.
PATIENCE: Final = timedelta(minutes=10)
# Seconds between two looks for what is later than its workflow promises.
LOOK_FOR_LATE: Final = 300
Stop = Callable[[], bool]


@dataclass(slots=True)
class Drained:
    """What one drain did. `more`: work is due still; ring again, behind the others."""

    deliveries: int = 0
    read: int = 0
    reaped: int = 0
    previews: int = 0
    reports: int = 0
    more: bool = False
    errors: list[str] = field(default_factory=list)


@lru_cache(maxsize=1)
def spare_the_collector() -> None:
    """Let Python look for unreachable cycles seldom, and not among what a process begins with.

    A claim makes tens of thousands of objects and hardly a cycle; with Python's own thresholds
    a fifth of the engine's time went into looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def worker_name() -> str:
    """Return who works: host, process and thread, as attempts keep it."""
    return f"{socket.gethostname()}/{os.getpid()}/{threading.get_native_id()}"


def never() -> bool:
    """Return False: nothing asks to stop."""
    return False


def drain(
    *,
    most: int = MOST_DELIVERIES,
    seconds: float = MOST_SECONDS,
    stop: Stop = never,
    systems: Systems | None = None,
) -> Drained:
    """Read due streams and deliver what is due in the schema that is entered.

    At most `most` deliveries or `seconds`, then it returns with `more` set.
    """
    spare_the_collector()
    prepare_here()
    notice_restored()
    until = monotonic() + seconds
    done = Drained()

    def full() -> bool:
        return stop() or monotonic() > until or done.deliveries >= most

    doorbell.answer()
    with counted_at_the_end(), systems or Systems() as opened:
        waits, work = begin()
        done.reaped = _do_chores(waits)
        behind = _live(opened, done, full, most, None if any(astuple(waits)) else work)
        left_alone = bool(opened.full())
        if not stop():
            left_alone |= not _background(opened, done, full, stop, most, behind)
    # In the background others may have ended what was over before.
    refresh_put_off(behind.ended if behind is not None and not behind.background else over())
    wait = doorbell.settle()
    # What is left for others that hold all places is rung for by the sweep, not at once.
    done.more = wait is not None and wait <= 0 and not left_alone
    return done


def _do_chores(waits: Chores) -> int:
    """Do what comes before all work; return how many leases had ended."""
    reaped = reap() if waits.leases else 0
    if waits.gates:
        recheck()
    if waits.aged:
        age()
    if waits.changes:
        apply_due()
    if waits.reviews:
        expire_unreviewed()
    if cache.add("engine:late", 1, timeout=LOOK_FOR_LATE):
        tell_late()
    if waits.schedules:
        fire_due()
    return reaped


def _live(
    systems: Systems, done: Drained, full: Stop, most: int, work: Work | None = None
) -> Behind | None:
    """Do what is live, and behind it backfills and full comparisons, until nothing of that is
    left; return what is to be done then, None when there was no time for all. `work`: what is
    live now, where that is known.
    """
    while not full():
        did = _round(work or due_work(), systems, done, full, most)
        work = None
        if not did:
            behind = due_behind()
            did = any(map(backfill, behind.workflows))
            if not did and not _compare(behind.compares, systems, done, full):
                return behind
    return None


def _background(
    systems: Systems,
    done: Drained,
    full: Stop,
    stop: Stop,
    most: int,
    behind: Behind | None,
) -> bool:
    """Make one preview, a part of one report or one comparison: minutes at worst.

    Live work goes first: it is done when there is none, or when it has waited long; then
    another worker is called to go on with the live work. Returns False when there was no live
    work left and others hold the places. `behind`: as `_live` gave it.
    """
    busy = behind is None
    waited = PATIENCE if busy else timedelta(0)
    if not (has_background(waited) if behind is None else behind.background):
        return True
    with background_place() as free:
        if not free:
            return busy
        if busy:
            doorbell.ring()
        done.previews = impacts.work_due(stop=stop, waited=waited)
        done.reports = 0 if done.previews else report_drawing.draw_due(stop=stop, waited=waited)
        if done.previews or done.reports:
            return True
        run_id = fire_comparison(waited)
        if run_id is not None:
            # What its firing let go does not wait for what it compares.
            _live(systems, done, full, most)
            reconcile(run_id, systems, stop=stop)
    return True


def _round(work: Work, systems: Systems, done: Drained, full: Stop, most: int) -> bool:
    """Do one piece of what is live; say whether there was any.

    What webhooks brought goes before reading, and reading before a batch of deliveries: what
    others refer to should be there before what refers to it goes out.
    """
    for stream_id in work.arrivals:
        arrived = work_arrivals(stream_id, stop=full)
        if arrived is not None:
            done.read += arrived
            return True
    for stream_id in work.streams:
        polled = _read(stream_id, systems, done, full, most)
        if polled is not None:
            done.read += polled.read
            if polled.error:
                done.errors.append(polled.error)
            return True
    return work.sends and _deliver(systems, done, full, most) > 0


def _read(stream_id: int, systems: Systems, done: Drained, full: Stop, most: int) -> Polled | None:
    """Read a stream. When it is the last one that is due, and its pages bring enough for full
    calls, that is sent while the next are read. Earlier streams are read before:
    records refer to those of these.
    """
    pages = Pages(stream_id, systems, stop=full)
    while pages.next():
        if not full() and has_due(BATCH) and not something_came():
            with ahead(pages.next, lambda: not has_due(LEAD)) as beside:
                _deliver(systems, done, full, most, beside=beside)
    return pages.polled


def _deliver(
    systems: Systems,
    done: Drained,
    full: Stop,
    most: int,
    beside: Wait | None = None,
) -> int:
    left = most - done.deliveries

    def goes_on(taken: int) -> bool:
        """Whether what this round would do next is to send more."""
        return taken + BATCH <= left and not full() and not something_came()

    taken = deliver_batch(
        systems,
        worker=worker_name(),
        stop=full,
        limit=min(BATCH, left),
        goes_on=goes_on if left >= 2 * BATCH else None,
        beside=beside,
    )
    done.deliveries += taken
    return taken


def _compare(streams: list[int], systems: Systems, done: Drained, full: Stop) -> bool:
    """Go on with a full comparison until there is live work: after a page that comes first."""
    for stream_id in streams:
        compared = compare_stream(stream_id, systems, stop=lambda: full() or _is_live())
        if compared is not None:
            done.read += compared
            return not full()
    return False


def _is_live() -> bool:
    """Say whether anything is due that goes before work in the background."""
    return something_came() or has_due()


def drain_until_idle(
    *, patience: float = 30.0, stop: Stop = never, systems: Systems | None = None
) -> Drained:
    """Drain again and again until nothing comes due within `patience` seconds.

    For the demo and for tests, which have no queue: retries are waited for.
    """
    total = Drained()
    while not stop():
        part = drain(stop=stop, systems=systems)
        total.deliveries += part.deliveries
        total.read += part.read
        total.reaped += part.reaped
        total.previews += part.previews
        total.reports += part.reports
        total.errors += part.errors
        if part.more:
            continue
        wait = doorbell.settle()
        if wait is None or wait > patience:
            break
        sleep(min(max(wait, 0.05), 1.0))
    return total
