"""One round of a worker: claim, prepare, send, record."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import groupby
from time import monotonic
from typing import Final

from django.db import transaction

from syncjobs.connectors.base import Connector
from syncjobs.connectors.errors import ConnectorError
from syncjobs.crashpoints import reach
from syncjobs.engine import ledger
from syncjobs.engine.claim import BATCH, LEASE_SECONDS, SEND_SECONDS, Claim, claim, renew
from syncjobs.engine.deadlocks import again_after_deadlock
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.engine.prepare import load_jobs, prepare
from syncjobs.engine.release import lock_to_hold
from syncjobs.engine.replan import needs_replan, replan
from syncjobs.engine.send import can_batch, failed, send_many
from syncjobs.engine.systems import Systems
from syncjobs.models import Connection
from syncjobs.retry import TRIP_AFTER

logger = logging.getLogger(__name__)

FLUSH_AFTER: Final = 25
FLUSH_SECONDS: Final = 0.5
RENEW_SECONDS: Final = LEASE_SECONDS / 3
BLOCKING: Final = frozenset({"hold", "wait"})
Stop = Callable[[], bool]


def deliver_batch(systems: Systems, *, worker: str, stop: Stop, limit: int = BATCH) -> int:
    """Take what is due and see it through; return how many deliveries were taken.

    `stop` is asked before each send: what was not sent then goes back as it was.
    """
    taken = monotonic()
    claims = claim(limit)
    if not claims:
        return 0
    reach("deliver.after_claim")
    ready, decided, again = _prepare(claims)
    for job in again:
        replan(job, worker=worker)
    ledger.record(decided, worker=worker)
    for job in ready:
        job.send_before = taken + 2 * SEND_SECONDS
    by_system = sorted(ready, key=lambda job: job.delivery.connection_id)
    for _, group in groupby(by_system, key=lambda job: job.delivery.connection_id):
        jobs = list(group)
        _send_all(jobs, systems, worker, lambda: stop() or monotonic() > taken + SEND_SECONDS)
    return len(claims)


@again_after_deadlock
def _prepare(claims: list[Claim]) -> tuple[list[Job], list[Outcome], list[Job]]:
    """Prepare under the shared lock; what is held or waits is recorded before it ends.

    Returns what is to be sent, what is decided, and what must be planned again.
    """
    with transaction.atomic():
        ours = ledger.lock_claims(claims)
        lock_to_hold()
        jobs = load_jobs(ours)
        again = [job for job in jobs if needs_replan(job)]
        ready, decided = prepare([job for job in jobs if not needs_replan(job)])
        ledger.record_blocked([one for one in decided if one.move in BLOCKING])
        ledger.note_intents(ready)
    return ready, [one for one in decided if one.move not in BLOCKING], again


def _send_all(jobs: list[Job], systems: Systems, worker: str, stop: Stop) -> None:
    connection = jobs[0].delivery.connection
    try:
        system = systems.open(connection)
    except ConnectorError as error:
        ledger.record(
            [failed(job, error, verify=job.delivery.verify) for job in jobs], worker=worker
        )
        return
    systems.allow(connection, 2 * len(jobs))
    batch: list[Outcome] = []
    flushed = renewed = monotonic()
    left = {job.delivery.pk: job for job in jobs}
    for outcome in _outcomes(jobs, system, connection, stop):
        batch.append(outcome)
        left.pop(outcome.job.delivery.pk)
        now = monotonic()
        if len(batch) >= FLUSH_AFTER or now - flushed > FLUSH_SECONDS:
            ledger.record(batch, worker=worker)
            batch, flushed = [], now
        if now - renewed > RENEW_SECONDS:
            renew([Claim(job.delivery.pk, job.lease_no) for job in left.values()])
            renewed = now
    ledger.record(batch, worker=worker)


def _outcomes(
    jobs: list[Job], system: Connector, connection: Connection, stop: Stop
) -> Iterator[Outcome]:
    """Send several at once, as many as the connection allows; yield outcomes as they come.

    After a refusal of the whole connection, or enough failures in a row, nothing more is sent:
    the rest goes back untouched.
    """
    brake = _Brake()
    with ThreadPoolExecutor(max(1, connection.in_flight), thread_name_prefix="send") as pool:
        running: set[Future[list[Outcome]]] = set()
        waiting = iter(_calls(jobs, system))
        for call in waiting:
            if stop() or brake.pulled:
                yield from brake.give_back(call)
                break
            running.add(pool.submit(send_many, call, system))
            if len(running) >= max(1, connection.in_flight):
                yield from brake.watch(_take_done(running))
        while running:
            yield from brake.watch(_take_done(running))
        for call in waiting:
            yield from brake.give_back(call)


def _calls(jobs: Sequence[Job], system: Connector) -> list[list[Job]]:
    """Put together what one call takes; everything else goes alone, in the jobs' order."""
    calls: list[list[Job]] = []
    growing: dict[str, list[Job]] = {}
    for job in jobs:
        most = can_batch(job, system)
        object_ = job.delivery.object
        if most > 1 and object_ in growing and len(growing[object_]) < most:
            growing[object_].append(job)
            continue
        calls.append([job])
        if most > 1:
            growing[object_] = calls[-1]
    return calls


def _take_done(running: set[Future[list[Outcome]]]) -> list[Outcome]:
    """Wait for at least one; take what is done out of `running`."""
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    running -= done
    return [outcome for future in done for outcome in future.result()]


class _Brake:
    """Stops sending when going on would only do harm."""

    def __init__(self) -> None:
        self.pulled = False
        self._failures = 0
        self._delay = 0.0

    def watch(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Pass outcomes on and learn from them."""
        for outcome in outcomes:
            if outcome.error_class in ("transient", "unknown"):
                self._failures += outcome.called
            elif not outcome.error_class:
                self._failures = 0
            if outcome.error_class == "rate_limited":
                self._delay = max(self._delay, outcome.delay)
            if outcome.error_class in ("config", "rate_limited") or self._failures >= TRIP_AFTER:
                self.pulled = True
            yield outcome

    def give_back(self, call: Sequence[Job]) -> list[Outcome]:
        """Return jobs that were not sent to the queue, as they were."""
        return [
            Outcome(job, "give_back", delay=self._delay, verify=job.delivery.verify) for job in call
        ]
