"""Starting the demo as a user would, and reading from what it prints where to go and as whom."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 420.0
STOP_SECONDS = 60.0
LOOK_EVERY = 0.5
_PASSWORD = re.compile(r"^Sign in with the password (?P<password>\S+)$")
_DOOR = re.compile(r"^  (?P<title>\S.*?)  (?P<url>http://\S+/)$")
_PERSON = re.compile(r"^    (?P<email>\S+@\S+)(?:\s+(?P<role>.+), (?P<name>[^,]+))?$")
_SERVES = "Serving. Press Ctrl-C to end it."


class NotStarted(RuntimeError):
    """The demo ended or did not serve in time; the message has its last words."""


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in, as the demo announced them; an operator has no `role`."""

    email: str
    role: str
    name: str
    door: str


@dataclass
class Product:
    """A running demo: its doors and who can go in; home: where it keeps its state."""

    password: str = ""
    home: Path = Path()
    accounts: list[Account] = field(default_factory=list)

    def mail_to(self, address: str) -> str:
        """Return the text of the newest mail to somebody, "" while there is none."""
        files = sorted((self.home / "mail").glob("*"), key=lambda one: one.stat().st_mtime)
        for file in reversed(files):
            for raw in reversed(file.read_bytes().split(b"-" * 79)):
                made = message_from_bytes(raw.strip(), policy=default)
                if str(made["To"]) == address and (body := made.get_body(("plain",))):
                    return str(body.get_content())
        return ""

    def account(self, email: str) -> Account:
        """Return one account by address."""
        return next(one for one in self.accounts if one.email == email)


def read_announcement(text: str, home: Path) -> Product:
    """Return what the demo's last words say. Raises NotStarted when they are not all there."""
    product, door = Product(home=home), ""
    for line in text.splitlines():
        if found := _PASSWORD.match(line):
            product.password = found["password"]
        elif found := _DOOR.match(line):
            door = found["url"]
        elif (found := _PERSON.match(line)) and door:
            role, name = found["role"] or "", found["name"] or ""
            product.accounts.append(Account(found["email"], role, name, door))
    if not product.password or not product.accounts:
        raise NotStarted(f"The demo announced no sign-ins:\n{text[-3000:]}")
    return product


def free_port() -> int:
    """Return a port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_demo(state_dir: Path) -> Iterator[Product]:
    """Run `manage.py demo` on a state directory of its own until the block ends."""
    log = state_dir / "demo.log"
    command = [sys.executable, "manage.py", "demo", "--port", str(free_port())]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LIVERY_STATE_DIR": str(state_dir)},
            start_new_session=True,
        )
    try:
        _wait(process, log)
        yield read_announcement(log.read_text(), state_dir)
    finally:
        _end(process)


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while _SERVES not in log.read_text(errors="replace"):
        said = log.read_text(errors="replace")[-4000:]
        if process.poll() is not None:
            raise NotStarted(f"The demo ended with {process.returncode}:\n{said}")
        if time.monotonic() > deadline:
            raise NotStarted(f"The demo did not serve within {START_SECONDS:.0f} s:\n{said}")
        time.sleep(LOOK_EVERY)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, as Ctrl-C does; it ends what it started."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own
        process.wait()
