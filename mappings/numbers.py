"""Exact decimals: one context for all arithmetic, never the thread's. Pure."""

from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

CONTEXT = Context(
    prec=40,
    rounding=ROUND_HALF_UP,
    Emin=-60,
    Emax=60,
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
MAX_DIGITS = 40
MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}
CURRENCY_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}


class NotANumber(ValueError):
    """A value is no exact decimal of a sane size."""


def as_decimal(value: object) -> Decimal:
    """Return the exact decimal of a Decimal, int or ASCII text such as `-12.50`.

    Raises NotANumber: floats lose cents, NaN and Infinity are no amounts, and neither is a
    text of more than MAX_DIGITS digits or with an exponent beyond ±60.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise NotANumber(f"{type(value).__name__} is not a decimal")
    if isinstance(value, str):
        text = value.strip()
        if not text.isascii() or not text or len(text) > MAX_DIGITS + 8:
            raise NotANumber("the text is empty, too long or has signs that are no digits")
        value = text
    try:
        number = CONTEXT.create_decimal(value)
    except (DecimalException, ValueError) as error:
        raise NotANumber("the text is not a decimal such as 12.50") from error
    if not number.is_finite():
        raise NotANumber("NaN and Infinity are not amounts")
    return number


def rounded(value: Decimal, digits: int, mode: str = "half_up") -> Decimal:
    """Return `value` with exactly `digits` decimals. Raises NotANumber when it can't be held."""
    try:
        return value.quantize(Decimal(1).scaleb(-digits), rounding=MODES[mode], context=CONTEXT)
    except DecimalException as error:
        raise NotANumber(f"the number is too large for {digits} decimals") from error


def as_text(value: Decimal) -> str:
    """Return a decimal as plain text, never with an exponent."""
    return format(value, "f")
