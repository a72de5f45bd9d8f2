"""B4: a target that takes 20 and 100 ms to answer, 16 calls in flight.

The script it is compared with holds 16 connections of `aiohttp` on one loop.
"""

import os
from typing import Final

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import compare, middle, ready, surroundings
from bench.pair.scripts import at_once
from bench.pair.workflow import Setting

IN_FLIGHT: Final = 16
REACH: Final = 1.2
RECORDS: Final = int(os.environ.get("BENCH_B4_RECORDS", "2000"))
LIMIT: Final = "the target's answers; then reading the first page, and the last flush"


def measure() -> list[Figure]:
    """Measure pairs at both delays."""
    figures: list[Figure] = []
    with ready(RECORDS) as systems:
        for milliseconds in (20, 100):
            systems.tell(delay=milliseconds / 1000)
            found = compare(
                systems,
                lambda: at_once(systems.address, in_flight=IN_FLIGHT),
                Setting(in_flight=IN_FLIGHT),
                records=RECORDS,
                slug="bench-b4",
            )
            ratio = found.ratio(lambda one: one.seconds)
            seconds = middle(found.engine, lambda one: one.seconds)
            bound = RECORDS * milliseconds / 1000 / IN_FLIGHT
            told = f"{LIMIT}; {RECORDS} records, BENCH_B4_RECORDS for more"
            figures += [
                at_most(f"b4.wall_ratio_{milliseconds}ms", ratio, "×", REACH, told),
                reported(f"b4.engine_{milliseconds}ms", seconds, "s", f"{bound:g} s of waiting"),
            ]
        systems.tell(delay=0.0)
    return [*figures, *surroundings("b4")]
