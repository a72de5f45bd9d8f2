"""A worker as a process of its own: drains one schema and says what it took.

`python -m bench.pair.worker SCHEMA [--stay]`; with --stay it works until it is ended.
LIVERY_CRASH arms a crash point, as for every worker.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

import django


def main(schema: str, *, stays: bool) -> int:
    """Work until nothing is due, or for good; print what it took."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from bench.pair.connector import make_known
    from governance import correlation
    from governance.actors import task_actor
    from syncjobs.engine import stopping
    from syncjobs.engine.drain import drain_until_idle
    from tenants.context import schema_scope

    make_known()
    stopping.listen()
    cpu, begin = time.process_time(), time.perf_counter()
    with schema_scope(schema), correlation.scope(actor=task_actor("worker"), door="task"):
        drain_until_idle(patience=5.0, stop=stopping.asked_to_stop)
        while stays and not stopping.asked_to_stop():
            drain_until_idle(patience=0.0, stop=stopping.asked_to_stop)
            time.sleep(0.2)
    told = {
        "seconds": time.perf_counter() - begin,
        "cpu": time.process_time() - cpu,
        "peak_mb": _peak_mb(),
    }
    print(json.dumps(told))
    return 0


def _peak_mb() -> float:
    """Return the most memory that this program held; `ru_maxrss` tells what began it as well."""
    held = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if held is None:
        raise RuntimeError("The kernel does not say how much memory was held.")
    return int(held[1]) / 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], stays="--stay" in sys.argv))
