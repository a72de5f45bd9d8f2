"""Pairs of engine and script, in turns: the same work, in the same run, on the same machine."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

from django.conf import settings

from bench import machine
from bench.figures import Figure, reported
from bench.pair.ends import Pair, pair
from bench.pair.workflow import Setting, Spent, bench, prepare_database, spent

PAIRS: Final = 3
ENOUGH_SECONDS: Final = 90.0


@dataclass(frozen=True, slots=True)
class Compared:
    """What both sides took, pair by pair."""

    engine: Sequence[Spent]
    script: Sequence[Spent]

    def ratio(self, of: Callable[[Spent], float]) -> float:
        """Return the median of the pairs' ratios."""
        sides = zip(self.engine, self.script, strict=True)
        return median(of(engine) / of(script) for engine, script in sides)


def middle(sides: Sequence[Spent], of: Callable[[Spent], float]) -> float:
    """Return the median of something over one side's runs."""
    return median(of(one) for one in sides)


@contextmanager
def ready(records: int) -> Iterator[Pair]:
    """Serve the pair with so many entries; database and catalogue are ready."""
    prepare_database()
    with pair() as systems:
        systems.tell(records=records, empty=True)
        yield systems


def compare(
    systems: Pair, script: Callable[[], None], setting: Setting, *, records: int, slug: str
) -> Compared:
    """Run pairs while time allows; who goes first changes. The target is checked after each.

    Raises RuntimeError when it does not hold every record exactly once.
    """
    engine: list[Spent] = []
    plain: list[Spent] = []
    begin = time.perf_counter()
    while len(engine) < PAIRS:
        for is_engine in (len(engine) % 2 == 0, len(plain) % 2 == 1):
            systems.tell(empty=True)
            if is_engine:
                with bench(systems, slug, setting) as made:
                    engine.append(made.run())
            else:
                plain.append(spent(script))
            systems.check(records)
        told = f"  pair {len(engine)}: engine {engine[-1].seconds:.1f} s"
        told += f", script {plain[-1].seconds:.1f} s, load {machine.load():.1f}"
        print(told, file=sys.stderr, flush=True)
        if time.perf_counter() - begin > ENOUGH_SECONDS:
            break
    return Compared(engine, plain)


def surroundings(name: str) -> list[Figure]:
    """Return the load and the disk's commit time, to be read beside a suite's figures."""
    settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
    sync = machine.fdatasync_ms(settings.STATE_DIR)
    return [
        reported(f"{name}.load", machine.load(), "per processor", "whatever else runs here"),
        reported(f"{name}.fdatasync", sync, "ms", "the disk"),
    ]
