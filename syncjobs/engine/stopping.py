"""Whether this process was asked to end: what is in hand is finished, nothing new is begun."""

import os
import signal
from pathlib import Path
from types import FrameType
from typing import Final

FILE_VARIABLE: Final = "LIVERY_STOP_FILE"
_asked = False


def ask(_signal: int = 0, _frame: FrameType | None = None) -> None:
    """Ask the process to stop (a signal handler, too)."""
    global _asked
    _asked = True


def asked_to_stop() -> bool:
    """Say whether somebody asked: by a signal here, or by the supervisor's stop file."""
    return _asked or _file_says_so()


def listen() -> None:
    """Stop gracefully at SIGTERM and SIGINT."""
    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)


def _file_says_so() -> bool:
    """Worker processes of the queue ignore signals that their parent gets; a file reaches all."""
    name = os.environ.get(FILE_VARIABLE, "")
    return bool(name) and Path(name).exists()
