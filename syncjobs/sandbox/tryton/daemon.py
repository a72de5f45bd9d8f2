"""Initialise, start and stop one Tryton server over one sqlite database."""

import datetime as dt
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncjobs.sandbox.tryton.company import Firm, prepare
from syncjobs.sandbox.tryton.install import MARK, MODULES, SERIES, InstallError
from syncjobs.sandbox.tryton.wire import Rpc, TrytonError, send

DATABASE = "books"
HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0


class ServerError(RuntimeError):
    """The server did not come up; the message says why and what to do."""


@dataclass(frozen=True)
class Paths:
    """Where one server keeps its things."""

    home: Path

    @property
    def config(self) -> Path:
        """The server's configuration; its path marks the process as ours."""
        return self.home / "trytond.conf"

    @property
    def database(self) -> Path:
        """The sqlite file."""
        return self.home / f"{DATABASE}.sqlite"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.home / "server.log"

    @property
    def pid(self) -> Path:
        """The process id while it runs."""
        return self.home / "pid"

    @property
    def password(self) -> Path:
        """The administrator's password; it came with the template."""
        return self.home / "password"

    @property
    def mark(self) -> Path:
        """Which set of modules the database was made with."""
        return self.home / "mark"

    @property
    def facts(self) -> Path:
        """Address, key and ids, as JSON."""
        return self.home / "server.json"


def ensure_template(template: Path, bin_dir: Path) -> None:
    """Make the empty database with every module once; servers start from a copy of it."""
    if (template / f"{DATABASE}.sqlite").exists():
        return
    work = template.with_name(template.name + ".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700, parents=True)
    paths = Paths(work)
    paths.password.touch(mode=0o600)
    paths.password.write_text(secrets.token_urlsafe(24))
    paths.mark.write_text(MARK)
    paths.database.touch()
    paths.config.write_text(_configuration(work, 0))
    command = [str(bin_dir / "trytond-admin"), "-c", str(paths.config), "-d", DATABASE]
    command += ["--email", "books@example.com", "--activate-dependencies", "-u", "ir", "res"]
    done = subprocess.run(  # noqa: S603 - fixed words and paths of ours
        [*command, *MODULES],
        env={**os.environ, "TRYTONPASSFILE": str(paths.password)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InstallError(f"The empty Tryton database failed:\n{done.stderr[-1500:]}")
    shutil.rmtree(template, ignore_errors=True)
    work.rename(template)


def start(
    home: Path, *, template: Path, bin_dir: Path, port: int, firm: Firm, today: dt.date
) -> dict[str, Any]:
    """Start the server in `home` (reuse a live one) and return its facts.

    Facts: base, database, company, api_key and the other ids of `company.Books`, pid.
    """
    paths = Paths(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    running = running_pid(home)
    if running and paths.facts.exists() and _is_current(paths, template):
        return {**json.loads(paths.facts.read_text()), "pid": running}
    if running:
        stop(home)
    _copy_template(template, home)
    paths.config.write_text(_configuration(home, port))
    pid = _spawn(paths, bin_dir, port)
    base = f"http://{HOST}:{port}"
    with Rpc(base, DATABASE, "admin", paths.password.read_text()) as rpc:
        books = prepare(rpc, firm, today)
    facts = {"base": base, "database": DATABASE, "series": SERIES, **books.as_dict()}
    _write_private(paths.facts, facts)
    return {**facts, "pid": pid}


def _is_current(paths: Paths, template: Path) -> bool:
    wanted = Paths(template).mark.read_text()
    return paths.mark.exists() and paths.mark.read_text() == wanted


def _copy_template(template: Path, home: Path) -> None:
    """Put a fresh database into `home`, unless one with the same modules is there."""
    fresh = Paths(template)
    paths = Paths(home)
    if _is_current(paths, template):
        return
    for file in (fresh.database, fresh.password):
        shutil.copy2(file, home)  # with its mode
    # Last, so that a copy that was cut off is made again.
    paths.mark.write_text(fresh.mark.read_text())


def stop(home: Path) -> bool:
    """End the server of `home`, and only that one; False when none runs."""
    pid = running_pid(home)
    if pid is None:
        Paths(home).pid.unlink(missing_ok=True)
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while running_pid(home) is not None:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.05)
    Paths(home).pid.unlink(missing_ok=True)
    return True


def running_pid(home: Path) -> int | None:
    """The live server's process id: the recorded one, if it still is that server."""
    paths = Paths(home)
    try:
        pid = int(paths.pid.read_text())
        stat = Path(f"/proc/{pid}/stat").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    zombie = stat.rpartition(")")[2].split()[0] == "Z"
    return pid if not zombie and str(paths.config).encode() in command else None


def last_port(home: Path) -> int:
    """The port that the server of `home` had last, 0 when it never ran."""
    try:
        return int(json.loads(Paths(home).facts.read_text())["base"].rpartition(":")[2])
    except (OSError, ValueError, KeyError):
        return 0


def _spawn(paths: Paths, bin_dir: Path, port: int) -> int:
    _require_free(port)
    # `-d` loads the model pool before the first request; without it the first login fails.
    command = [str(bin_dir / "trytond"), "-c", str(paths.config), "-d", DATABASE]
    with paths.log.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - fixed words and paths of ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    paths.pid.write_text(str(process.pid))
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None:
            raise ServerError(f"Tryton ended at once; its last words:\n{_tail(paths.log)}")
        if time.monotonic() > deadline:
            stop(paths.home)
            raise ServerError(f"Tryton gave no answer in {START_SECONDS:.0f} s; see {paths.log}")
        time.sleep(0.1)
    return process.pid


def _require_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ServerError(
                f"Port {port} is taken. Choose another with --port, or end what uses it."
            ) from error


def _answers(port: int) -> bool:
    question = {"id": 1, "method": "common.server.version", "params": []}
    try:
        send("POST", f"http://{HOST}:{port}/rpc/", {}, question)
    except (OSError, http.client.HTTPException, TrytonError):
        return False
    return True


def _configuration(home: Path, port: int) -> str:
    return f"[database]\nuri = sqlite://\npath = {home}\n[web]\nlisten = {HOST}:{port}\n"


def _write_private(path: Path, facts: Mapping[str, Any]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(facts, indent=1))


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
