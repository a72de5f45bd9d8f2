"""Which files may be attached to a change, judged by their content. Pure."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

MOST_BYTES: Final = 5 * 1024 * 1024
# To one change; and of one person's.
MOST_FILES: Final = 20
MOST_OF_ONE: Final = 5
_LONGEST_NAME: Final = 120
_STRANGE: Final = re.compile(r"[^\w .,()+=@-]")


class FileRefused(ValueError):
    """The file cannot be attached; the message says why and what to do."""


def _is_text(content: bytes) -> bool:
    try:
        return "\x00" not in content.decode()
    except UnicodeDecodeError:
        return False


def _begins(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(marks)


# ending → how its content begins, so that a name does not promise something else
_ENDINGS: Final[Mapping[str, Callable[[bytes], bool]]] = {
    "csv": _is_text,
    "docx": _begins(b"PK\x03\x04"),
    "eml": _is_text,
    "jpg": _begins(b"\xff\xd8\xff"),
    "pdf": _begins(b"%PDF-"),
    "png": _begins(b"\x89PNG\r\n\x1a\n"),
    "txt": _is_text,
    "xlsx": _begins(b"PK\x03\x04"),
}
ENDINGS: Final = tuple(_ENDINGS)


def checked_file(name: str, content: bytes) -> tuple[str, str]:
    """Return the name that is fit to keep, and the ending. Raises FileRefused."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]).strip()
    stem, _, ending = _STRANGE.sub("_", plain).rpartition(".")
    ending = {"jpeg": "jpg"}.get(ending.lower(), ending.lower())
    if not stem.strip(" .") or ending not in _ENDINGS:
        raise FileRefused(f"Attach a file that ends in {', '.join(_ENDINGS)}.")
    if not content:
        raise FileRefused("The file is empty: choose another one.")
    if len(content) > MOST_BYTES:
        raise FileRefused(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB: shorten it.")
    if not _ENDINGS[ending](content):
        raise FileRefused(f"The file is no {ending.upper()}, whatever its name says.")
    return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}", ending
