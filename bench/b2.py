"""B2: batches of 200 records in one call."""

from typing import Final

from bench.figures import Figure, at_least, at_most, reported
from bench.pair.comparing import compare, middle, ready, surroundings
from bench.pair.entries import RECORDS
from bench.pair.scripts import in_batches
from bench.pair.workflow import Setting

REACH_RATE: Final = 5_200
REACH_CPU: Final = 200
LIMIT: Final = "processor time of the engine and of its database, which the script has not"


def measure() -> list[Figure]:
    """Measure pairs and report their medians."""
    with ready(RECORDS) as systems:
        found = compare(
            systems,
            lambda: in_batches(systems.address),
            Setting(object="batched"),
            records=RECORDS,
            slug="bench-b2",
        )
    engine, script = found.engine, found.script
    rate = RECORDS / middle(engine, lambda one: one.seconds)
    cpu = 1e6 * middle(engine, lambda one: one.cpu) / RECORDS
    database = 1e6 * middle(engine, lambda one: one.database) / RECORDS
    return [
        at_least("b2.rate", rate, "records/s", REACH_RATE, LIMIT + "; wants a quiet machine"),
        at_most("b2.cpu", cpu, "µs/record", REACH_CPU, "the engine's own work"),
        reported("b2.database_cpu", database, "µs/record", "its sessions"),
        reported(
            "b2.script_rate",
            RECORDS / middle(script, lambda one: one.seconds),
            "records/s",
            "JSON; it keeps nothing",
        ),
        reported("b2.wall_ratio", found.ratio(lambda one: one.seconds), "×", LIMIT),
        *surroundings("b2"),
    ]
