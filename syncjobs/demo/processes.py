"""The product's own processes during the demo: workers, and the web server."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from django.conf import settings

from syncjobs.engine.supervisor import die_with_parent

STOP_SECONDS = 20.0
START_SECONDS = 30.0


class ProcessError(RuntimeError):
    """A process of the product ended or did not answer; the message says where to look."""


class Child:
    """A process that this one started, with its log; ended with this context."""

    def __init__(self, name: str, command: Sequence[str], port: int) -> None:
        self._name = name
        self._command = list(command)
        self._port = port
        self._log: Path = settings.STATE_DIR / "logs" / f"{name.replace(' ', '-')}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Child":
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                self._command,
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "LIVERY_STATE_DIR": str(settings.STATE_DIR),
                    "LIVERY_PUBLIC_PORT": str(self._port),  # for links in mails and pages
                },
                start_new_session=True,  # Ctrl-C is for us; we end it in order
                preexec_fn=die_with_parent,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # It leads its own group: nothing of anybody else's is in it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def kill_and_start(self) -> None:
        """Kill the process at once, with what belongs to it, and start another in its place."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.__enter__()

    def require_alive(self) -> None:
        """Raise ProcessError when it has ended."""
        if self._process is not None and self._process.poll() is not None:
            tail = self._log.read_text(errors="replace").splitlines()[-12:]
            why = f"{self._log} says:\n" + "\n".join(tail)
            if (ended := self._process.returncode) < 0:
                why = f"it was killed from outside (signal {-ended}), for want of memory perhaps."
            raise ProcessError(
                f"The {self._name} ended; {why}\nNothing is lost: start again, and it goes on."
            )


def worker(port: int) -> Child:
    """The workers; `port` is where the links that they send lead."""
    return Child("worker", [sys.executable, "manage.py", "worker"], port)


def web(port: int) -> Child:
    """The web server, on loopback only."""
    command = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn"]
    command += ["--no-control-socket", "config.wsgi:application"]
    command += ["--bind", f"127.0.0.1:{port}"]
    return Child("web server", command, port)


def wait_for_web(child: Child, port: int) -> None:
    """Return when the web server answers. Raises ProcessError."""
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(port):
        child.require_alive()
        if time.monotonic() > deadline:
            raise ProcessError(f"The web server gave no answer in {START_SECONDS:.0f} s.")
        time.sleep(0.1)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
