"""Start sandbox systems as child processes that end with whoever started them.

Address and token are kept beside the state, so that a later start is the same system at the
same address (if the port is still free) with everything that it held.
"""

import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.server import PortTaken

STOP_SECONDS = 10.0


class StartError(RuntimeError):
    """The system did not come up, or has ended; the message says what to do."""


@dataclass
class SystemProcess:
    """A running system and how to reach it."""

    kind: str
    address: str
    token: str
    process: subprocess.Popen[str]

    def client(self) -> SandboxClient:
        """A client with its credentials."""
        return SandboxClient(self.kind, self.address, self.token)

    def require_alive(self) -> None:
        """Raise StartError when it has ended."""
        code = self.process.poll()
        if code is not None:
            raise StartError(
                f"The {self.kind} sandbox at {self.address} has ended with code {code}. "
                "What it held is kept: start it again."
            )

    def stop(self) -> None:
        """End the process and wait for it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()

    def kill(self) -> None:
        """End the process at once, as a crash would; the state stays."""
        self.process.kill()
        self.stop()


def start_process(kind: str, directory: Path, *, token_ttl: float = 45.0) -> SystemProcess:
    """Start the system whose state is in `directory` (made when it is missing)."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts_file = directory / f"{kind}.json"
    facts = json.loads(facts_file.read_text()) if facts_file.exists() else {}
    token = facts.get("token") or secrets.token_urlsafe(24)
    try:
        running = _spawn(kind, directory, token, int(facts.get("port", 0)), token_ttl)
    except PortTaken:
        running = _spawn(kind, directory, token, 0, token_ttl)
    facts_file.touch(mode=0o600)
    port = int(running.address.rpartition(":")[2])
    facts_file.write_text(json.dumps({"port": port, "token": token}))
    return running


def _spawn(kind: str, directory: Path, token: str, port: int, token_ttl: float) -> SystemProcess:
    state = directory / f"{kind}.sqlite"
    command = [sys.executable, "-m", "syncjobs.sandbox", kind, "--leash"]
    command += ["--state", str(state), "--port", str(port), "--token-ttl", f"{token_ttl:g}"]
    # The token goes by the environment: a command line can be read by everybody.
    process = subprocess.Popen(  # noqa: S603 - fixed words and paths of ours
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if port else None,  # a taken port is tried again quietly
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "SANDBOX_TOKEN": token},
        start_new_session=True,
    )
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        code = process.wait()
        if port:
            raise PortTaken(f"Port {port} is taken.")
        raise StartError(f"The {kind} sandbox ended at once with code {code}.")
    facts: dict[str, Any] = json.loads(line)
    return SystemProcess(kind, facts["address"], token, process)
