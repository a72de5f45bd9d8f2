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
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


class FileRefused(ValueError):
    """The file cannot be attached; the message says why and what to do."""


def _is_text(content: bytes) -> bool:
    """Say whether it is UTF-8, UTF-16 with its mark, or the Windows-1252 of older programs."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not marked and b"\x00" in content:
        return False
    try:
        return "\x00" not in content.decode("utf-16" if marked else "utf-8")
    except UnicodeDecodeError:
        return not marked and _is_windows_1252(content)


def _is_windows_1252(content: bytes) -> bool:
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return False
    # Nearly all bytes are letters there; a control character says that it is no text.
    return not _CONTROL.search(text)


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
        how = "in UTF-8" if _ENDINGS[ending] is _is_text else "once more"
        raise FileRefused(
            f"The file is no {ending.upper()}, whatever its name says. Save it as one {how}."
        )
    return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}", ending
