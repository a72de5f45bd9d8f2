"""What the demo says while it works: steps with their seconds, and progress in one line."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

LINE_EVERY = 5.0


class Teller:
    """Writes to a terminal or a log; a terminal gets a line that changes in place."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._live = self._out.isatty()
        self._last = 0.0
        self._open = ""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Say what begins, and how long it took."""
        begin = time.monotonic()
        if self._live:
            self._show(f"… {title}")
        try:
            yield
        finally:
            self._clear()
        self.line(f"✓ {title}  {time.monotonic() - begin:.1f} s")

    def progress(self, text: str) -> None:
        """Say how far something is; a log gets a line now and then."""
        now = time.monotonic()
        if self._live:
            self._show(f"… {text}")
        elif now - self._last >= LINE_EVERY:
            self._last = now
            self.line(f"  {text}")

    def line(self, text: str = "") -> None:
        """Say something that stays."""
        self._clear()
        print(text, file=self._out, flush=True)

    def _show(self, text: str) -> None:
        self._clear()
        self._open = text[:150]
        print(self._open, end="", file=self._out, flush=True)

    def _clear(self) -> None:
        if self._open:
            print(f"\r{' ' * len(self._open)}\r", end="", file=self._out, flush=True)
            self._open = ""
