"""The functions that expressions may call. A closed table; all are pure and bounded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import Final

from mappings.language.budget import MAX_ITEMS, MAX_TEXT, Budget, ExpressionError
from mappings.numbers import CONTEXT, NotANumber, as_decimal, as_text, rounded


@dataclass(frozen=True, slots=True)
class Function:
    """A function: how many arguments it takes, what it does, one line of help."""

    least: int
    most: int
    apply: Callable[..., object]
    help: str


def number(value: object) -> Decimal:
    """Return a decimal. Raises ExpressionError."""
    try:
        return as_decimal(value)
    except NotANumber as error:
        raise ExpressionError(f"A number is needed: {error}.") from error


def text(value: object) -> str:
    """Return a text; null is empty. Raises ExpressionError when it is too long."""
    made = "" if value is None else as_text(value) if isinstance(value, Decimal) else str(value)
    if len(made) > MAX_TEXT:
        raise ExpressionError(f"A text grows beyond {MAX_TEXT} characters.")
    return made


def truth(value: object) -> bool:
    """Return a true or false. Raises ExpressionError for anything else but null."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    raise ExpressionError("A condition must be true or false; compare with eq(), gt() or the like.")


def _divide(left: object, right: object) -> Decimal:
    try:
        return CONTEXT.divide(number(left), number(right))
    except DecimalException as error:
        raise ExpressionError("Division by zero, or a result that is too large.") from error


def _calculated(name: str) -> Callable[[object, object], Decimal]:
    operation = getattr(CONTEXT, name)

    def apply(left: object, right: object) -> Decimal:
        try:
            result: Decimal = operation(number(left), number(right))
        except DecimalException as error:
            raise ExpressionError("The result is too large.") from error
        return result

    return apply


def same(left: object, right: object) -> bool:
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        try:
            return as_decimal(left) == as_decimal(right)
        except NotANumber:
            return False
    return left == right


def _ordered(compare: Callable[[object, object], bool]) -> Callable[[object, object], bool]:
    def apply(left: object, right: object) -> bool:
        if left is None or right is None:
            return False
        if isinstance(left, str) and isinstance(right, str):
            try:
                return compare(as_decimal(left), as_decimal(right))
            except NotANumber:
                return compare(left, right)
        return compare(number(left), number(right))

    return apply


def _concat(*parts: object) -> str:
    return text("".join(text(part) for part in parts))


def _coalesce(*values: object) -> object:
    return next((value for value in values if value not in (None, "")), None)


def _round(value: object, digits: object = 2) -> Decimal:
    places = int(number(digits))
    if not 0 <= places <= 10:
        raise ExpressionError("round() takes 0 to 10 digits.")
    try:
        return rounded(number(value), places)
    except NotANumber as error:
        raise ExpressionError(str(error)) from error


FUNCTIONS: Final[Mapping[str, Function]] = {
    "add": Function(2, 2, _calculated("add"), "a + b"),
    "sub": Function(2, 2, _calculated("subtract"), "a − b"),
    "mul": Function(2, 2, _calculated("multiply"), "a × b"),
    "div": Function(2, 2, _divide, "a ÷ b"),
    "round": Function(1, 2, _round, "half up, to 2 digits or as given"),
    "abs": Function(1, 1, lambda value: abs(number(value)), "without its sign"),
    "min": Function(2, 8, lambda *values: min(map(number, values)), "the smallest"),
    "max": Function(2, 8, lambda *values: max(map(number, values)), "the largest"),
    "eq": Function(2, 2, same, "equal"),
    "ne": Function(2, 2, lambda left, right: not same(left, right), "different"),
    "lt": Function(2, 2, _ordered(lambda a, b: a < b), "less"),  # type: ignore[operator]  # both of one kind by then
    "le": Function(2, 2, _ordered(lambda a, b: a <= b), "at most"),  # type: ignore[operator]  # as above
    "gt": Function(2, 2, _ordered(lambda a, b: a > b), "more"),  # type: ignore[operator]  # as above
    "ge": Function(2, 2, _ordered(lambda a, b: a >= b), "at least"),  # type: ignore[operator]  # as above
    "not": Function(1, 1, lambda value: not truth(value), "the opposite"),
    "is_null": Function(1, 1, lambda value: value is None or value == "", "null or empty"),
    "concat": Function(1, 12, _concat, "texts one after another"),
    "upper": Function(1, 1, lambda value: text(value).upper(), "in capitals"),
    "lower": Function(1, 1, lambda value: text(value).lower(), "in small letters"),
    "trim": Function(1, 1, lambda value: text(value).strip(), "without outer spaces"),
    "left": Function(2, 2, lambda value, n: text(value)[: max(0, int(number(n)))], "first letters"),
    "length": Function(1, 1, lambda value: Decimal(len(text(value))), "number of letters"),
    "contains": Function(2, 2, lambda value, part: text(part) in text(value), "has the part"),
    "starts_with": Function(
        2, 2, lambda value, part: text(value).startswith(text(part)), "begins with the part"
    ),
    "coalesce": Function(1, 12, _coalesce, "the first that is not empty"),
}
# Functions that do not evaluate all of their arguments, or that read the record.
SPECIAL: Final[Mapping[str, tuple[int, int]]] = {
    "if": (3, 3),
    "and": (2, 12),
    "or": (2, 12),
    "field": (1, 2),
    "var": (1, 1),
    "sum": (2, 2),
    "count": (1, 3),
    "any": (3, 3),
    "all": (3, 3),
}


def items_of(value: object, budget: Budget) -> list[Mapping[str, object]]:
    """Return the members of a list of objects. Raises ExpressionError when it is too long."""
    members = value if isinstance(value, list) else []
    if len(members) > MAX_ITEMS:
        raise ExpressionError(f"The list has more than {MAX_ITEMS} members.")
    budget.spend(len(members))
    return [one for one in members if isinstance(one, Mapping)]
