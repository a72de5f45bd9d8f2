"""B8: a webhook, acknowledged after its commit, at 1, 8 and 32 connections.

The product behind gunicorn as in production (2 processes, 4 threads each): host, signature,
decoding, one row per record, the ring, commit. Beside it the least that can do it: `aiohttp`
and one INSERT. They take turns, in this order: ABBA.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Final

from bench.figures import Figure, at_least, at_most, reported
from bench.pair.comparing import ready, surroundings
from bench.pair.ends import ROOT
from bench.pair.hooks import Sent, Web, hook_of, send
from bench.pair.workflow import bench
from tenants.postgres import roles

TABLE: Final = "bench_bare"
CONNECTIONS: Final = (1, 8, 32)
MESSAGES: Final = 400
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


def measure() -> list[Figure]:
    """Send to both in turns."""
    figures: list[Figure] = []
    web = Web()
    with ready(0) as systems, bench(systems, "bench-b8") as made, _bare() as bare_address:
        hook = hook_of(made)
        web.start()
        try:
            number = 0
            for connections in CONNECTIONS:
                ours: list[Sent] = []
                bare: list[Sent] = []
                for is_ours in (True, False, False, True):
                    numbers = range(number, number + MESSAGES)
                    number += MESSAGES
                    requests = [(one, hook.message(one)) for one in numbers]
                    address = web.address if is_ours else bare_address
                    sent = send(address, requests, connections=connections)
                    (ours if is_ours else bare).append(sent)
                figures += _figures(connections, ours, bare)
        finally:
            web.kill()
    return [*figures, *surroundings("b8")]
