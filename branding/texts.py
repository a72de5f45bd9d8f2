"""Text that a partner writes about itself, as titles, mail headers and files can carry it. Pure."""

from __future__ import annotations

import unicodedata

# Control characters, halves of pairs, line ends; and what turns or hides what follows it.
_BARRED = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})
_HIDDEN = frozenset(
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2060\u202a\u202b\u202c\u202d\u202e"
    "\u2066\u2067\u2068\u2069\ufeff"
)
_FORMULA = frozenset("=+-@|%")


class TextRefused(ValueError):
    """A text that cannot be shown safely everywhere; the message says what to do."""


def plain_text(text: str, limit: int) -> str:
    """The text without outer spaces. Raises TextRefused when it is no plain line of `limit`."""
    if len(text) > limit:
        raise TextRefused(f"Write at most {limit} characters; these are {len(text)}.")
    if any(sign in _HIDDEN or unicodedata.category(sign) in _BARRED for sign in text):
        raise TextRefused("Write it on one line, without hidden or turning characters.")
    kept = text.strip()
    if any(sign in kept for sign in "<>"):
        raise TextRefused("Leave out < and >: this is plain text, not HTML.")
    if kept and kept[0] in _FORMULA:
        raise TextRefused(
            f"Begin with a letter or a digit: spreadsheets take {kept[0]} for a formula."
        )
    return kept
