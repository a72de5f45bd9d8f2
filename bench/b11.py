"""B11: the same work in 10 partners and in many; and what a partner with nothing to do costs.

Many is 60 by default, because making a partner takes a second; BENCH_B11_PARTNERS=1000 for
the full run.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Final

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import ready, surroundings
from bench.pair.ends import Pair
from bench.pair.workflow import Bench, Setting, bench
from syncjobs.engine import doorbell
from syncjobs.tasks import run
from tenants.context import public_scope
from tenants.models import Wakeup

FEW: Final = 10
MANY: Final = int(os.environ.get("BENCH_B11_PARTNERS", "60"))
WORK: Final = 6_000
REACH: Final = 1.2
ROUNDS: Final = 20
MOST_TURNS: Final = 20


@contextmanager
def _partners(systems: Pair, number: int) -> Iterator[list[Bench]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(bench(systems, f"bench-b11-{place}", Setting(object="batched")))
            for place in range(number)
        ]


def _spread(systems: Pair, made: list[Bench]) -> float:
    """Do all the work in turns, as rings come; return processor seconds."""
    each = WORK // len(made)
    systems.tell(records=each, empty=True)
    cpu = time.process_time()
    waiting = list(made)
    for _ in range(MOST_TURNS):
        waiting = [one for one in waiting if _has_more(one)]
    spent = time.process_time() - cpu
    for one in made:
        assert one.states() == {"delivered": each}, one.states()
    return spent


def _has_more(one: Bench) -> bool:
    """Do one turn of a partner, as a worker does when it is rung for."""
    return ": 0 deliveries, 0 records" not in run(one.schema)


def _idle(made: list[Bench]) -> float:
    """Return the milliseconds that one sweep takes when nobody is due."""
    times = []
    with public_scope():
        Wakeup.objects.filter(schema_name__in=[one.schema for one in made]).update(due_at=None)
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            doorbell.sweep_due()
            times.append(1000 * (time.perf_counter() - begin))
    return median(times)


def measure() -> list[Figure]:
    """Measure with few and with many partners."""
    with ready(0) as systems:
        with _partners(systems, FEW) as made:
            few, idle_few = _spread(systems, made), _idle(made)
        with _partners(systems, MANY) as made:
            many, idle_many = _spread(systems, made), _idle(made)
    told = f"what each partner's turn costs; {FEW} and {MANY} partners, BENCH_B11_PARTNERS for more"
    return [
        at_most("b11.cpu_ratio", many / few, "×", REACH, told),
        reported("b11.cpu_few", 1e6 * few / WORK, "µs/record", told),
        reported("b11.cpu_many", 1e6 * many / WORK, "µs/record", told),
        reported("b11.idle_few", idle_few, "ms/sweep", "one query over the public table"),
        reported("b11.idle_many", idle_many, "ms/sweep", "one query over the public table"),
        *surroundings("b11"),
    ]
