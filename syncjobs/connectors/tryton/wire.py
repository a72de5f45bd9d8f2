"""Tryton's JSON: decimals, dates and durations as objects with a `__class__`."""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

from syncjobs.connectors.codec import encode
from syncjobs.connectors.dialects import moment_of

_EXACT: Final = Context(prec=34)
_HOUR: Final = Decimal(3600)
_PARTS: Final = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def from_wire(value: Any) -> Any:
    """Plain data: Decimal, ISO date, ISO moment in UTC, a duration as seconds and hours."""
    if isinstance(value, list):
        return [from_wire(item) for item in value]
    if not isinstance(value, dict):
        return value
    reader = _READERS.get(value.get("__class__", ""))
    if reader is not None:
        return reader(value)
    return {name: from_wire(item) for name, item in value.items() if name != "__name__"}


def _moment(value: Mapping[str, Any]) -> str:
    return datetime(*(value[part] for part in _PARTS), tzinfo=UTC).strftime(  # type: ignore[misc]  # seven ints
        "%Y-%m-%dT%H:%M:%S.%fZ"
    )


def _date(value: Mapping[str, Any]) -> str:
    return date(value["year"], value["month"], value["day"]).isoformat()


def _duration(value: Mapping[str, Any]) -> dict[str, Decimal]:
    seconds = Decimal(value["seconds"])
    hours = _EXACT.quantize(_EXACT.divide(seconds, _HOUR), Decimal("0.000001"))
    return {"seconds": _short(seconds), "hours": _short(hours)}


def _short(number: Decimal) -> Decimal:
    """Without zeros at the end: 6.25, 8, never 8E+1."""
    whole = number.to_integral_value(context=_EXACT)
    return whole if number == whole else number.normalize(_EXACT)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], object]]] = {
    "Decimal": lambda value: Decimal(value["decimal"]),
    "date": _date,
    "datetime": _moment,
    "timedelta": _duration,
    "bytes": lambda value: value["base64"],
}


def moment_to_wire(moment: datetime) -> dict[str, object]:
    """A moment, as the naive UTC that Tryton keeps."""
    plain = moment.astimezone(UTC)
    return {"__class__": "datetime", **{part: getattr(plain, part) for part in _PARTS}}


def query_value(value: object) -> str:
    """A domain, an order or a context as a query or a header wants it."""
    return base64.urlsafe_b64encode(encode(value, numbers=True)).decode()


def _as_decimal(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a number")
    return number


def _to_decimal(value: object) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": str(_as_decimal(value))}


def _to_date(value: object) -> dict[str, object]:
    day = date.fromisoformat(str(value))
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def _to_moment(value: object) -> dict[str, object]:
    moment = moment_of(str(value))
    if moment is None:
        raise ValueError(f"{value!r} is not a moment")
    return moment_to_wire(moment)


def _to_duration(value: object) -> dict[str, object]:
    seconds = _EXACT.multiply(_as_decimal(value), _HOUR)
    return {"__class__": "timedelta", "seconds": _short(_EXACT.quantize(seconds, Decimal("0.001")))}


def _to_integer(value: object) -> int:
    return int(str(value))


def _to_flag(value: object) -> bool:
    if value is True or value is False:
        return value
    raise ValueError(f"{value!r} is neither true nor false")


# Kinds of fields in what mappings give; "hours" is a decimal number of hours.
WRITERS: Final[Mapping[str, Callable[[object], object]]] = {
    "text": str,
    "decimal": _to_decimal,
    "number": _as_decimal,
    "integer": _to_integer,
    "date": _to_date,
    "datetime": _to_moment,
    "hours": _to_duration,
    "flag": _to_flag,
}
