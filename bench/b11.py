"""B11: the same work in 10 partners and in many; and what a partner with nothing to do costs.

Many is 50 by default, because making a partner takes a second; BENCH_B11_PARTNERS=1000 for
the full run.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Final

from django.utils import timezone

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import ready, surroundings
from bench.pair.ends import Pair
from bench.pair.workflow import Bench, Setting, bench
from syncjobs.engine import doorbell
from syncjobs.tasks import run
from tenants.context import public_scope
from tenants.models import Wakeup

FEW: Final = 10
MANY: Final = int(os.environ.get("BENCH_B11_PARTNERS", "50"))
WORK: Final = 10_000
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
    spent, waiting = 0.0, [one.schema for one in made]
    for _ in range(MOST_TURNS):
        cpu = time.process_time()
        for schema in waiting:
            run(schema)
        spent += time.process_time() - cpu
        waiting = _rung_for(made)
    for one in made:
        assert one.states() == {"delivered": each}, one.states()
    return spent


def _rung_for(made: list[Bench]) -> list[str]:
    """Return the partners that are due another turn now."""
    with public_scope():
        due = Wakeup.objects.filter(due_at__lte=timezone.now())
        names = set(due.values_list("schema_name", flat=True))
    return [one.schema for one in made if one.schema in names]


def _empty_turn(made: list[Bench]) -> float:
    """Return the processor milliseconds of a turn that finds nothing to do."""
    cpu = time.process_time()
    for one in made:
        run(one.schema)
    return 1000 * (time.process_time() - cpu) / len(made)


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
            many, idle_many, empty = _spread(systems, made), _idle(made), _empty_turn(made)
    turn = 1000 * (many - few) / (MANY - FEW)
    told = f"what each partner's turn costs; {FEW} and {MANY} partners, BENCH_B11_PARTNERS for more"
    swept = "one query over the public table"
    return [
        at_most("b11.cpu_ratio", many / few, "×", REACH, told),
        reported("b11.cpu_few", 1e6 * few / WORK, "µs/record", told),
        reported("b11.cpu_many", 1e6 * many / WORK, "µs/record", told),
        reported("b11.turn", turn, "ms CPU", "what one more partner costs beside its records"),
        reported("b11.empty_turn", empty, "ms CPU", "what is asked before there is nothing to do"),
        reported("b11.idle_few", idle_few, "ms/sweep", swept),
        reported("b11.idle_many", idle_many, "ms/sweep", swept),
        *surroundings("b11"),
    ]
