"""Steps on numbers, money and durations. Exact; rounding is always said."""

from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException

from mappings.numbers import CONTEXT, CURRENCY_DIGITS, MODES, NotANumber, as_decimal, rounded
from mappings.transforms.base import Param, Step, Transform, TransformError, plain, text_of


def number(value: object) -> Decimal:
    """Return a decimal. Raises TransformError."""
    try:
        return as_decimal(value)
    except NotANumber as error:
        raise TransformError(f"needs a decimal: {error}") from error


def _parsed(params: Mapping[str, object]) -> Step:
    """Read numbers as people write them, with the signs that are given."""
    comma, thousands = str(params["decimal_sign"]), str(params["thousands_sign"])

    def step(value: object) -> object:
        text = text_of(value).strip()
        if thousands:
            text = text.replace(thousands, "")
        return number(text.replace(comma, ".") if comma != "." else text)

    return step


def _rounded(params: Mapping[str, object]) -> Step:
    digits, mode = int(str(params["digits"])), str(params["mode"])
    if not 0 <= digits <= 10:
        raise TransformError("rounds to 0 to 10 digits")

    def step(value: object) -> object:
        try:
            return rounded(number(value), digits, mode)
        except NotANumber as error:
            raise TransformError(str(error)) from error

    return step


def _money(params: Mapping[str, object]) -> Step:
    """Round to the digits of a currency."""
    digits = CURRENCY_DIGITS.get(str(params["currency"]).upper(), 2)
    return _rounded({"digits": digits, "mode": params["mode"]})


def _with(operation: str) -> Callable[[Mapping[str, object]], Step]:
    def build(params: Mapping[str, object]) -> Step:
        other = number(params["by"])
        apply = getattr(CONTEXT, operation)

        def step(value: object) -> object:
            try:
                return apply(number(value), other)
            except DecimalException as error:
                raise TransformError("the result is too large, or a division by zero") from error

        return step

    return build


def _hours_from(seconds: int) -> Step:
    """Return hours as an exact decimal of a count of units of `seconds`."""

    def step(value: object) -> object:
        return CONTEXT.divide(CONTEXT.multiply(number(value), Decimal(seconds)), Decimal(3600))

    return step


def _clock_hours(value: object) -> object:
    """Return hours of a text such as 7:30 or 07:30:00."""
    parts = text_of(value).split(":")
    if len(parts) not in (2, 3) or not all(part.isdecimal() and part.isascii() for part in parts):
        raise TransformError("needs a duration such as 7:30")
    hours, minutes, seconds = [*map(int, parts), 0][:3]
    if minutes > 59 or seconds > 59:
        raise TransformError("minutes and seconds end at 59")
    return CONTEXT.divide(Decimal(hours * 3600 + minutes * 60 + seconds), Decimal(3600))


def _integer(value: object) -> object:
    whole = number(value)
    if whole != whole.to_integral_value():
        raise TransformError("is not a whole number; round it first")
    return int(whole)


_MODE = Param("mode", "choice", required=False, default="half_up", choices=tuple(MODES))
_BY = (Param("by", "decimal"),)

TRANSFORMS = (
    Transform("to_decimal", "As decimal", "number", plain(number)),
    Transform(
        "parse_number",
        "Read a written number",
        "number",
        _parsed,
        (
            Param("decimal_sign", "choice", choices=(".", ",")),
            Param("thousands_sign", "text", required=False, default=""),
        ),
    ),
    Transform("to_integer", "As whole number", "number", plain(_integer)),
    Transform("round", "Round", "number", _rounded, (Param("digits", "integer"), _MODE)),
    Transform(
        "round_money",
        "Round to the currency",
        "number",
        _money,
        (Param("currency", "text"), _MODE),
    ),
    Transform("multiply", "Multiply", "number", _with("multiply"), _BY),
    Transform("divide", "Divide", "number", _with("divide"), _BY),
    Transform("add", "Add", "number", _with("add"), _BY),
    Transform("subtract", "Subtract", "number", _with("subtract"), _BY),
    Transform("negate", "Change the sign", "number", plain(lambda value: -number(value))),
    Transform("absolute", "Without sign", "number", plain(lambda value: abs(number(value)))),
    Transform("seconds_to_hours", "Seconds to hours", "number", plain(_hours_from(1))),
    Transform("minutes_to_hours", "Minutes to hours", "number", plain(_hours_from(60))),
    Transform("clock_to_hours", "7:30 to hours", "number", plain(_clock_hours)),
)
