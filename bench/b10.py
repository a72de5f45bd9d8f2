"""B10: peak memory of a worker over ever more records, each in a process of its own.

1,000 and 20,000 records by default; BENCH_B10_MOST=1000000 for the full run, which takes
most of an hour.
"""

import json
import os
import subprocess
import sys
from typing import Final

from bench.figures import Figure, at_most, reported
from bench.pair.comparing import ready, surroundings
from bench.pair.ends import ROOT, Pair
from bench.pair.workflow import Setting, bench

FEW: Final = 1_000
MOST: Final = int(os.environ.get("BENCH_B10_MOST", "20000"))
REACH: Final = 1.10
LIMIT: Final = "a page and a claim are held, whatever the number"


def _peak_mb(systems: Pair, records: int) -> float:
    """Drain so many records in a new process; return the most memory that it held."""
    systems.tell(records=records, empty=True)
    with bench(systems, "bench-b10", Setting(object="batched")) as made:
        done = subprocess.run(
            [sys.executable, "-m", "bench.pair.worker", made.schema],
            stdout=subprocess.PIPE,
            check=True,
            cwd=ROOT,
        )
    systems.check(records)
    return float(json.loads(done.stdout)["peak_mb"])


def measure() -> list[Figure]:
    """Measure with few and with many."""
    with ready(0) as systems:
        few, many = _peak_mb(systems, FEW), _peak_mb(systems, MOST)
    told = f"{LIMIT}; {FEW:,} and {MOST:,} records, BENCH_B10_MOST for more"
    return [
        at_most("b10.growth", many / few, "×", REACH, told),
        reported("b10.peak_few", few, "MB", LIMIT),
        reported("b10.peak_many", many, "MB", LIMIT),
        *surroundings("b10"),
    ]
