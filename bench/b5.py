"""B5: nothing changed. With the cursor; and with the cursor lost, everything read again."""

from typing import Final

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import ready, surroundings
from bench.pair.entries import RECORDS
from bench.pair.workflow import Bench, Setting, bench

REACH_SECONDS: Final = 1.0
REACH_SHARE: Final = 0.15
LIMIT: Final = "one call and one look at the streams and deliveries"


def _writes(made: Bench) -> int:
    return made.pair.counts()["calls"]


def measure() -> list[Figure]:
    """Measure the first run and the two that must write nothing."""
    with ready(RECORDS) as systems, bench(systems, "bench-b5", Setting()) as made:
        first = made.run()
        systems.check(RECORDS)
        written = _writes(made)
        made.read_again()
        with_cursor = made.run()
        made.read_again(from_the_start=True)
        lost = made.run()
        again = _writes(made) - written
    return [
        at_most("b5.with_cursor", with_cursor.seconds, "s", REACH_SECONDS, LIMIT),
        at_most("b5.writes", again, "writes", 0, "nothing changed, so nothing may be written"),
        at_most(
            "b5.lost_cursor_cpu",
            lost.cpu / first.cpu,
            "of the first run's",
            REACH_SHARE,
            "decoding, and comparing each version with the one that was seen",
        ),
        reported("b5.lost_cursor", lost.seconds, "s", "reading all pages again"),
        reported("b5.first", first.seconds, "s", "as B1"),
        *surroundings("b5"),
    ]
