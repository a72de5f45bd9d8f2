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
from tenants.context import pinned_schema

logger = logging.getLogger(__name__)

RENEW_SECONDS: Final = LEASE_SECONDS / 3
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
    for jobs in _by_system(ready):
        _send_all(jobs, systems, worker, lambda: stop() or monotonic() > taken + SEND_SECONDS)
    return len(claims)


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
    with transaction.atomic(), pinned_schema():
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
    calls = _calls(jobs, system)
    mine = [job.delivery.pk for job in jobs]
    with places(connection, min(connection.in_flight, len(calls)), mine) as free:
        if free:
            _send_at_once(calls, system, worker, free, stop)
            return
    systems.note_full(connection.pk)
    ledger.record(give_back(jobs, delay=FULL_SECONDS), worker=worker)


def _send_at_once(
    calls: list[list[Job]], system: Connector, worker: str, in_flight: int, stop: Stop
) -> None:
    """Send, record what comes back while more is sent, and keep the leases of the rest."""
    sending = Sending(calls, lambda call: send_many(call, system), in_flight=in_flight, stop=stop)
    renewed = monotonic()
    left = {job.delivery.pk: job for call in calls for job in call}
    for batch in sending.batches():
        ledger.record(batch, worker=worker)
        for outcome in batch:
            left.pop(outcome.job.delivery.pk)
        if monotonic() - renewed > RENEW_SECONDS:
            renew([Claim(job.delivery.pk, job.lease_no) for job in left.values()])
            renewed = monotonic()


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
