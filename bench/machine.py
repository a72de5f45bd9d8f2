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
    return _ticks(pid, 11, 12)


def sessions_seconds(pid: int) -> float:
    """Return what a database session's process and all of the server's that have ended used."""
    parent = _fields(pid)[1:2]
    return process_seconds(pid) + sum(_ticks(int(one), 13, 14) for one in parent)


def _ticks(pid: int, *places: int) -> float:
    fields = _fields(pid)
    return sum(int(fields[place]) for place in places if fields) / os.sysconf("SC_CLK_TCK")


def _fields(pid: int) -> list[str]:
    """Return what /proc says of a process after its name, none where it can't say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
