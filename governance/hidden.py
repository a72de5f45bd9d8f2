"""Signs that nobody sees in a text, and with which it can pass for another one. Pure."""

import unicodedata
from typing import Final

# Control characters, and those that turn the direction of what follows.
_BARRED: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING: Final = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
)
_LINES: Final = frozenset("\t\r\n")


def holds_hidden(text: str, *, lines: bool = False) -> bool:
    """Say whether a text holds hidden signs. lines: it may have several lines."""
    return any(
        one in _TURNING or unicodedata.category(one) in _BARRED
        for one in text
        if not (lines and one in _LINES)
    )
