"""One round of a worker: claim, prepare, send, record."""

import logging
from collections.abc import Callable, Sequence
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
from syncjobs.engine.sending import Sending, give_back
from syncjobs.engine.slots import FULL_SECONDS, places
from syncjobs.engine.systems import Systems

logger = logging.getLogger(__name__)

RENEW_SECONDS: Final = LEASE_SECONDS / 3
# Before a system is opened, which may take a while: a lease that is older than this.
ROUND_SECONDS: Final = 1.0
BLOCKING: Final = frozenset({"hold", "wait"})
Stop = Callable[[], bool]


def deliver_batch(systems: Systems, *, worker: str, stop: Stop, limit: int = BATCH) -> int:
    """Take what is due and see it through; return how many deliveries were taken.

    `stop` is asked before each send: what was not sent then goes back as it was.
    """
    taken = monotonic()
    claims = claim(limit, without=systems.full())
    if not claims:
        return 0
    reach("deliver.after_claim")
    ready, decided, again = _prepare(claims)
    for job in again:
        replan(job, worker=worker)
    ledger.record(decided, worker=worker)
    for job in ready:
        job.send_before = taken + 2 * SEND_SECONDS
    leases = _Leases(ready, taken)
    for jobs in _by_system(ready):
        _send_all(
            jobs, systems, worker, leases, lambda: stop() or monotonic() > taken + SEND_SECONDS
        )
    return len(claims)


class _Leases:
    """Keeps the leases of all that a claim has still to send: also of those systems whose turn
    comes after a slow one. Each is fenced, so what is somebody else's by now stays theirs.
    """

    def __init__(self, jobs: Sequence[Job], renewed: float) -> None:
        """renewed: when, by `monotonic`, the leases began."""
        self._left = {job.delivery.pk: Claim(job.delivery.pk, job.lease_no) for job in jobs}
        self._renewed = renewed

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
        ours = ledger.lock_claims(claims)
        lock_to_hold()
        jobs = load_jobs(ours)
        again = [job for job in jobs if needs_replan(job)]
        ready, decided = prepare([job for job in jobs if not needs_replan(job)])
        ledger.record_blocked([one for one in decided if one.move in BLOCKING])
        ledger.note_intents(ready)
    return ready, [one for one in decided if one.move not in BLOCKING], again


def _send_all(jobs: list[Job], systems: Systems, worker: str, leases: _Leases, stop: Stop) -> None:
    def record(outcomes: list[Outcome]) -> None:
        ledger.record(outcomes, worker=worker)
        leases.drop(outcomes)

    connection = jobs[0].delivery.connection
    if stop():
        # The one before took the claim's time: nothing would be sent, so nobody signs in.
        record(give_back(jobs, delay=0))
        return
    leases.keep(ROUND_SECONDS)
    try:
        system = systems.open(connection)
    except ConnectorError as error:
        record([failed(job, error, verify=job.delivery.verify) for job in jobs])
        return
    systems.allow(connection, 2 * len(jobs))
    calls = _calls(jobs, system)
    with places(connection, min(connection.in_flight, len(calls)), leases.ids) as free:
        if free:
            # What comes back is recorded while more is sent, and the leases of the rest are kept.
            sending = Sending(
                calls, lambda call: send_many(call, system), in_flight=free, stop=stop
            )
            for batch in sending.batches():
                record(batch)
                leases.keep()
            return
    systems.note_full(connection.pk)
    record(give_back(jobs, delay=FULL_SECONDS))


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
