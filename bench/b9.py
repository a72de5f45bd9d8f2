"""B9: kill -9 of web and worker while webhooks are being acknowledged and the target is slow.

What the senders saw acknowledged must all be in the target in the end, each once. The wait for
the dead worker's leases (up to 60 s) is skipped by ending them; nothing else is helped.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Final

from django.db import transaction
from django.utils import timezone

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import ready, surroundings
from bench.pair.ends import ROOT, Pair
from bench.pair.entries import entry
from bench.pair.hooks import Hook, Sent, Web, hook_of, send
from bench.pair.workflow import Bench, Setting, bench
from syncjobs.models import Delivery, Stream

MESSAGES: Final = 600
KILLS: Final = 2
DELAY: Final = 0.02
LIMIT: Final = "correctness; n8n lost 472 of 559, Node-RED 327 of 401"


def _worker(made: Bench) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.pair.worker", made.schema, "--stay"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def _senders(web: Web, hook: Hook, sent: list[Sent]) -> threading.Thread:
    requests = [(number, hook.message(number)) for number in range(MESSAGES)]
    work = threading.Thread(
        target=lambda: sent.append(send(web.address, requests, connections=8, seconds=120))
    )
    work.start()
    return work


def _end_leases(made: Bench) -> None:
    with made.entered(), transaction.atomic():
        past = timezone.now()
        Delivery.objects.filter(lease_until__isnull=False).update(lease_until=past)
        Stream.objects.filter(lease_until__isnull=False).update(lease_until=past)


def _until_calls(systems: Pair, calls: int) -> None:
    """Wait until the target has had so many calls, 60 s at most."""
    end = time.monotonic() + 60
    while systems.counts()["calls"] < calls and time.monotonic() < end:
        time.sleep(0.05)


def _storm(systems: Pair, made: Bench) -> Sent:
    """Send while everything is killed and started again, then let the work end."""
    web, sent = Web(), list[Sent]()
    hook = hook_of(made)
    web.start()
    worker = _worker(made)
    senders = _senders(web, hook, sent)
    try:
        for place in range(KILLS):
            _until_calls(systems, (place + 1) * 40)
            web.kill()
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
            _end_leases(made)
            web.start()
            worker = _worker(made)
        senders.join()
    finally:
        web.kill()
        worker.kill()
        worker.wait()
    _end_leases(made)
    made.run()
    return sent[0]


def measure() -> list[Figure]:
    """Count what was acknowledged and is missing, and what is there twice."""
    with (
        ready(0) as systems,
        bench(systems, "bench-b9", Setting(object="plain", in_flight=2)) as made,
    ):
        systems.tell(delay=DELAY)
        sent = _storm(systems, made)
        counts, there = systems.counts(), systems.references()
        states = made.states()
    lost = len({str(entry(number, 0)["number"]) for number in sent.acknowledged} - there)
    return [
        at_most("b9.lost", lost, f"of {len(sent.acknowledged)} acknowledged", 0, LIMIT),
        at_most("b9.doubled", counts["created"] - counts["different"], "records", 0, LIMIT),
        reported("b9.left", sum(states.values()) - states.get("delivered", 0), "rows", f"{states}"),
        *surroundings("b9"),
    ]
