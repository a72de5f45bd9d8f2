"""JSON in and out without floats, and paths into it.

Numbers with a point become `Decimal`; one out of all proportion (`1e999999`) stays its text, which
no mapping takes for a number. NaN, Infinity, lone surrogates and deep nesting are refused; the NUL
character, which PostgreSQL cannot store, is replaced.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

MAX_DEPTH: Final = 40
_MAX_EXPONENT: Final = 40
_MAX_DIGITS: Final = 60
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class BrokenJson(ValueError):
    """The text is not JSON that we take; the message says why, without its content."""


def _decimal(text: str) -> Decimal | str:
    number = Decimal(text)
    if len(text) > _MAX_DIGITS or abs(number.adjusted()) > _MAX_EXPONENT:
        return text
    return number


_DECODER = msgspec.json.Decoder(float_hook=_decimal)
_TEXT_ENCODER = msgspec.json.Encoder(decimal_format="string", order="deterministic")
_NUMBER_ENCODER = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def decode(body: bytes) -> object:
    """Return the value of a JSON text; raises BrokenJson."""
    try:
        # Hardly any body has one, and looking for it plainly is much faster.
        clean = _NUL.sub(rb"\1\\ufffd", body) if b"\\u0000" in body else body
        value: object = _DECODER.decode(clean)
    except (msgspec.DecodeError, ValueError, RecursionError, UnicodeError) as error:
        raise BrokenJson(str(error) or type(error).__name__) from error
    if _too_deep(value):
        raise BrokenJson(f"it is nested deeper than {MAX_DEPTH} levels")
    return value


def _too_deep(value: object) -> bool:
    """Look at all lists and objects of one level after the other: pages hold thousands."""
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    for _ in range(MAX_DEPTH):
        level = [
            item
            for inner in level
            for item in (inner.values() if type(inner) is dict else inner)
            if type(item) in _CONTAINERS
        ]
        if not level:
            return False
    return True


_CONTAINERS: Final = frozenset({dict, list})


def encode(value: object, *, numbers: bool = False) -> bytes:
    """Return `value` as JSON; decimals as text, or as numbers with `numbers`."""
    return (_NUMBER_ENCODER if numbers else _TEXT_ENCODER).encode(value)


def at(data: object, path: str) -> object:
    """Return what is at a dotted path ("account.number", "lines.0.id"); None when absent."""
    if not path:
        return data
    for part in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def text_at(data: object, path: str) -> str:
    """Return what is at a path as text; "" when absent or null, and where there is no path."""
    value = at(data, path) if path else None
    return "" if value is None else str(value)
