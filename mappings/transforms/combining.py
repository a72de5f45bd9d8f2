"""Steps that put fields together or choose between values. Pure."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from mappings.numbers import NotANumber, as_decimal
from mappings.paths import MISSING, joined, split, walked
from mappings.transforms.base import (
    MAX_TEXT,
    AnyStep,
    Param,
    Reading,
    Record,
    Transform,
    TransformError,
    text_of,
)


def _ways(params: Mapping[str, object], name: str) -> list[tuple[str, ...]]:
    return [split(path) for path in str(params[name] or "").split(",") if path]


def _read(record: Record, way: tuple[str, ...]) -> object:
    found = walked(record, way)
    return None if found is MISSING or found == "" else found


def _concat(params: Mapping[str, object]) -> AnyStep:
    """Put the value and other fields together; empty ones leave no separator behind."""
    ways, separator = _ways(params, "fields"), str(params["separator"])
    if not ways:
        raise TransformError("needs the name of at least one field")

    def run(value: object, record: Record) -> object:
        parts = [value, *(_read(record, way) for way in ways)]
        texts = [text_of(one) for one in parts if one is not None and one != ""]
        if sum(map(len, texts)) + len(separator) * len(texts) > MAX_TEXT:
            raise TransformError(f"the text would grow beyond {MAX_TEXT} characters")
        return separator.join(texts)

    return Reading(run, tuple(joined(*way) for way in ways), fills=True)


def _coalesce(params: Mapping[str, object]) -> AnyStep:
    """Take the first of the value, other fields and a text that is not empty."""
    ways, otherwise = _ways(params, "fields"), params["otherwise"]
    if not ways and otherwise is None:
        raise TransformError("needs a field or a text to take instead")

    def run(value: object, record: Record) -> object:
        if value is not None and value != "":
            return value
        others = (_read(record, way) for way in ways)
        return next((one for one in others if one is not None), otherwise)

    return Reading(run, tuple(joined(*way) for way in ways), fills=True)


def _case(params: Mapping[str, object]) -> AnyStep:
    """Take the table's result for a word, in capitals or not; else the other one, or the word."""
    table, otherwise = params["table"], params["otherwise"]
    assert isinstance(table, dict)
    folded = {word.strip().casefold(): result for word, result in table.items()}
    if len(folded) != len(table):
        raise TransformError("the table has a word twice; capitals make no difference")

    def step(value: object) -> object:
        word = text_of(value).strip().casefold()
        return folded.get(word, value if otherwise is None else otherwise)

    return step


def _order(left: object, right: str) -> int:
    """Return -1, 0 or 1: numbers as numbers, ISO days and other texts by their letters."""
    one = text_of(left)
    try:
        first, second = as_decimal(one), as_decimal(right)
    except NotANumber:
        return (one > right) - (one < right)
    return (first > second) - (first < second)


_TESTS: Final[Mapping[str, Callable[[object, str], bool]]] = {
    "is": lambda value, than: _order(value, than) == 0,
    "is_not": lambda value, than: _order(value, than) != 0,
    "more_than": lambda value, than: _order(value, than) > 0,
    "at_least": lambda value, than: _order(value, than) >= 0,
    "less_than": lambda value, than: _order(value, than) < 0,
    "at_most": lambda value, than: _order(value, than) <= 0,
    "contains": lambda value, than: than in text_of(value),
    "starts_with": lambda value, than: text_of(value).startswith(than),
}


def _if(params: Mapping[str, object]) -> AnyStep:
    """Choose by a test of the value, or of another field. An empty field passes no test but
    `is_not`."""
    ways, named = _ways(params, "field"), str(params["test"])
    if len(ways) > 1:
        raise TransformError("'field' must be one field")
    test, than = _TESTS[named], str(params["than"])
    then, otherwise = params["then"], params["otherwise"]
    if then is None and otherwise is None:
        raise TransformError("say what it becomes: 'then', 'otherwise', or both")

    def run(value: object, record: Record) -> object:
        tested = _read(record, ways[0]) if ways else value
        is_met = named == "is_not" if tested is None else test(tested, than)
        chosen = then if is_met else otherwise
        return value if chosen is None else chosen

    if ways:
        return Reading(run, (joined(*ways[0]),))
    return partial(_alone, run)


def _alone(run: Callable[[object, Record], object], value: object) -> object:
    return run(value, {})


_OTHERWISE = Param("otherwise", "text", required=False, help="Empty: keep the value")
_FIELDS = Param("fields", "paths", help="With commas between")

TRANSFORMS = (
    Transform(
        "concat",
        "Put together",
        "text",
        _concat,
        (_FIELDS, Param("separator", "text", required=False, default="", help="Such as a space")),
        "The value, then other fields; empty ones are left out.",
    ),
    Transform(
        "coalesce",
        "The first that is not empty",
        "choice",
        _coalesce,
        (
            Param("fields", "paths", required=False, default="", help="With commas between"),
            Param("otherwise", "text", required=False),
        ),
        "The value, else the first of other fields, else a text.",
    ),
    Transform(
        "case",
        "By cases",
        "choice",
        _case,
        (Param("table", "table"), _OTHERWISE),
        "A table of words, in capitals or not, and what all others become.",
    ),
    Transform(
        "if",
        "If",
        "choice",
        _if,
        (
            Param("test", "choice", choices=tuple(_TESTS)),
            Param("than", "text", title="Compared with"),
            Param("then", "text", required=False, help="Empty: keep the value"),
            _OTHERWISE,
            Param("field", "paths", required=False, default="", help="Empty: the value"),
        ),
        "One result when a test of the value, or of another field, is met, another when not.",
    ),
)
