"""Text that other people wrote, made safe for a mail's headers and lines. Pure.

What a name can bring: line breaks (another header, or lines of its own), marks that turn the
direction of writing (a sentence that reads otherwise than it is), and sheer length.
"""

import re
from collections.abc import Mapping
from typing import Final

MOST: Final = 300
MOST_LONG: Final = 4000
_ITEMS: Final = 50
# Control characters, line separators, direction marks, and what is not a character at all.
_BROKEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufffe\uffff\ud800-\udfff]"
)


def one_line(text: str, most: int = MOST) -> str:
    """Return `text` on one line without invisible marks, cut to `most` characters."""
    return _cut(" ".join(_BROKEN.sub("", text).split()), most)


def lines(text: str, most: int = MOST_LONG) -> str:
    """Return `text` with its line breaks and without invisible marks, cut to `most`."""
    kept = [" ".join(line.split()) for line in _BROKEN.sub("", text).splitlines()]
    return _cut("\n".join(kept).strip(), most)


def cleaned(values: Mapping[str, object], long: frozenset[str] = frozenset()) -> dict[str, object]:
    """Return a mail's values with every text in them cleaned; those in `long` keep their lines."""
    return {
        name: lines(value) if name in long and isinstance(value, str) else _clean(value)
        for name, value in values.items()
    }


def _clean(value: object) -> object:
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Mapping):
        return {str(name): _clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value[:_ITEMS]]
    return value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
