"""How soon work starts: with nothing else to do, and behind a partner with 10,000 queued.

A queue cluster as in production (two workers) and the supervisor's sweep. A ring is sent as
every service sends it; it has started when a worker's drain answers, by the database's clock.
"""

import sys
import time
from statistics import median
from typing import Final

from django.conf import settings
from django.utils import timezone
from django_q.models import OrmQ

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import ready, surroundings
from bench.pair.entries import RECORDS
from bench.pair.workflow import Bench, Setting, bench
from syncjobs.engine import doorbell, supervisor
from syncjobs.engine.systems import Systems
from syncjobs.intake.polling import poll_stream
from syncjobs.models import Delivery, Stream
from tenants.context import public_scope, schema_scope
from tenants.models import Wakeup

REACH_START_MS: Final = 300
REACH_TURN_SECONDS: Final = 5.0
ROUNDS: Final = 30
TURNS: Final = 5
BACKLOG_DELAY: Final = 0.02
# What `doorbell.answer` puts ahead of the moment that it is called at.
_ANSWERED: Final = 60.0
LIMIT: Final = "the queue's poll of 200 ms; wants a quiet machine"
TURN_LIMIT: Final = "the turn of the partner before: 4 s at most, and the calls in flight"


def _started_after(made: Bench, patience: float) -> float:
    """Ring for a partner; return the seconds until a worker's drain answered."""
    with public_scope():
        Wakeup.objects.filter(schema_name=made.schema).update(lease_until=None, due_at=None)
    with schema_scope(made.schema):
        doorbell.ring()
        rung = timezone.now()
    end = time.monotonic() + patience
    while time.monotonic() < end:
        time.sleep(0.01)
        doorbell_row = _row(made.schema)
        if doorbell_row is not None:
            return max(0.0, doorbell_row - rung.timestamp())
        with public_scope():
            doorbell.sweep()
    raise RuntimeError(f"No worker came within {patience:.0f} s.")


def _row(schema: str) -> float | None:
    """Return when the partner's ring was answered, None while it is on its way."""
    with public_scope():
        row = Wakeup.objects.get(schema_name=schema)
    if row.lease_until is not None:
        return None
    until = row.due_at.timestamp() if row.due_at is not None else 0.0
    # A drain that is done already has set the time of what is due next instead.
    is_at_work = 50 < until - time.time() <= _ANSWERED
    return until - _ANSWERED if is_at_work else time.time()


def _clear_queue() -> None:
    with public_scope():
        OrmQ.objects.all().delete()


def _turns(busy: Bench, other: Bench) -> tuple[list[float], int]:
    """Let one partner's backlog run; return how long the other waits, and what was left."""
    with busy.entered(), Systems() as systems:
        poll_stream(Stream.objects.get().pk, systems, stop=lambda: False)
    for _ in range(2):  # both workers are at it
        _started_after(busy, 60.0)
    waits = [_started_after(other, 60.0) for _ in range(TURNS)]
    with busy.entered():
        left = RECORDS - Delivery.objects.filter(state="delivered").count()
    return waits, left


def measure() -> list[Figure]:
    """Start a cluster, ring, and wait."""
    stop_file = settings.STATE_DIR / "bench-cluster.stop"
    cluster = supervisor.Cluster([sys.executable, "-m", "bench.pair.cluster"], stop_file)
    with (
        ready(RECORDS) as systems,
        bench(systems, "bench-busy", Setting(in_flight=4)) as busy,
        bench(systems, "bench-idle") as idle,
    ):
        systems.tell(delay=BACKLOG_DELAY)
        with idle.entered():
            # It has nothing to read: what is measured is the way to the start alone.
            Stream.objects.update(enabled=False)
        _clear_queue()
        cluster.start()
        try:
            _started_after(idle, 60.0)
            starts = [_started_after(idle, 60.0) for _ in range(ROUNDS)]
            waits, left = _turns(busy, idle)
        finally:
            cluster.stop(20.0)
            _clear_queue()
    return [
        at_most("turns.start_p50", 1000 * median(starts), "ms", REACH_START_MS, LIMIT),
        reported("turns.start_max", 1000 * max(starts), "ms", LIMIT),
        at_most("turns.other_max", max(waits), "s", REACH_TURN_SECONDS, TURN_LIMIT),
        reported("turns.other_p50", median(waits), "s", TURN_LIMIT),
        reported("turns.backlog_left", left, "records", "the busy partner's, at the end"),
        *surroundings("turns"),
    ]
