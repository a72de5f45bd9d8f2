"""B6: 1% touched; half of it only in a field that no mapping takes.

Exactly the records whose content changed are written, each once.
"""

from typing import Final

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import ready, surroundings
from bench.pair.entries import RECORDS
from bench.pair.workflow import Setting, bench

TOUCHED: Final = list(range(0, RECORDS, 100))
CHANGED: Final = TOUCHED[::2]


def measure() -> list[Figure]:
    """Deliver all, touch some, deliver again, and count what the target got."""
    with ready(RECORDS) as systems, bench(systems, "bench-b6", Setting(in_flight=4)) as made:
        made.run()
        systems.check(RECORDS)
        before = systems.counts()
        systems.tell(touch=TOUCHED, hours=CHANGED)
        made.read_again()
        again = made.run()
        after = systems.counts()
    wrong = abs(after["updated"] - before["updated"] - len(CHANGED))
    wrong += after["created"] - before["created"]
    return [
        at_most(
            "b6.wrong_writes",
            wrong,
            f"beside {len(CHANGED)} of {len(TOUCHED)} touched",
            0,
            "correctness: what changed in a mapped field, and nothing else",
        ),
        reported("b6.seconds", again.seconds, "s", "reading, and the writes"),
        *surroundings("b6"),
    ]
