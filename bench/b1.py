"""B1: one call per record, with ledger, references and audit, beside a plain `requests` script.

One call at a time on both sides, to a target that answers at once: with no network between
them, the engine's own cost shows at its largest.
"""

from typing import Final

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import compare, middle, ready, surroundings
from bench.pair.entries import RECORDS
from bench.pair.scripts import one_by_one
from bench.pair.workflow import Setting

REACH: Final = 1.5
LIMIT: Final = "processor time of `requests`, then of the engine's own work"


def measure() -> list[Figure]:
    """Measure pairs and report their medians."""
    with ready(RECORDS) as systems:
        found = compare(
            systems,
            lambda: one_by_one(systems.address),
            Setting(),
            records=RECORDS,
            slug="bench-b1",
        )
    engine, script = found.engine, found.script

    def each(seconds: float) -> float:
        return 1e6 * seconds / RECORDS

    return [
        at_most("b1.wall_ratio", found.ratio(lambda one: one.seconds), "×", REACH, LIMIT),
        at_most("b1.cpu_ratio", found.ratio(lambda one: one.cpu), "×", REACH, LIMIT),
        reported("b1.engine", middle(engine, lambda one: one.seconds), "s", LIMIT),
        reported("b1.script", middle(script, lambda one: one.seconds), "s", "`requests`"),
        reported("b1.engine_cpu", each(middle(engine, lambda one: one.cpu)), "µs/record", LIMIT),
        reported("b1.script_cpu", each(middle(script, lambda one: one.cpu)), "µs/record", "it"),
        reported(
            "b1.database_cpu",
            each(middle(engine, lambda one: one.database)),
            "µs/record",
            "its sessions; the script has no database",
        ),
        *surroundings("b1"),
    ]
