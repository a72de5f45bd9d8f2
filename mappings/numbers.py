"""Exact decimals: one context for all arithmetic, never the thread's. Pure."""

import re
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Final

# Results of arithmetic: 40 significant digits, then half up. What is read must fit exactly.
CONTEXT: Final = Context(
    prec=40,
    rounding=ROUND_HALF_UP,
    Emin=-60,
    Emax=60,
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
_INTAKE: Final = Context(
    prec=40, Emin=-60, Emax=60, traps=[DivisionByZero, InvalidOperation, Overflow, Inexact]
)
_WRITTEN: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_MAX_TEXT: Final = 60
_MAX_BITS: Final = 140
MODES: Final = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
CURRENCY_DIGITS: Final = {
    "JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3,
}  # fmt: skip


_QUANTA: Final = tuple(Decimal((0, (1,), -digits)) for digits in range(11))


class NotANumber(ValueError):
    """A value is no exact decimal of a sane size. Reads on from "The value …"."""


def as_decimal(value: object) -> Decimal:
    """Return the exact decimal of a Decimal, int or ASCII text such as `-12.50`.

    Raises NotANumber: floats lose cents, NaN and Infinity are no amounts, and a number that
    needs more than 40 digits or an exponent beyond ±60 would be changed by reading it.
    """
    if isinstance(value, str):
        # Digits with a point at most: by far the most are.
        if not (
            value.isascii() and value.replace(".", "", 1).isdigit() and len(value) <= _MAX_TEXT
        ):
            value = _written(value)
    elif isinstance(value, Decimal):
        if not value.is_finite():
            raise NotANumber("is not an amount (NaN or Infinity)")
    elif isinstance(value, bool) or not isinstance(value, int):
        raise NotANumber("is not a decimal")
    elif value.bit_length() > _MAX_BITS:
        raise NotANumber("is too large a number")
    try:
        return _INTAKE.create_decimal(value)
    except DecimalException as error:
        raise NotANumber("is too large or too long a number") from error


def _written(text: str) -> str:
    text = text.strip()
    if len(text) > _MAX_TEXT or _WRITTEN.fullmatch(text) is None:
        raise NotANumber("is not written as a decimal such as 12.50")
    return text


def rounded(value: Decimal, digits: int, mode: str = "half_up") -> Decimal:
    """Return `value` with exactly `digits` (0 to 10) decimals.

    mode: a key of MODES. Raises NotANumber when the result can't be held.
    """
    try:
        return value.quantize(_QUANTA[digits], rounding=MODES[mode], context=CONTEXT)
    except DecimalException as error:
        raise NotANumber(f"is too large a number for {digits} decimals") from error


def whole(value: Decimal) -> int:
    """Return a decimal without a fraction as an int. Raises NotANumber."""
    if value != value.to_integral_value():
        raise NotANumber("is not a whole number; round it first")
    return int(value)


def as_text(value: Decimal) -> str:
    """Return a decimal as plain text, never with an exponent."""
    return format(value, "f")
