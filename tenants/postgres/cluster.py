"""The embedded PostgreSQL server of a state directory.

One server per state directory, whoever starts it first; it outlives the process that
started it, and any later process finds it by its socket. TCP is off: the only way in is a
Unix socket in a directory that nobody else may enter.
"""

import fcntl
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenants.postgres import binaries, bootstrap
from tenants.postgres.binaries import Binaries
from tenants.postgres.errors import ClusterError
from tenants.postgres.layout import Layout, layout_for
from tenants.postgres.machine_account import run_as
from tenants.postgres.server_process import clear_stale_files, is_serving, live_pid

FREE_BYTES_NEEDED = 200 * 1024 * 1024
LOCK_SECONDS = 90.0
START_SECONDS = 60
LOG_BYTES = 10 * 1024 * 1024
STAMP = re.compile(r"^[\d: .-]+ \w+ \[\d+\] ")
REASON_LINES = 3
CONFIGURATION = """\
# Written anew at every start.
listen_addresses = ''
port = 5432
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
max_connections = 200
# A full dump locks every table of every partner at once.
max_locks_per_transaction = 256
lc_messages = 'C'
log_checkpoints = off
"""


class Cluster:
    """The server that belongs to one state directory."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self._layout: Layout | None = None
        self._known_good = False
        self._threads = threading.Lock()

    @property
    def layout(self) -> Layout:
        """Its directories, made at the first look. Raises ClusterError."""
        if self._layout is None:
            self._layout = layout_for(self.state_dir)
        return self._layout

    def ensure_running(self) -> Layout:
        """Return the layout of a server that answers, making and starting it if need be.

        Raises ClusterError, which says what to do.
        """
        layout = self.layout
        if self._known_good and is_serving(layout):
            return layout
        with self._threads, self._locked(layout):
            if not is_serving(layout):
                self._start(layout)
            bootstrap.ensure_roles_and_database(str(layout.socket_dir))
            self._known_good = True
        return layout

    def stop(self) -> bool:
        """Stop the server cleanly; False when none ran. Raises ClusterError."""
        layout = self.layout
        with self._threads, self._locked(layout):
            self._known_good = False
            if live_pid(layout) is None:
                return False
            done = run_as(
                layout.account,
                [
                    self.binaries().tool("pg_ctl"),
                    *("stop", "-D", str(layout.data), "-m", "fast", "-w", "-t", "60"),
                ],
            )
        if done.returncode:
            raise ClusterError(
                f"PostgreSQL did not stop: {(done.stderr or done.stdout).strip()} "
                f"Its log is {layout.log}."
            )
        return True

    def running_pid(self) -> int | None:
        """Return the server's process id, None when it does not run."""
        return live_pid(self.layout)

    def binaries(self) -> Binaries:
        """Return the programs that fit the data, or the newest usable. Raises ClusterError."""
        layout = self.layout
        version = layout.data / "PG_VERSION"
        major = int(version.read_text().strip()) if version.is_file() else None
        found = binaries.choose(binaries.installed(), data_major=major)
        return binaries.readable_by(layout.account, found, layout.base)

    @contextmanager
    def _locked(self, layout: Layout) -> Iterator[None]:
        """Hold the directory's lock; the kernel frees it when its holder dies."""
        deadline = time.monotonic() + LOCK_SECONDS
        with layout.lock.open("a") as handle:
            if layout.account is not None:
                os.fchown(handle.fileno(), layout.account.uid, layout.account.gid)
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise ClusterError(
                            f"Another process has held {layout.lock} for {LOCK_SECONDS:.0f} s. "
                            "End it, then try again."
                        ) from None
                    time.sleep(0.02)
            yield

    def _start(self, layout: Layout) -> None:
        programs = self.binaries()
        if not (layout.data / "PG_VERSION").is_file():
            self._make(layout, programs)
        clear_stale_files(layout)
        self._write_configuration(layout)
        if layout.log.is_file() and layout.log.stat().st_size > LOG_BYTES:
            layout.log.replace(layout.log.with_suffix(".log.1"))
        deadline = time.monotonic() + START_SECONDS
        # pg_ctl puts paths into a shell's command line in double quotes, so it gets none that
        # a directory's name could break out of.
        command = [programs.tool("pg_ctl"), "start", "-l", layout.log.name]
        command += ["-w", "-t", str(START_SECONDS)]
        while True:
            begin = layout.log.stat().st_size if layout.log.is_file() else 0
            done = run_as(
                layout.account,
                command,
                extra={"PGDATA": str(layout.data)},
                directory=layout.base,
            )
            if done.returncode == 0:
                return
            said = _log_since(layout.log, begin)
            # The children of a server that was killed need a moment to notice.
            if "shared memory block" in said and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise ClusterError(_why(said, layout))

    def _make(self, layout: Layout, programs: Binaries) -> None:
        """Make the data directory; it gets its name only when it is whole."""
        free = shutil.disk_usage(layout.base).free
        if free < FREE_BYTES_NEEDED:
            raise ClusterError(
                f"The disk is full: {layout.base} has {free // 2**20} MB left and a new "
                f"database needs {FREE_BYTES_NEEDED // 2**20} MB. Free some, or set "
                "LIVERY_STATE_DIR to another disk."
            )
        part = layout.base / "data.part"
        shutil.rmtree(part, ignore_errors=True)
        made = run_as(
            layout.account,
            [
                programs.tool("initdb"),
                *("-D", str(part), "-U", bootstrap.ADMIN, "--encoding=UTF8"),
                *("--locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject"),
            ],
        )
        if made.returncode:
            shutil.rmtree(part, ignore_errors=True)
            raise ClusterError(_why(made.stderr, layout))
        with (part / "postgresql.conf").open("a") as file:
            file.write("\ninclude = 'livery.conf'\n")
        if layout.data.is_dir() and not any(layout.data.iterdir()):
            layout.data.rmdir()
        part.rename(layout.data)

    def _write_configuration(self, layout: Layout) -> None:
        quoted = str(layout.socket_dir).replace('"', '""').replace("'", "''")
        text = CONFIGURATION.format(socket_dir=f'"{quoted}"')
        path = layout.data / "livery.conf"
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o644)


def _log_since(log: Path, begin: int) -> str:
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(begin)
        return file.read().decode(errors="replace")


def _why(said: str, layout: Layout) -> str:
    """Return what a failed program said as one sentence that says what to do."""
    if "No space left on device" in said:
        return (
            f"The disk is full at {layout.base}. Free some space, or set LIVERY_STATE_DIR to "
            "another disk."
        )
    lines = [STAMP.sub("", line.strip()) for line in said.splitlines() if line.strip()]
    reason = " / ".join(lines[-REASON_LINES:]) or "it said nothing."
    return f"PostgreSQL did not start: {reason} Its log is {layout.log}."


_clusters: dict[Path, Cluster] = {}


def cluster_for(state_dir: Path) -> Cluster:
    """Return this process's handle on the server of a state directory."""
    return _clusters.setdefault(state_dir, Cluster(state_dir))
