"""B7: 2% of the writes fail with 429 and 503, half of the 503s after they were applied.

Once on a target that takes idempotency keys, once on one that has POST alone: no key, no
update, but its list can be searched by our reference. `Retry-After` is 0.
"""

from typing import Final

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import ready, surroundings
from bench.pair.ends import Pair
from bench.pair.entries import RECORDS
from bench.pair.workflow import Setting, Spent, bench
from syncjobs.models import Attempt

EVERY: Final = 100
REACH: Final = 1.5
LIMIT: Final = "the retries; after an unknown outcome a second passes before the target is asked"


def _run(systems: Pair, object_: str, every: int) -> tuple[Spent, dict[str, int], int]:
    """Return what it took, the target's counts, and how many of its calls the ledger lacks."""
    systems.tell(empty=True, fail_every=every)
    setting = Setting(object=object_, in_flight=4)
    with bench(systems, "bench-b7", setting) as made:
        took = made.run()
        systems.tell(fail_every=0)
        with made.entered():
            tries = Attempt.objects.count()
            # The target was asked and had it: an attempt without a write of its own.
            found = Attempt.objects.filter(looked_up=True, status=200).count()
    counts = systems.counts()
    return took, counts, abs(counts["calls"] - (tries - found))


def measure() -> list[Figure]:
    """Measure both targets without and with failures."""
    figures: list[Figure] = []
    with ready(RECORDS) as systems:
        for object_ in ("lines", "plain"):
            well, _, _ = _run(systems, object_, 0)
            failing, counts, untold = _run(systems, object_, EVERY)
            missing = RECORDS - counts["different"]
            doubled = counts["created"] - counts["different"]
            figures += [
                at_most(f"b7.{object_}_missing", missing, "records", 0, "correctness"),
                at_most(f"b7.{object_}_doubled", doubled, "records", 0, "correctness"),
                at_most(f"b7.{object_}_untold", untold, "calls", 0, "each is an attempt in ours"),
                at_most(f"b7.{object_}_wall", failing.seconds / well.seconds, "×", REACH, LIMIT),
                reported(f"b7.{object_}_calls", counts["calls"], "writes", f"{RECORDS} records"),
            ]
    return [*figures, *surroundings("b7")]
