"""The pair's process, and what is asked of it from here."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]


class Pair:
    """Both systems, running. `address`: where they answer."""

    def __init__(self, address: str, pid: int) -> None:
        self.address, self.pid = address, pid
        self._session = requests.Session()
        self._session.trust_env = False

    def tell(self, **wanted: Any) -> None:
        """Say how many entries there are, what is touched, how slow it is and what fails."""
        self._session.post(f"{self.address}/set", json=wanted, timeout=60).raise_for_status()

    def counts(self) -> dict[str, int]:
        """Return the target's counts; see `Books.count`."""
        found: dict[str, int] = self._session.get(f"{self.address}/count", timeout=30).json()
        return found

    def references(self) -> set[str]:
        """Return our references of all that is in the target."""
        answer = self._session.get(f"{self.address}/references", timeout=60)
        return set(answer.json()["references"])

    def check(self, records: int) -> None:
        """Raise RuntimeError unless the target holds so many records, each once."""
        counts = self.counts()
        if (counts["different"], counts["created"]) != (records, records):
            raise RuntimeError(f"The target should hold {records} records, each once: {counts}.")


@contextmanager
def pair() -> Iterator[Pair]:
    """Serve both systems from a child process; it ends with this block, or with us."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.pair.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin
    assert process.stdout
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError("bench.pair.server did not start; see above.")
        yield Pair(address, process.pid)
    finally:
        process.stdin.close()
        process.wait()
