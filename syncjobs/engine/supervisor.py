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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, OperationalError, close_old_connections

from syncjobs.engine import doorbell, stopping
from tenants import pulse, queue
from tenants.context import public_scope
from tenants.heartbeats import beat, forget, warn_of_namesake
from tenants.outbox.doorbell import adopt_schemas
from tenants.services.diagnosis import Level
from tenants.services.diagnosis.database import check_clock
from tenants.tasks import ring_due_domains

logger = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 0.5
BEAT_SECONDS: Final = 5.0
# For how long a part of a cluster may be silent. The guard does nothing but look; the pusher
# waits for a worker to be free, which a task may keep until it is ended.
GUARD_SECONDS: Final = 60.0
PUSHER_SECONDS: Final = 60.0
# Whoever was itself stopped for a while must not take that for the cluster's silence.
LONGEST_STEP: Final = 3 * BEAT_SECONDS
STOP_SECONDS: Final = 17.0
TELL_SECONDS: Final = 60.0
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
        with contextlib.suppress(OSError):  # on a full disk nothing is known of its parts
            self.stop_file.parent.mkdir(parents=True, exist_ok=True)
            for file in pulse.files(self.stop_file).values():
                file.touch()
        named = {stopping.FILE_VARIABLE: self.stop_file, pulse.VARIABLE: self.stop_file}
        self.process = subprocess.Popen(  # noqa: S603  our own command
            list(self.command),
            env={**os.environ, **{name: str(file) for name, file in named.items()}},
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def marks(self) -> dict[str, int]:
        """Return the signs of life of its parts."""
        return pulse.marks(self.stop_file)

    def ended(self) -> bool:
        """Say whether it is not running."""
        return self.process is None or self.process.poll() is not None

    def stop(self, seconds: float) -> bool:
        """Ask it to end, wait, then kill what is left; say whether it ended by itself."""
        if self.process is None:
            return True
        self._ask()
        graceful = True
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                graceful = False
        self.kill()
        for file in (self.stop_file, *pulse.files(self.stop_file).values()):
            file.unlink(missing_ok=True)
        return graceful

    def _ask(self) -> None:
        try:
            self.stop_file.parent.mkdir(parents=True, exist_ok=True)
            self.stop_file.touch()
        except OSError as error:  # a full disk: the signal is left, and in the end the kill
            logger.warning(
                "cannot write %s (%s): what is in hand may be cut", self.stop_file, error
            )

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


def silent_seconds() -> dict[str, float]:
    """Return for how long each part of a cluster may be silent."""
    longest_task: Any = settings.Q_CLUSTER["timeout"]
    return {pulse.GUARD: GUARD_SECONDS, pulse.PUSHER: float(longest_task) + PUSHER_SECONDS}


@dataclass
class Watch:
    """Tells a wedged cluster by its parts' signs of life (`tenants.pulse`)."""

    limits: Mapping[str, float] = field(default_factory=silent_seconds)
    clock: Callable[[], float] = monotonic
    _looked: float = field(default=0.0, init=False)
    _marks: dict[str, int] = field(default_factory=dict, init=False)
    _silent: dict[str, float] = field(default_factory=dict, init=False)

    def wedged(self, marks: Mapping[str, int]) -> str:
        """Return the part that has been silent for too long, "" for none. `marks`: of each part,
        another after each of its beats; one without a mark is not judged.
        """
        now = self.clock()
        step, self._looked = min(now - self._looked, LONGEST_STEP), now
        for part, mark in marks.items():
            is_silent = self._marks.get(part) == mark
            self._silent[part] = self._silent.get(part, 0.0) + step if is_silent else 0.0
        self._marks = dict(marks)
        return next((one for one in marks if self._silent[one] > self.limits[one]), "")


@dataclass
class Supervisor:
    """Runs until somebody asks to stop."""

    name: str
    cluster: Cluster
    watch: Watch = field(default_factory=Watch)
    asked: Callable[[], bool] = stopping.asked_to_stop
    # When it was last told that the database is missing; 0 while it is there.
    _missed_at: float = field(default=0.0, init=False)

    def run(self) -> bool:
        """Supervise; return whether the cluster ended by itself when asked to."""
        logger.info("worker %s begins: %s", self.name, queue.described())
        self._look_around()
        self.cluster.start()
        beaten = 0.0
        while not self.asked():
            try:
                self._look(beat_now=monotonic() - beaten > BEAT_SECONDS)
            except DatabaseError as error:
                self._tell_missing(error)
                close_old_connections()
                sleep(1.0)
                continue
            self._missed_at = 0.0
            if monotonic() - beaten > BEAT_SECONDS:
                beaten = monotonic()
            sleep(SWEEP_SECONDS)
        graceful = self.cluster.stop(STOP_SECONDS)
        self._sign_off()
        return graceful

    def _look_around(self) -> None:
        """Say what an operator should know of this machine, where the database answers."""
        with contextlib.suppress(DatabaseError):
            warn_of_namesake(self.name)
            for finding in check_clock():
                if finding.level is not Level.OK:
                    logger.warning("%s: %s %s", finding.name, finding.seen, finding.to_do)

    def _tell_missing(self, error: DatabaseError) -> None:
        """Say once a minute that the database is away or refuses us, not once a second."""
        if not self._missed_at or monotonic() - self._missed_at > TELL_SECONDS:
            self._missed_at = monotonic()
            is_away = isinstance(error, OperationalError)
            what = "is not there" if is_away else "refuses what is asked of it"
            logger.error("the database %s; trying again each second: %s", what, error)

    def _sign_off(self) -> None:
        """Nobody shall miss a worker that was asked to stop."""
        with contextlib.suppress(DatabaseError):
            close_old_connections()
            forget(self.name)
        logger.info("worker %s has ended", self.name)

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
            if part := self.watch.wedged(self.cluster.marks()):
                seconds = self.watch.limits[part]
                logger.error(
                    "the queue cluster hangs: nothing of its %s for %d s; killing it and "
                    "starting another",
                    part,
                    seconds,
                )
                self._restart()

    def _restart(self) -> None:
        self.cluster.kill()
        self.cluster.restarts += 1
        sleep(min(5.0, 0.5 * self.cluster.restarts))
        self.cluster.start()
        self.watch = Watch(self.watch.limits, self.watch.clock)


def queue_command() -> list[str]:
    """Return the command that starts the queue's cluster."""
    manage = Path(__file__).resolve().parents[2] / "manage.py"
    return [sys.executable, str(manage), "qcluster"]
