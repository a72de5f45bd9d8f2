"""Keeps a queue cluster alive: rings for due partners, watches for a wedge, stops gracefully.

The cluster runs in a process group of its own. It is asked to stop by SIGTERM to its first
process and by a file that every worker looks for between two writes; what does not end in time
is killed as a group. Nothing is lost by that: leases run out and the work goes on elsewhere.
"""

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from django.db import DatabaseError, close_old_connections

from syncjobs.engine import doorbell, stopping
from tenants import queue
from tenants.context import public_scope
from tenants.health import beat
from tenants.outbox.doorbell import adopt_schemas
from tenants.tasks import ring_due_domains

logger = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 0.5
BEAT_SECONDS: Final = 5.0
# Longer than any drain: only a cluster that takes nothing leaves the same row in front so long.
WEDGED_SECONDS: Final = 90.0
STOP_SECONDS: Final = 17.0
_PR_SET_PDEATHSIG: Final = 1


@dataclass
class Cluster:
    """One queue cluster in its own process group. `command` starts it."""

    command: Sequence[str]
    stop_file: Path
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0

    def start(self) -> None:
        """Start it; it is told to end when this process dies."""
        self.stop_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(  # noqa: S603  our own command
            list(self.command),
            env={**os.environ, stopping.FILE_VARIABLE: str(self.stop_file)},
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def ended(self) -> bool:
        """Say whether it is not running."""
        return self.process is None or self.process.poll() is not None

    def stop(self, seconds: float) -> bool:
        """Ask it to end, wait, then kill what is left; say whether it ended by itself."""
        if self.process is None:
            return True
        self.stop_file.parent.mkdir(parents=True, exist_ok=True)
        self.stop_file.touch()
        graceful = True
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                graceful = False
        self.kill()
        self.stop_file.unlink(missing_ok=True)
        return graceful

    def kill(self) -> None:
        """Kill the whole group at once."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


def die_with_parent() -> None:
    """For a child before it becomes its program: end when its parent is gone, even if killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Watch:
    """Tells a wedged cluster by the front of the queue: the same row, unlocked, for too long."""

    limit: float = WEDGED_SECONDS
    clock: Callable[[], float] = monotonic
    _front: int | str | None = field(default=None, init=False)
    _since: float = field(default=0.0, init=False)

    def wedged(self, front: int | str | None) -> bool:
        """Say whether `front` (the oldest unlocked row, None for none) has stood too long."""
        if front is None or front != self._front:
            self._front, self._since = front, self.clock()
            return False
        return self.clock() - self._since > self.limit


def oldest_unlocked() -> int | str | None:
    """Return the mark of the task that has waited longest for a worker."""
    return queue.waiting().front


@dataclass
class Supervisor:
    """Runs until somebody asks to stop."""

    name: str
    cluster: Cluster
    watch: Watch = field(default_factory=Watch)
    asked: Callable[[], bool] = stopping.asked_to_stop

    def run(self) -> bool:
        """Supervise; return whether the cluster ended by itself when asked to."""
        self.cluster.start()
        beaten = 0.0
        while not self.asked():
            try:
                self._look(beat_now=monotonic() - beaten > BEAT_SECONDS)
            except DatabaseError:
                logger.exception("the database is not there; trying again")
                close_old_connections()
                sleep(1.0)
                continue
            if monotonic() - beaten > BEAT_SECONDS:
                beaten = monotonic()
            sleep(SWEEP_SECONDS)
        return self.cluster.stop(STOP_SECONDS)

    def _look(self, *, beat_now: bool) -> None:
        if self.cluster.ended():
            logger.error("the queue cluster ended; starting another")
            self._restart()
        with public_scope():
            doorbell.sweep()
            doorbell.sweep_mail()
        if beat_now:
            with public_scope():
                doorbell.sweep_trails()
                doorbell.sweep_outside()
            ring_due_domains()
            beat(self.name)
            adopt_schemas()
            if self.watch.wedged(oldest_unlocked()):
                logger.error("the queue cluster takes no work; killing it and starting another")
                self._restart()

    def _restart(self) -> None:
        self.cluster.kill()
        self.cluster.restarts += 1
        sleep(min(5.0, 0.5 * self.cluster.restarts))
        self.cluster.start()
        self.watch = Watch(self.watch.limit, self.watch.clock)


def queue_command() -> list[str]:
    """Return the command that starts the queue's cluster."""
    manage = Path(__file__).resolve().parents[2] / "manage.py"
    return [sys.executable, str(manage), "qcluster"]
