"""The order in which people look for words: numbers in them by size, case aside. Pure."""

import re
from typing import Final

_NUMBERS: Final = re.compile(r"(\d+)")


def reading_order(word: str) -> tuple[list[str | int], str]:
    """Return what words are sorted by: "Net 9" before "net 10".

    Texts and numbers take turns in what `split` gives, so that only like is compared with like.
    """
    parts = _NUMBERS.split(word)
    known = [int(part) if place % 2 else part.casefold() for place, part in enumerate(parts)]
    return known, word
