"""Values on their way through a rule: their kind in words, their type, how they are kept. Pure."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from mappings.documents import is_storable
from mappings.numbers import NotANumber, as_decimal, as_text, whole

MAX_DEPTH: Final = 20
MAX_TEXT: Final = 10_000
_KINDS: Final[Mapping[type, str]] = {
    str: "text", bool: "true/false", int: "number", Decimal: "number", float: "inexact number",
    list: "list", dict: "object", type(None): "nothing",
}  # fmt: skip


class BadValue(ValueError):
    """A value is not what is wanted. Reads on from "The value …"."""


def kind_of(value: object) -> str:
    """Return what a value is, in a word or two; never the value itself."""
    return _KINDS.get(type(value), "something else")


def word_of(value: object) -> str:
    """Return the text under which a value is looked up. Raises BadValue."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return as_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() < 200 else _bad("is too large a number")
    if isinstance(value, bool):
        return "true" if value else "false"
    return _bad("is not a single word")


def _bad(text: str) -> str:
    raise BadValue(text)


def as_words(value: object) -> str:
    """Return a text that can be stored. Raises BadValue."""
    if type(value) is str and value.isprintable() and len(value) <= MAX_TEXT:
        return value  # by far the most: no null sign and no half character is printable
    if isinstance(value, list | Mapping):
        raise BadValue("is not text; take one field of it, or join it")
    text = word_of(value)
    if len(text) > MAX_TEXT:
        raise BadValue(f"is longer than {MAX_TEXT} characters")
    if not is_storable(text):
        raise BadValue("holds a sign that can't be stored")
    return text


def _as_number(value: object) -> Decimal:
    try:
        return as_decimal(value)
    except NotANumber as error:
        raise BadValue(str(error)) from error


def _as_integer(value: object) -> int:
    try:
        return whole(as_decimal(value))
    except NotANumber as error:
        raise BadValue(str(error)) from error


def _as_boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise BadValue("is neither true nor false; add the step 'Yes or no'")


@lru_cache(maxsize=4_096)
def _day(text: str) -> str:
    """Return a day as it is kept: a page of records has few different ones."""
    return date.fromisoformat(text).isoformat()


def _as_day(value: object) -> str:
    text = value if isinstance(value, str) else ""
    try:
        if len(text) == 10 and text.isascii():
            return _day(text)
    except ValueError:
        pass
    raise BadValue("is not a day such as 2026-10-31; add the step 'Read a day'")


def _as_moment(value: object) -> str:
    text = value if isinstance(value, str) else ""
    try:
        if 10 < len(text) <= 40 and text.isascii():
            found = datetime.fromisoformat(text)
            if found.tzinfo is not None:
                return found.isoformat()
    except ValueError:
        pass
    raise BadValue(
        "is not a moment with its offset such as 2026-10-31T17:00:00+01:00; "
        "add the step 'Local time of a zone'"
    )


def _as_list(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    raise BadValue("is not a list")


def _as_object(value: object) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    raise BadValue("is not an object")


def _as_is(value: object) -> object:
    return as_words(value) if isinstance(value, str) else value


CASTS: Final[Mapping[str, Callable[[object], object]]] = {
    "text": as_words,
    "decimal": _as_number,
    "integer": _as_integer,
    "boolean": _as_boolean,
    "date": _as_day,
    "datetime": _as_moment,
    "list": _as_list,
    "object": _as_object,
    "any": _as_is,
}


def kept(value: object, depth: int = 0) -> object:
    """Return a value as canonical records keep it: decimals as text. Raises BadValue."""
    if isinstance(value, Decimal):
        return as_text(value)
    if isinstance(value, str):
        if not is_storable(value):
            raise BadValue("holds a sign that can't be stored")
        return value
    if depth > MAX_DEPTH:
        raise BadValue("is nested too deep")
    if isinstance(value, Mapping):
        return {str(name): kept(one, depth + 1) for name, one in value.items()}
    return [kept(one, depth + 1) for one in value] if isinstance(value, list) else value
