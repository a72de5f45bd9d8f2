"""Workers' lives: how one is struck, in a process of its own that really dies or stops, or here.

Most seeds run here, because a new process and a new database session cost a quarter of a second:
then a death is an exception that nothing catches, after which the worker reaches neither the
database nor the target, and its session is dropped with all that it had not committed. Every
fifth seed, and each stop, is a forked process and a real signal.
"""

import mmap
import os
import random
import signal
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

import psycopg
import time_machine
from django.db import connections

from syncjobs import crashpoints
from syncjobs.crashpoints import CrashPoint
from syncjobs.engine import deliver, send, sending, stopping
from tests.chaos.plan import Strike

PATIENCE: Final = 20.0
# The seeds of one test process have a database to themselves.
_IN_TRANSACTION: Final = """
    SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' LIMIT 1
"""


class Clock:
    """Seconds that workers' clocks are ahead, in memory that forked processes share."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)

    def advance(self, seconds: float) -> None:
        """Let this much time pass for those that are alive."""
        self._shared[:8] = struct.pack("d", self.ahead + seconds)

    @property
    def ahead(self) -> float:
        """How far it was advanced."""
        return float(struct.unpack("d", self._shared[:8])[0])

    def read(self) -> float:
        """Return the time as `time.monotonic` does."""
        return time.monotonic() + self.ahead


@dataclass(frozen=True)
class Ended:
    """How a life ended: its exit code, negative for a signal; None while it is stopped."""

    code: int | None
    pid: int = 0


class Body:
    """One worker: where it is struck, and what death means to it."""

    def __init__(self, strike: Strike | None, *, is_real: bool) -> None:
        self.is_real, self.is_dead = is_real, False
        self._strike, self._left = strike, strike.number if strike else 0
        self._lock = threading.Lock()
        self._database = connections["default"]  # of the thread that works

    def pass_by(self, name: str) -> None:
        """Pass a crash point."""
        self.go_on()
        with self._lock:
            if self._strike is None or name != self._strike.point:
                return
            self._left -= 1
            if self._left:
                return
        {"kill": self.die, "stop": self._stop, "term": self._ask, "cut": self._cut}[
            self._strike.action
        ]()

    def go_on(self) -> None:
        """Nothing is done any more by what is dead."""
        if self.is_dead:
            raise CrashPoint("dead")

    def die(self) -> NoReturn:
        """End at once, with whatever is in hand."""
        if self.is_real:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(PATIENCE)
        self.is_dead = True
        raise CrashPoint("dies")

    def guard(self, execute: Callable[..., Any], *given: Any) -> Any:
        """Let no statement of a dead worker through."""
        self.go_on()
        return execute(*given)

    def bury(self) -> None:
        """Drop the session of one that died here, and all that it had not committed."""
        raw = self._database.connection
        if raw is not None:
            raw.close()
        self._database.connection = None

    def _ask(self) -> None:
        if self.is_real:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            stopping.ask()

    def _stop(self) -> None:
        """Stop outside transactions, those of the worker's other threads as well."""
        with self._other_session() as other:
            until = time.monotonic() + PATIENCE / 2
            while other.execute(_IN_TRANSACTION).fetchone() and time.monotonic() < until:
                time.sleep(0.001)
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    def _cut(self) -> None:
        """End the worker's database session, as a restart of the server does."""
        raw = self._database.connection
        if raw is not None:
            with self._other_session() as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [raw.info.backend_pid])

    def _other_session(self) -> psycopg.Connection[Any]:
        raw = self._database.connection
        return psycopg.connect(raw.info.dsn, password=raw.info.password or None, autocommit=True)


Job = Callable[[Body], None]


def live(
    job: Job,
    clock: Clock,
    *,
    seed: str,
    strike: Strike | None = None,
    minutes: int = 0,
    is_real: bool = False,
) -> Ended:
    """Do the job as a worker would, until it has ended or stopped.

    `seed`: of what the worker leaves to chance. `minutes`: how far its wall clock is off.
    """
    if is_real or (strike and strike.action == "stop"):
        return _fork(job, clock, seed, strike, minutes)
    body = Body(strike, is_real=False)
    try:
        with (
            _at_work(body, clock, seed, minutes),
            connections["default"].execute_wrapper(body.guard),
        ):
            job(body)
    except CrashPoint:
        body.bury()
        return Ended(-signal.SIGKILL)
    return Ended(0)


def _fork(job: Job, clock: Clock, seed: str, strike: Strike | None, minutes: int) -> Ended:
    connections.close_all()
    pid = os.fork()
    if pid:
        return wait(pid)
    code = 1
    try:
        body = Body(strike, is_real=True)
        stopping.listen()
        with _at_work(body, clock, seed, minutes):
            job(body)
        code = 0
    except BaseException:  # the end of a process: told on its standard error
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def wait(pid: int) -> Ended:
    """Wait until a process has ended or stopped; one that hangs is killed and told."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if found:
            stopped = os.WIFSTOPPED(status)
            return Ended(None if stopped else os.waitstatus_to_exitcode(status), pid)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError(f"a worker hung for {PATIENCE:.0f} s")


def go_on(ended: Ended) -> Ended:
    """Let a stopped process run again; wait for its end."""
    os.kill(ended.pid, signal.SIGCONT)
    return wait(ended.pid)


@contextmanager
def _at_work(body: Body, clock: Clock, seed: str, minutes: int) -> Iterator[None]:
    """Be a worker whose turns do not depend on how fast the machine is."""
    random.seed(seed)
    changed = [
        (vars(send), "monotonic", clock.read),
        (vars(deliver), "monotonic", clock.read),
        (vars(sending), "FLUSH_SECONDS", PATIENCE),
        (vars(stopping), "_asked", False),
    ]
    before = [(space, name, space[name]) for space, name, _ in changed]
    for space, name, value in changed:
        space[name] = value
    wrong = time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes), tick=True)
    crashpoints.listen(body.pass_by)
    if minutes:
        wrong.start()
    try:
        yield
    finally:
        if minutes:
            wrong.stop()
        crashpoints.arm("")
        for space, name, value in before:
            space[name] = value
