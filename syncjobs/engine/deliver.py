"""One round of a worker: claim, prepare, send, record."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, groupby
from time import monotonic, sleep
from typing import Final

from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)

from governance.deadlocks import again_after_deadlock
from syncjobs.connectors.base import Connector
from syncjobs.connectors.errors import ConnectorError
from syncjobs.crashpoints import reach
from syncjobs.engine import ledger
from syncjobs.engine.ahead import Wait
from syncjobs.engine.called_off import called_off
from syncjobs.engine.claim import BATCH, LEASE_SECONDS, SEND_SECONDS, Claim, claim, renew
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.engine.prepare import jobs_of, lock_rows, prepare
from syncjobs.engine.recording import recording
from syncjobs.engine.release import lock_to_hold
from syncjobs.engine.replan import needs_replan, replan
from syncjobs.engine.send import can_batch, failed, not_kept, send_many
from syncjobs.engine.sending import Sending, give_back
from syncjobs.engine.slots import FULL_SECONDS, places
from syncjobs.engine.systems import Systems

logger = logging.getLogger(__name__)

RENEW_SECONDS: Final = LEASE_SECONDS / 3
# Before a system is opened, which may take a while: a lease that is older than this.
ROUND_SECONDS: Final = 1.0
# How often people are asked whether what was claimed is to be sent still.
LOOK_SECONDS: Final = 1.0
# Before what came back is recorded again: together well under a lease.
PAUSES: Final = (1, 2, 4, 8)
BLOCKING: Final = frozenset({"hold", "wait"})
Stop = Callable[[], bool]
# Of how many were taken so far.
GoesOn = Callable[[int], bool]


def deliver_batch(
    systems: Systems,
    *,
    worker: str,
    stop: Stop,
    limit: int = BATCH,
    goes_on: GoesOn | None = None,
    beside: Wait | None = None,
) -> int:
    """Take what is due and see it through; return how many deliveries were taken.

    `stop` is asked before each send: what was not sent then goes back as it was. `goes_on`: is
    asked, with how many were taken, whether the next claim for the same system may be made while
    this one is being sent. So the calls in flight never wait for a claim. `beside`: waits
    for other work that brings more to send (`ahead`).
    """
    return _Round(systems, worker, stop, limit, goes_on, beside).run()


class _Round:
    """What one worker has claimed and not yet recorded."""

    def __init__(
        self,
        systems: Systems,
        worker: str,
        stop: Stop,
        limit: int,
        goes_on: GoesOn | None,
        beside: Wait | None,
    ) -> None:
        self._systems, self._worker, self._limit = systems, worker, limit
        self._asked_to_stop, self._goes_on, self._beside = stop, goes_on, beside
        self._leases = _Leases(monotonic())
        self._until = self._looked = monotonic()
        self._taken = 0

    def run(self) -> int:
        groups = _by_system(self._take())
        for place, jobs in enumerate(groups, 1):
            # The others are done by then: what comes after a full claim may follow at once.
            is_full = self._taken >= self._limit or self._beside is not None
            try:
                self._send_all(jobs, is_last=place == len(groups) and is_full)
            except Exception:
                # A fault of our own: of the systems after this one, nothing has been sent.
                self._record(give_back(chain.from_iterable(groups[place:]), delay=0))
                raise
        return self._taken

    def _take(self, only: int | None = None) -> list[Job]:
        """Claim and prepare; return what is to be sent."""
        begun = monotonic()
        claims = claim(self._limit, without=self._systems.full(), only=only)
        if not claims:
            return []
        self._taken += len(claims)
        reach("deliver.after_claim")
        ready, decided, again = _prepare(claims)
        for job in again:
            replan(job, worker=self._worker)
        ledger.record(decided, worker=self._worker)
        for job in ready:
            job.send_before = begun + 2 * SEND_SECONDS
        self._leases.add(ready)
        self._until = begun + SEND_SECONDS
        return ready

    def _stop(self) -> bool:
        return self._asked_to_stop() or monotonic() > self._until

    def _record(self, outcomes: list[Outcome]) -> None:
        try:
            _record_surely(outcomes, self._worker)
        except (DataError, IntegrityError):
            _record_apart(outcomes, self._worker)
        self._leases.drop(outcomes)

    def _send_all(self, jobs: list[Job], *, is_last: bool) -> None:
        target = jobs[0].delivery.connection
        if self._stop():
            # The one before took the claim's time: nothing would be sent, so nobody signs in.
            self._record(give_back(jobs, delay=0))
            return
        self._leases.keep(ROUND_SECONDS)
        try:
            self._systems.open(target)
        except ConnectorError as error:
            self._record(_not_opened(jobs, error))
            return
        calls = self._calls(jobs)
        with places(target, min(target.in_flight, len(calls)), self._leases.ids) as free:
            if free:
                follow = is_last and self._goes_on is not None
                sending = Sending(
                    calls,
                    lambda call: send_many(call, self._opened(call)),
                    in_flight=free,
                    stop=self._stop,
                    follow=partial(self._following, target.pk) if follow else None,
                )
                # What comes back is recorded while more is sent, and the leases are kept.
                with recording(self._record, beside=follow) as record:
                    for batch in sending.batches():
                        try:
                            record(batch)
                            self._leases.keep()
                            record(sending.take_back(self._called_off()))
                        except Exception as fault:  # what else comes back is recorded all the same
                            sending.end_with(fault)
                return
        self._systems.note_full(target.pk)
        self._record(give_back(jobs, delay=FULL_SECONDS))

    def _opened(self, call: Sequence[Job]) -> Connector:
        return self._systems.opened(call[0].delivery.connection)

    def _calls(self, jobs: Sequence[Job]) -> list[list[Job]]:
        self._systems.allow(jobs[0].delivery.connection, 2 * len(jobs))
        return _calls(jobs, self._opened(jobs))

    def _called_off(self) -> set[int]:
        if monotonic() - self._looked < LOOK_SECONDS:
            return set()
        self._looked = monotonic()
        return called_off(self._leases.ids)

    def _following(self, connection_id: int, patience: float) -> list[list[Job]] | None:
        """Return the calls of the next claim for a system; none where others come first or there
        are none to come, None where what is done beside may bring some yet.
        """
        if self._goes_on is None or not self._goes_on(self._taken):
            return []
        if self._beside is not None:
            self._beside(0)
        jobs = self._take(connection_id)
        if jobs:
            return self._calls(jobs)
        return None if self._beside is not None and self._beside(patience) else []


class _Leases:
    """Keeps the leases of all that is still to be sent: also of those systems whose turn comes
    after a slow one. Each is fenced, so what is somebody else's by now stays theirs.
    """

    def __init__(self, renewed: float) -> None:
        """renewed: when, by `monotonic`, the leases began."""
        self._left: dict[int, Claim] = {}
        self._renewed = renewed

    def add(self, jobs: Sequence[Job]) -> None:
        """Keep these as well."""
        for job in jobs:
            self._left[job.delivery.pk] = Claim(job.delivery.pk, job.lease_no)

    @property
    def ids(self) -> list[int]:
        """Return the deliveries that are still to be sent."""
        return list(self._left)

    def drop(self, outcomes: Sequence[Outcome]) -> None:
        """Forget what is recorded."""
        for outcome in outcomes:
            self._left.pop(outcome.job.delivery.pk, None)

    def keep(self, seconds: float = RENEW_SECONDS) -> None:
        """Renew them when the last time is longer ago than this."""
        if monotonic() - self._renewed > seconds:
            renew(list(self._left.values()))
            self._renewed = monotonic()


def _record_surely(outcomes: Sequence[Outcome], worker: str) -> None:
    """Record in a new session where the database ended the old one, as a restart does. What was
    committed before the answer was lost has another state by then, and stays as it is.
    """
    for pause in PAUSES:
        try:
            ledger.record(outcomes, worker=worker)
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block:
                raise
            logger.warning("What came back could not be recorded; trying again.", exc_info=True)
            connection.close()
            sleep(pause)
        else:
            return
    ledger.record(outcomes, worker=worker)


def _record_apart(outcomes: Sequence[Outcome], worker: str) -> None:
    """Record one by one where something among them cannot be kept, as systems may answer anything:
    the others do not suffer for it, and what that one did is asked of its system later. Where
    another session took a place in the same instant, this finds it taken.
    """
    for one in outcomes:
        try:
            ledger.record([one], worker=worker)
        except DataError:
            logger.exception("What came of delivery %s cannot be kept.", one.job.delivery.pk)
            ledger.record([not_kept(one.job)], worker=worker)


def _not_opened(jobs: Sequence[Job], error: ConnectorError) -> list[Outcome]:
    """Return what follows where a system was not opened: one call failed, so one delivery has
    tried; the others go back as they were.
    """
    tried = failed(jobs[0], error, verify=jobs[0].delivery.verify)
    return [tried, *give_back(jobs[1:], delay=tried.delay)]


def _by_system(ready: Sequence[Job]) -> list[list[Job]]:
    """Group by connection; the one with little to do does not wait for the one with much."""
    by_system = sorted(ready, key=lambda job: job.delivery.connection_id)
    groups = groupby(by_system, key=lambda job: job.delivery.connection_id)
    return sorted((list(group) for _, group in groups), key=len)


@again_after_deadlock
def _prepare(claims: list[Claim]) -> tuple[list[Job], list[Outcome], list[Job]]:
    """Prepare under the shared lock; what is held or waits is recorded before it ends.

    Returns what is to be sent, what is decided, and what must be planned again.
    """
    with transaction.atomic():
        rows = lock_rows(claims)
        lock_to_hold()
        jobs = jobs_of(rows, claims)
        again = [job for job in jobs if needs_replan(job)]
        ready, decided = prepare([job for job in jobs if not needs_replan(job)])
        ledger.record_blocked([one for one in decided if one.move in BLOCKING])
        ledger.note_intents(ready)
    return ready, [one for one in decided if one.move not in BLOCKING], again


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
