"""Where a trail's end is written down outside the database: a file for each trail.

A line says which seal was the last one, signed like a seal. Whoever shortens the trail, or brings
back an old copy of it, would have to change this file too. Put it on storage to which the
machine of the database can only add.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

_LONGEST_LINE: Final = 256 * 1024


def path_of(trail: str) -> Path:
    """Return the file of a trail. Raises ValueError for a name that is none of a schema."""
    if not trail.replace("_", "").isalnum():
        raise ValueError(f"{trail!r} is no name of a trail.")
    return Path(settings.AUDIT_ANCHORS) / f"{trail}.jsonl"


def write_line(trail: str, statement: str, signature: str) -> str:
    """Add a line and wait until the disk has it; return the file's name. Raises OSError."""
    return append_line(trail, json.dumps({"statement": statement, "signature": signature}))


def append_line(trail: str, line: str) -> str:
    """As `write_line`, for a line that may say more than an anchor."""
    path = path_of(trail)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        os.write(handle, f"{line}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    return path.name


def last_line(trail: str) -> str:
    """Return the newest line of a trail, "" where there is none. Reads only the file's end."""
    path = path_of(trail)
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LONGEST_LINE))
        lines = file.read().decode(errors="replace").strip().split("\n")
    return lines[-1]


def lines_of(trail: str) -> Iterator[str]:
    """Yield the lines of a trail, oldest first; none where there is no file."""
    path = path_of(trail)
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.strip():
                yield line.rstrip("\n")
