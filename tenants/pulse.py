"""Signs of life of a queue cluster's parts: a file for each, which the part touches.

Whoever started the cluster names the files and looks at them. What the queue itself looks like
says nothing of one cluster: others take its tasks while it hangs, and with every worker at a long
task it stands still while all is well.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "LIVERY_PULSE_FILE"
# Sees to the cluster's other processes, twice a second, and never works itself.
GUARD: Final = "guard"
# Takes tasks from the queue; it waits while every worker is busy.
PUSHER: Final = "pusher"
PARTS: Final = (GUARD, PUSHER)


def files(base: Path) -> dict[str, Path]:
    """Return the file of each part."""
    return {part: base.with_name(f"{base.name}.{part}") for part in PARTS}


def beat(part: str) -> None:
    """Say that a part of this process' cluster is alive; nothing where nobody looks.

    A file that is gone, or a disk that takes nothing, must not end what is well.
    """
    base = os.environ.get(VARIABLE, "")
    if base:
        with contextlib.suppress(OSError):
            os.utime(files(Path(base))[part])


def marks(base: Path) -> dict[str, int]:
    """Return something for each part that is another after each of its beats.

    A part whose file could not be made is left out: nothing is known of it.
    """
    found: dict[str, int] = {}
    for part, file in files(base).items():
        with contextlib.suppress(OSError):
            found[part] = file.stat().st_mtime_ns
    return found
