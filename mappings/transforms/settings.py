"""Checks the settings that a rule gives to a step. Pure."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from mappings.numbers import NotANumber, as_decimal, as_text, whole
from mappings.paths import BadPath, joined, split
from mappings.transforms.base import Param, Transform, TransformError

MAX_SETTING: Final = 500
MAX_ROWS: Final = 500
MAX_FIELDS: Final = 10


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones; a path is none of them."""
    return frozenset(available_timezones())


def _text(param: Param, value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_SETTING:
        raise TransformError(f"'{param.name}' must be a text of at most {MAX_SETTING} characters")
    return value


def _integer(param: Param, value: object) -> int:
    try:
        found = whole(as_decimal(value))
    except NotANumber as error:
        raise TransformError(f"'{param.name}' must be a whole number") from error
    if abs(found) > 1_000_000:
        raise TransformError(f"'{param.name}' is too large")
    return found


def _decimal(param: Param, value: object) -> str:
    try:
        return as_text(as_decimal(value))
    except NotANumber as error:
        raise TransformError(f"'{param.name}' must be a number such as 0.25") from error


def _choice(param: Param, value: object) -> str:
    if value not in param.choices:
        shown = ", ".join(one if one.strip() else repr(one) for one in param.choices)
        raise TransformError(f"'{param.name}' must be one of {shown}")
    return str(value)


def _table(param: Param, value: object) -> dict[str, object]:
    if not isinstance(value, Mapping) or not 1 <= len(value) <= MAX_ROWS:
        raise TransformError(f"'{param.name}' must be a table of 1 to {MAX_ROWS} rows")
    for result in value.values():
        if not isinstance(result, str | int | None):
            raise TransformError(f"'{param.name}' has a row that does not become a plain value")
    return {str(key): result for key, result in value.items()}


def _zone(param: Param, value: object) -> str:
    if not isinstance(value, str) or value not in zone_names():
        raise TransformError(f"{str(value)[:40]!r} is not a time zone; use one like Europe/London")
    return value


def _paths(param: Param, value: object) -> str:
    """Return paths with commas between, each looked at."""
    names = [one.strip() for one in _text(param, value).split(",")]
    if len(names) > MAX_FIELDS:
        raise TransformError(f"'{param.name}' can name at most {MAX_FIELDS} fields")
    try:
        return ",".join(joined(*split(name)) for name in names if name)
    except BadPath as error:
        raise TransformError(str(error).rstrip(".")) from error


_CHECKS: Final[Mapping[str, Callable[[Param, object], object]]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "choice": _choice,
    "table": _table,
    "zone": _zone,
    "paths": _paths,
}


def checked_settings(transform: Transform, given: Mapping[str, object]) -> dict[str, object]:
    """Return the settings of a step, each of its type. Raises TransformError in words."""
    unknown = set(given) - {param.name for param in transform.params}
    if unknown:
        raise TransformError(f"{transform.name} has no setting {', '.join(sorted(unknown))[:60]}")
    settings: dict[str, object] = {}
    for param in transform.params:
        value = given.get(param.name, param.default)
        if value is None and param.required:
            named = "" if param.name == param.label.lower() else f" ({param.name})"
            raise TransformError(f"fill in {param.label!r}{named}")
        settings[param.name] = None if value is None else _CHECKS[param.type](param, value)
    return settings
