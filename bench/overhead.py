"""What tenancy and brand cost per request, with 2 and with 1,000 partners.

Two installations, each with a database and a process of its own, are asked for the same page
(sign-in: host look-up, schema, brand, theme address) in turns, block by block, through
Django's own handler, so that neither a network nor a server's workers blur it and a busy
machine is as busy for both. Partners are provisioned like real ones. The first run makes
1,000 of them (minutes); later runs find them in the state directory.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from django.conf import settings

from bench.figures import Figure, at_most, reported

FEW: Final = 2
MANY: Final = 1_000
SPREAD: Final = 50
ROUNDS: Final = 40
REQUESTS: Final = 50
REACH: Final = 1.1
LIMIT: Final = "rendering the page; the host look-up is one indexed query, then cached"


@dataclass(frozen=True)
class Way:
    """How pages are asked for: of which partners with few and with many, caches emptied or not."""

    name: str
    few: tuple[int, ...]
    many: tuple[int, ...]
    cold: bool


WAYS: Final = (
    Way("warm", (0,), (0,), cold=False),
    Way("spread", tuple(range(FEW)), tuple(range(0, MANY, MANY // SPREAD)), cold=False),
    Way("cold", (0,), (0,), cold=True),
)


class Site:
    """An installation that answers from a child process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def line(self) -> str:
        """Return the child's next answer. Raises RuntimeError when it ended instead."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"bench.site ended with code {self._process.wait()}; see above.")
        return line

    def times(self, partners: tuple[int, ...], *, cold: bool) -> list[float]:
        """Return milliseconds of each request of one block."""
        asked = {"partners": partners, "requests": REQUESTS, "cold": cold}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        times: list[float] = json.loads(self.line())
        return times


@contextmanager
def _site(partners: int) -> Iterator[Site]:
    """Start an installation with so many partners; its database stops with it."""
    state = settings.STATE_DIR / f"sites-{partners}"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.site", str(partners)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parent.parent,
        env={**environment, "LIVERY_STATE_DIR": str(state)},
    )
    assert process.stdin
    try:
        yield Site(process)
    except BaseException:
        process.terminate()  # it may be making partners for minutes still
        raise
    finally:
        process.stdin.close()
        process.wait()


def _interleaved(few: Site, many: Site, way: Way) -> tuple[float, float, float]:
    """Return the median milliseconds with few and with many, and the ratio; pairs alternate, ABBA.

    The ratio is the median of those of the pairs, which are next to each other in time: this
    machine is half as fast again from one second to another, and that says nothing of either.
    """
    times: dict[bool, list[float]] = {False: [], True: []}
    few.times(way.few, cold=way.cold)
    many.times(way.many, cold=way.cold)
    for number in range(ROUNDS):
        for is_many in (number % 2 == 0, number % 2 == 1):
            site, partners = (many, way.many) if is_many else (few, way.few)
            times[is_many].append(median(site.times(partners, cold=way.cold)))
    pairs = [slow / fast for fast, slow in zip(times[False], times[True], strict=True)]
    return median(times[False]), median(times[True]), median(pairs)


def measure() -> list[Figure]:
    """Ask both installations in turns, in one run; report times and ratios."""
    print(f"  {MANY} partners are kept in {settings.STATE_DIR}", file=sys.stderr, flush=True)
    figures: list[Figure] = []
    with _site(MANY) as many, _site(FEW) as few:
        there = [int(site.line()) for site in (few, many)][1]
        figures.append(
            reported("overhead.partners_reused", there, "partners", "what earlier runs left")
        )
        for way in WAYS:
            with_few, with_many, ratio = _interleaved(few, many, way)
            figures += [
                reported(f"overhead.{way.name}_{FEW}", with_few, "ms", LIMIT),
                reported(f"overhead.{way.name}_{MANY}", with_many, "ms", LIMIT),
                at_most(f"overhead.{way.name}_ratio", ratio, "×", REACH, LIMIT),
            ]
    return figures
