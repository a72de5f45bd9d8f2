"""Reads JSON that people or programs send: exact, bounded, never ambiguous. Pure."""

import json
from decimal import Decimal
from typing import Final, NoReturn

from governance.json_names import NamedTwice, each_once
from mappings.documents import is_storable
from mappings.numbers import NotANumber, as_decimal

MAX_BYTES: Final = 500_000
MAX_DEPTH: Final = 60
_MAX_DIGITS: Final = 40


class BadJson(ValueError):
    """A text is no JSON that can be used. Fit to show."""


def read_json(text: str | bytes, *, most: int = MAX_BYTES) -> object:
    """Return the value of a JSON text: numbers with a fraction as Decimal, nothing as a float.

    Raises BadJson: for what is no JSON, larger than `most`, nested deeper than MAX_DEPTH, for
    an object that has a name twice (which of the two counts?), NaN, Infinity, numbers of more
    than 40 digits, and signs that can't be stored.
    """
    if len(text) > most:
        raise BadJson(f"The JSON is larger than {most // 1000} kB.")
    if not text.strip():
        raise BadJson("There is nothing: the text is not JSON.")
    try:
        whole = text if isinstance(text, str) else text.decode()
        _refuse_deep(whole)
        found: object = json.loads(
            whole,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=each_once,
        )
        _refuse_unstorable(found)
        return found
    except BadJson:
        raise
    except NamedTwice as error:
        raise BadJson(str(error)) from error
    except UnicodeDecodeError as error:
        raise BadJson("The JSON is not written in UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise BadJson(f"The text is not JSON: {str(error)[:120]}.") from error


def _refuse_deep(text: str) -> None:
    """Refuse nesting before the parser follows it."""
    depth, is_quoted, is_escaped = 0, False, False
    for sign in text:
        if is_escaped:
            is_escaped = False
        elif is_quoted:
            is_escaped, is_quoted = sign == "\\", sign != '"'
        elif sign == '"':
            is_quoted = True
        elif sign in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise BadJson(f"The JSON is nested deeper than {MAX_DEPTH}.")
        elif sign in "]}":
            depth -= 1


def _decimal(text: str) -> Decimal:
    try:
        return as_decimal(text)
    except NotANumber as error:
        raise BadJson(f"The number {text[:40]} {error}.") from error


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise BadJson(f"The number {text[:20]}… is too large.")
    return int(text)


def _refuse_constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not a number.")


def _refuse_unstorable(value: object) -> None:
    if isinstance(value, str):
        if not is_storable(value):
            raise BadJson("A text holds a sign that can't be stored.")
    elif isinstance(value, dict):
        for name, one in value.items():
            _refuse_unstorable(name)
            _refuse_unstorable(one)
    elif isinstance(value, list):
        for one in value:
            _refuse_unstorable(one)
