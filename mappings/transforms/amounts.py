"""Steps on numbers, money and durations. Exact; rounding is always said."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from mappings.numbers import (
    CONTEXT,
    CURRENCY_DIGITS,
    MODES,
    NotANumber,
    as_decimal,
    rounded,
    whole,
)
from mappings.transforms.base import Param, Step, Transform, TransformError, plain, text_of

_SPACES: Final = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'"})
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


def number(value: object) -> Decimal:
    """Return a decimal. Raises TransformError."""
    try:
        return as_decimal(value)
    except NotANumber as error:
        raise TransformError(str(error)) from error


def _parsed(params: Mapping[str, object]) -> Step:
    """Read numbers as people write them. Only the signs that are given, only where they belong:
    12.34 is not 1,234 because somebody named the point as the sign between thousands."""
    sign, thousands = str(params["decimal_sign"]), str(params["thousands_sign"])
    if sign == thousands:
        raise TransformError("the two signs must differ")
    fraction = f"(?:{re.escape(sign)}[0-9]+)?"
    grouped = f"[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+|" if thousands else ""
    written = re.compile(f"[+-]?(?:{grouped}[0-9]+){fraction}")
    wanted = f"1{thousands}234{sign}50"

    def step(value: object) -> object:
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return number(value)
        text = text_of(value).strip().translate(_SPACES)
        if len(text) > 60 or written.fullmatch(text) is None:
            raise TransformError(f"is not written like {wanted}")
        plain_text = text.replace(thousands, "") if thousands else text
        return number(plain_text.replace(sign, "."))

    return step


def _rounded(params: Mapping[str, object]) -> Step:
    digits, mode = int(str(params["digits"])), str(params["mode"])
    if not 0 <= digits <= 10:
        raise TransformError("'digits' must be 0 to 10")
    return _to_digits(digits, mode)


def _to_digits(digits: int, mode: str) -> Step:
    def step(value: object) -> object:
        try:
            return rounded(number(value), digits, mode)
        except NotANumber as error:
            raise TransformError(str(error)) from error

    return step


def _money(params: Mapping[str, object]) -> Step:
    """Round to the digits of a currency."""
    currency = str(params["currency"])
    if _CURRENCY.fullmatch(currency) is None:
        raise TransformError("'currency' must be a code such as EUR")
    return _to_digits(CURRENCY_DIGITS.get(currency, 2), str(params["mode"]))


def _to_nearest(params: Mapping[str, object]) -> Step:
    """Round to a multiple, such as quarters of an hour."""
    unit, mode = number(params["of"]), str(params["mode"])
    if unit <= 0:
        raise TransformError("'of' must be more than 0")

    def step(value: object) -> object:
        try:
            parts = rounded(CONTEXT.divide(number(value), unit), 0, mode)
        except NotANumber as error:
            raise TransformError(str(error)) from error
        return CONTEXT.multiply(parts, unit)

    return step


def _with(operation: str) -> Callable[[Mapping[str, object]], Step]:
    def build(params: Mapping[str, object]) -> Step:
        other = number(params["by"])
        if operation == "divide" and not other:
            raise TransformError("nothing can be divided by 0")
        apply: Callable[[Decimal, Decimal], Decimal] = getattr(CONTEXT, operation)
        return lambda value: apply(number(value), other)

    return build


def _hours_from(seconds: int) -> Step:
    """Return hours as a decimal of a count of units of `seconds`."""
    unit = Decimal(seconds)
    return lambda value: CONTEXT.divide(CONTEXT.multiply(number(value), unit), Decimal(3600))


def _clock_hours(value: object) -> object:
    """Return hours of a text such as 7:30 or 07:30:00."""
    parts = text_of(value).strip().split(":")
    if len(parts) not in (2, 3) or not all(
        part.isdecimal() and part.isascii() and len(part) <= 4 for part in parts
    ):
        raise TransformError("needs a duration such as 7:30")
    hours, minutes, seconds = [*map(int, parts), 0][:3]
    if minutes > 59 or seconds > 59:
        raise TransformError("minutes and seconds end at 59")
    return CONTEXT.divide(Decimal(hours * 3600 + minutes * 60 + seconds), Decimal(3600))


def _integer(value: object) -> object:
    try:
        return whole(number(value))
    except NotANumber as error:
        raise TransformError(str(error)) from error


_MODE = Param("mode", "choice", required=False, default="half_up", choices=tuple(MODES))
_BY = (Param("by", "decimal"),)
_SIGNS = (
    Param("decimal_sign", "choice", choices=(".", ",")),
    Param("thousands_sign", "choice", required=False, default="", choices=("", ",", ".", " ", "'")),
)

TRANSFORMS = (
    Transform("to_decimal", "As decimal", "number", plain(number)),
    Transform("parse_number", "Read a written number", "number", _parsed, _SIGNS),
    Transform("to_integer", "As whole number", "number", plain(_integer)),
    Transform("round", "Round", "number", _rounded, (Param("digits", "integer"), _MODE)),
    Transform(
        "round_money", "Round to the currency", "number", _money, (Param("currency", "text"), _MODE)
    ),
    Transform(
        "round_to",
        "Round to parts",
        "number",
        _to_nearest,
        (Param("of", "decimal", help="0.25 for quarters"), _MODE),
    ),
    Transform("multiply", "Multiply", "number", _with("multiply"), _BY),
    Transform("divide", "Divide", "number", _with("divide"), _BY),
    Transform("add", "Add", "number", _with("add"), _BY),
    Transform("subtract", "Subtract", "number", _with("subtract"), _BY),
    Transform(
        "negate", "Change the sign", "number", plain(lambda value: CONTEXT.minus(number(value)))
    ),
    Transform(
        "absolute", "Without sign", "number", plain(lambda value: CONTEXT.abs(number(value)))
    ),
    Transform("seconds_to_hours", "Seconds to hours", "number", plain(_hours_from(1))),
    Transform("minutes_to_hours", "Minutes to hours", "number", plain(_hours_from(60))),
    Transform("clock_to_hours", "7:30 to hours", "number", plain(_clock_hours)),
)
