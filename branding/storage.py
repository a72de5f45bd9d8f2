"""A partner's own pictures, in files named by their content.

The default storage keeps each partner's files in a folder of its own (by schema), so that a
name from another partner finds nothing here.
"""

from __future__ import annotations

import hashlib
import re

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

_NAME = re.compile(r"brand/[0-9a-f]{32}\.png")


def keep_picture(png: bytes) -> str:
    """Store a PNG and return its name; the same picture is kept once."""
    name = f"brand/{hashlib.sha256(png).hexdigest()[:32]}.png"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(png))
    return name


def read_picture(name: str) -> bytes | None:
    """The PNG of a name from `keep_picture`, or None when there is none at this partner."""
    if not _NAME.fullmatch(name) or not default_storage.exists(name):
        return None
    with default_storage.open(name) as file:
        return bytes(file.read())


def is_whole(name: str) -> bool:
    """Whether a picture is there with the content that its name stands for."""
    kept = read_picture(name)
    return kept is not None and name == f"brand/{hashlib.sha256(kept).hexdigest()[:32]}.png"


def picture_version(name: str) -> str:
    """The part of a name that changes with the picture, for addresses."""
    return name.removeprefix("brand/").removesuffix(".png")[:12]
