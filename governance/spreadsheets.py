"""Cells that a spreadsheet will not run as a formula."""

import unicodedata
from typing import Final

_STARTERS: Final = frozenset("=+-@|%")


def safe_cell(value: object) -> str:
    """Return `value` as text for CSV; what a program could take for a formula gets a
    leading apostrophe.

    Also caught: leading spaces, tabs, line breaks and invisible characters before the sign,
    and its full-width and small forms. Plain numbers stay numbers.
    """
    text = "" if value is None else str(value)
    if _is_number(text):
        return text
    visible = unicodedata.normalize("NFKC", text).lstrip()
    while visible and unicodedata.category(visible[0]) in {"Cc", "Cf", "Zs", "Zl", "Zp"}:
        visible = visible[1:]
    starts_odd = bool(text) and text[0] in "\t\r\n\x00"
    return f"'{text}" if starts_odd or (visible[:1] in _STARTERS and visible) else text


def _is_number(text: str) -> bool:
    bare = text.removeprefix("-").replace(".", "", 1)
    return bare.isascii() and bare.isdigit()
