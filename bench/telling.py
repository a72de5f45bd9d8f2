"""Telling: a burst of messages to programs outside, alone and beside one that never answers.

The receivers are a process of their own. What they take of the processor is the machine's, too:
both figures are by the clock.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench import partners
from bench.figures import Figure, at_most, reported
from bench.pair.ends import ROOT
from bench.pair.workflow import ACTOR, prepare_database, spent
from governance import correlation
from syncjobs.models import Endpoint, Message
from syncjobs.services.endpoint_secrets import make_secret
from syncjobs.telling.kinds import RUN_FAILED
from syncjobs.telling.sending import send_messages
from syncjobs.telling.tell import tell
from tenants.context import schema_scope
from tenants.services.provisioning import schema_of

MESSAGES: Final = 5_000
SLOW_MESSAGES: Final = 200
LONGEST: Final = 90.0
SLUG: Final = "bench-telling"
LIMIT: Final = "a row recorded for each; the receiver's share of the processor"


@contextmanager
def _receivers() -> Iterator[str]:
    """Serve from a child process, which ends with this block or with us; yield its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.receivers"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def _endpoint(url: str) -> Endpoint:
    made = Endpoint(name=url[-4:], url=url, listens=[RUN_FAILED])
    make_secret(made)
    made.save()
    return made


def _burst(prefix: str, addresses: dict[str, int]) -> list[Figure]:
    """Tell each address of so many things and send until the first has had all of its."""
    Endpoint.objects.all().delete()
    ends: dict[str, float] = {}
    made = {}
    for url, count in addresses.items():
        Endpoint.objects.update(listens=[])
        made[url] = _endpoint(url)
        tell(RUN_FAILED, [(None, {"run": {"id": number}}) for number in range(count)])
    first = next(iter(addresses))
    started = time.monotonic()

    def work() -> None:
        while first not in ends and time.monotonic() - started < LONGEST:
            if not send_messages():
                time.sleep(0.1)
            for url, endpoint in made.items():
                waiting = Message.objects.filter(endpoint=endpoint, due_at__isnull=False)
                if url not in ends and not waiting.exists():
                    ends[url] = time.monotonic() - started

    took = spent(work)
    each = 1e6 / addresses[first]
    reach = 30 if len(addresses) == 1 else 45
    return [
        at_most(f"telling.{prefix}", ends.get(first, LONGEST), "s", reach, LIMIT),
        reported(f"telling.{prefix}.ours", took.cpu * each, "µs a message", "our processor time"),
        reported(f"telling.{prefix}.database", took.database * each, "µs a message", "its session"),
    ]


def measure() -> list[Figure]:
    """Send a burst to one endpoint; the same beside one that hangs; a part of it to a slow one."""
    prepare_database()
    partners.take_away([SLUG])
    try:
        with correlation.scope(actor=ACTOR, door="command"):
            partners.provision(SLUG, "Bench Telling")
        with (
            _receivers() as base,
            schema_scope(schema_of(SLUG)),
            correlation.scope(actor=ACTOR, door="task"),
        ):
            return [
                *_burst("burst", {f"{base}/fast": MESSAGES}),
                *_burst("beside_hanging", {f"{base}/fast": MESSAGES, f"{base}/hang": 10}),
                *_burst("slow", {f"{base}/slow": SLOW_MESSAGES}),
            ]
    finally:
        partners.take_away([SLUG])
