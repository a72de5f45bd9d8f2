"""B8: a webhook, acknowledged after its commit, at 1, 8 and 32 connections.

The product behind gunicorn as in production (2 processes, 8 threads each): host, signature,
decoding, one row per record, the ring, commit. Beside it the least that can do it: `aiohttp`
and one INSERT. They take turns, in this order: ABBA, and so on. Of 400 messages the 99th percentile
is the fifth slowest, so one hiccup of the machine decides it: each side counts with the median of
its rounds. Both are warm: how long the first message of a process takes is reported on its own.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from statistics import median
from typing import Final

from bench.figures import Figure, at_least, at_most, reported
from bench.pair.comparing import ready, surroundings
from bench.pair.ends import ROOT
from bench.pair.hooks import Hook, Sent, Web, hook_of, send
from bench.pair.workflow import bench
from tenants.postgres import roles

TABLE: Final = "bench_bare"
CONNECTIONS: Final = (1, 8, 32)
MESSAGES: Final = 400
ROUNDS: Final = 4  # of ABBA: eight for each side
REACH_RATE: Final = 2 * 249  # twice n8n's fastest setting
REACH_SHARE: Final = 0.3
REACH_P99: Final = 3.0
LIMIT: Final = "the web server's threads and parsing, the driver; wants a quiet machine"


@contextmanager
def _bare() -> Iterator[str]:
    """Serve the bare one from a child process with a table of its own."""
    with roles.owner_connection(autocommit=True) as owner:
        owner.execute(f"DROP TABLE IF EXISTS public.{TABLE}".encode())
        create = f"CREATE TABLE public.{TABLE} (id bigserial PRIMARY KEY, body jsonb NOT NULL)"
        owner.execute(create.encode())
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.pair.bare", TABLE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin
    assert process.stdout
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError("bench.pair.bare did not start; see above.")
        yield address
    finally:
        process.stdin.close()
        process.wait()
        with roles.owner_connection(autocommit=True) as owner:
            owner.execute(f"DROP TABLE public.{TABLE}".encode())


def _rate(rounds: list[Sent]) -> float:
    return median(len(one.acknowledged) / one.seconds for one in rounds)


def _figures(connections: int, ours: list[Sent], bare: list[Sent]) -> list[Figure]:
    name, ratio = f"b8.{connections}", _rate(ours) / _rate(bare)
    slow = median(one.p99() for one in ours) / median(one.p99() for one in bare)
    made = [
        at_least(f"{name}_share", ratio, "of the bare one's", REACH_SHARE, LIMIT),
        at_most(f"{name}_p99", slow, "× the bare one's", REACH_P99, LIMIT),
        reported(f"{name}_bare_rate", _rate(bare), "messages/s", "one commit each"),
    ]
    if connections == 1:
        return [reported(f"{name}_rate", _rate(ours), "messages/s", LIMIT), *made]
    return [at_least(f"{name}_rate", _rate(ours), "messages/s", REACH_RATE, LIMIT), *made]


class _Turns:
    """Sends to the one and to the other, each message once."""

    def __init__(self, hook: Hook, ours: str, bare: str) -> None:
        self._hook, self._addresses = hook, (bare, ours)
        self._numbers = count()

    def round(self, connections: int, *, is_ours: bool) -> Sent:
        """Send to one of both."""
        numbers = islice(self._numbers, MESSAGES)
        requests = [(number, self._hook.message(number)) for number in numbers]
        return send(self._addresses[is_ours], requests, connections=connections)

    def figures(self, connections: int) -> list[Figure]:
        """Send to both in turns."""
        ours: list[Sent] = []
        bare: list[Sent] = []
        for is_ours in (True, False, False, True) * ROUNDS:
            (ours if is_ours else bare).append(self.round(connections, is_ours=is_ours))
        return _figures(connections, ours, bare)


def measure() -> list[Figure]:
    """Warm both, then send to both in turns."""
    web = Web()
    with ready(0) as systems, bench(systems, "bench-b8") as made, _bare() as bare_address:
        web.start()
        try:
            turns = _Turns(hook_of(made), web.address, bare_address)
            first = turns.round(max(CONNECTIONS), is_ours=True)
            turns.round(max(CONNECTIONS), is_ours=False)
            figures = [one for connections in CONNECTIONS for one in turns.figures(connections)]
        finally:
            web.kill()
    why = "the tables' descriptions, read by each connection to the database; 32 at a time"
    slowest = reported("b8.first", max(first.milliseconds), "ms", why)
    return [*figures, slowest, *surroundings("b8")]
