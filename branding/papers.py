"""Drawn documents, kept as files in the partner's own folder.

The default storage keeps each partner's files in a folder of its own (by schema). Where a
document could not be drawn, a note beside its place says why, for a while.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

STATEMENTS: Final = "papers/statements"
PREVIEWS: Final = "papers/previews"
REPORTS: Final = "papers/evidence"
# A machine may have been mended meanwhile: after this it is tried again.
NOTE_KEPT: Final = timedelta(minutes=5)
PREVIEW_KEPT: Final = timedelta(hours=1)
_NOTE: Final = ".why"


def read_paper(name: str) -> bytes | None:
    """The document of a name from `branding.services.papers`, None when it is not drawn yet."""
    try:
        with default_storage.open(name) as file:
            return bytes(file.read())
    except FileNotFoundError:
        return None


def keep_paper(name: str, pdf: bytes) -> None:
    """Keep a document; whoever reads meanwhile gets the whole of it or nothing."""
    keep_file(name, pdf)
    default_storage.delete(name + _NOTE)


def keep_file(name: str, content: bytes) -> None:
    """Keep any other file in the same way: written beside the place, then moved there at once."""
    beside = default_storage.save(f"{name}.{secrets.token_hex(6)}.part", ContentFile(content))
    Path(default_storage.path(beside)).replace(default_storage.path(name))


def forget_file(name: str) -> None:
    """Delete a file; one that is not there is no error."""
    if name:
        default_storage.delete(name)


def keep_note(name: str, why: str) -> None:
    """Keep why a document could not be drawn."""
    keep_file(name + _NOTE, why.encode())


def read_note(name: str) -> str:
    """Why a document could not be drawn lately; empty when nothing is known against it."""
    try:
        written = default_storage.get_modified_time(name + _NOTE)
    except FileNotFoundError:
        return ""
    if written < timezone.now() - NOTE_KEPT:
        return ""
    return (read_paper(name + _NOTE) or b"").decode()


def forget_previews() -> int:
    """Delete previews that nobody looks at any more; return how many files."""
    return _forget(files_before(PREVIEWS, timezone.now() - PREVIEW_KEPT))


def files_before(folder: str, moment: datetime) -> list[str]:
    """Return the names of the files of a folder that were written before a moment."""
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return []
    all_names = [f"{folder}/{name}" for name in names]
    return [name for name in all_names if default_storage.get_modified_time(name) < moment]


def _forget(old: list[str]) -> int:
    for name in old:
        default_storage.delete(name)
    return len(old)
