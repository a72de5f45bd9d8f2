"""How busy the machine is and how fast its disk commits: printed beside what depends on it."""

import os
import time
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile

SYNCS = 100
BLOCK = b"x" * 8192


def load() -> float:
    """Return the load average of the last minute, per processor."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def fdatasync_ms(directory: Path) -> float:
    """Return the median milliseconds that writing 8 KB for good takes in `directory`."""
    times = []
    with NamedTemporaryFile(dir=directory) as file:
        for _ in range(SYNCS):
            begin = time.perf_counter()
            file.write(BLOCK)
            file.flush()
            os.fdatasync(file.fileno())
            times.append(1000 * (time.perf_counter() - begin))
    return median(times)


def process_seconds(pid: int) -> float:
    """Return the processor seconds that a process has used (0 where /proc can't say)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
