"""The functions that expressions may call. A closed table; all are pure and bounded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import Final

from mappings.language.budget import MAX_ITEMS, MAX_TEXT, Budget, ExpressionError
from mappings.numbers import CONTEXT, NotANumber, as_decimal, as_text, rounded, whole
from mappings.paths import MISSING


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
        raise ExpressionError(f"A number is needed, and the value {error}.") from error


def text(value: object) -> str:
    """Return a text; null is empty. Raises ExpressionError for a list, or one too long."""
    if isinstance(value, str):
        made = value
    elif value is None:
        made = ""
    elif isinstance(value, bool):
        made = "true" if value else "false"
    elif isinstance(value, Decimal):
        made = as_text(value)
    elif isinstance(value, int):
        made = as_text(number(value))
    else:
        raise ExpressionError("A text is needed, not a list or object.")
    if len(made) > MAX_TEXT:
        raise ExpressionError(f"A text grows beyond {MAX_TEXT} characters.")
    return made


def truth(value: object) -> bool:
    """Return a true or false; null is false. Raises ExpressionError for anything else."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    raise ExpressionError("A condition must be true or false; compare with eq(), gt() or the like.")


def add(left: Decimal, right: Decimal) -> Decimal:
    """Return the sum. Raises ExpressionError when it is too large."""
    try:
        return CONTEXT.add(left, right)
    except DecimalException as error:
        raise ExpressionError("The result is too large.") from error


def _divide(left: object, right: object) -> Decimal:
    try:
        return CONTEXT.divide(number(left), number(right))
    except DecimalException as error:
        raise ExpressionError("Division by zero, or a result that is too large.") from error


def _calculated(name: str) -> Callable[[object, object], Decimal]:
    operation: Callable[[Decimal, Decimal], Decimal] = getattr(CONTEXT, name)

    def apply(left: object, right: object) -> Decimal:
        try:
            return operation(as_decimal(left), as_decimal(right))
        except NotANumber as error:
            raise ExpressionError(f"A number is needed, and the value {error}.") from error
        except DecimalException as error:
            raise ExpressionError("The result is too large.") from error

    return apply


def same(left: object, right: object) -> bool:
    """Say whether two values are equal; a number equals its text."""
    if type(left) is str and type(right) is str:
        return left == right
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        try:
            return as_decimal(left) == as_decimal(right)
        except NotANumber:
            return False
    return left == right


def _ordered(compare: Callable[[object, object], bool]) -> Callable[[object, object], bool]:
    """Compare numbers as numbers, other texts (ISO days too) by their letters; null never."""

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
    made = "".join([part if type(part) is str else text(part) for part in parts])
    return made if len(made) <= MAX_TEXT else text(made)  # which says that it grows too long


def _coalesce(*values: object) -> object:
    return next((value for value in values if value not in (None, "")), None)


def rounding(digits: object) -> Callable[[object], Decimal]:
    """Return the function that rounds to so many digits. Raises ExpressionError."""
    places = _count(digits)
    if places > 10:
        raise ExpressionError("round() takes 0 to 10 digits.")

    def apply(value: object) -> Decimal:
        try:
            return rounded(number(value), places)
        except NotANumber as error:
            raise ExpressionError(f"The value {error}.") from error

    return apply


def rounding_clean(digits: object) -> Callable[[object], Decimal]:
    """Return the same for what is a clean decimal already, as arithmetic gives it."""
    places = _count(digits)
    if places > 10:
        raise ExpressionError("round() takes 0 to 10 digits.")

    def apply(value: object) -> Decimal:
        assert type(value) is Decimal
        try:
            return rounded(value, places)
        except NotANumber as error:
            raise ExpressionError(f"The value {error}.") from error

    return apply


def _round(value: object, digits: object = Decimal(2)) -> Decimal:
    return rounding(digits)(value)


def _count(value: object) -> int:
    try:
        found = whole(number(value))
    except NotANumber as error:
        raise ExpressionError(f"The count {error}.") from error
    if not 0 <= found <= MAX_TEXT:
        raise ExpressionError(f"A count is 0 to {MAX_TEXT}.")
    return found


FUNCTIONS: Final[Mapping[str, Function]] = {
    "add": Function(2, 2, _calculated("add"), "a + b"),
    "sub": Function(2, 2, _calculated("subtract"), "a − b"),
    "mul": Function(2, 2, _calculated("multiply"), "a × b"),
    "div": Function(2, 2, _divide, "a ÷ b"),
    "round": Function(1, 2, _round, "half up, to 2 digits or as given"),
    "abs": Function(1, 1, lambda value: CONTEXT.abs(number(value)), "without its sign"),
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
    "left": Function(2, 2, lambda value, n: text(value)[: _count(n)], "first letters"),
    "length": Function(1, 1, lambda value: Decimal(len(text(value))), "number of letters"),
    "contains": Function(2, 2, lambda value, part: text(part) in text(value), "has the part"),
    "starts_with": Function(
        2, 2, lambda value, part: text(value).startswith(text(part)), "begins with the part"
    ),
    "coalesce": Function(1, 12, _coalesce, "the first that is not empty"),
}


# Whose results are clean decimals: exact, of a sane size, nothing to look into again.
ARITHMETIC: Final = frozenset({"add", "sub", "mul", "div", "round"})


@dataclass(frozen=True, slots=True)
class Form:
    """A function that reads the record, or does not evaluate all of its arguments."""

    counts: frozenset[int]
    help: str


SPECIAL: Final[Mapping[str, Form]] = {
    "if": Form(frozenset({3}), "condition, then, else"),
    "and": Form(frozenset(range(2, 13)), "all are true"),
    "or": Form(frozenset(range(2, 13)), "one is true"),
    "field": Form(frozenset({1}), "a field of the record; null when it is not there"),
    "var": Form(frozenset({1}), "a value of the run, such as its period"),
    "sum": Form(frozenset({2}), "a list's field added up; what is empty counts as 0"),
    "count": Form(frozenset({1, 3}), "a list's members, or those whose field has a value"),
    "any": Form(frozenset({3}), "one member's field has the value"),
    "all": Form(frozenset({3}), "every member's field has the value"),
}


def members_of(value: object, path: str, budget: Budget) -> list[object]:
    """Return a list's members; null and missing are an empty one. Raises ExpressionError."""
    if value is None or value is MISSING:
        return []
    if not isinstance(value, list):
        raise ExpressionError(f"'{path[:60]}' is not a list.")
    if len(value) > MAX_ITEMS:
        raise ExpressionError(f"The list '{path[:60]}' has more than {MAX_ITEMS} members.")
    budget.spend(len(value))
    return value


def objects_of(value: object, path: str, budget: Budget) -> list[Mapping[str, object]]:
    """Return a list's members, all of them objects. Raises ExpressionError."""
    members = members_of(value, path, budget)
    objects = [one for one in members if isinstance(one, Mapping)]
    if len(objects) != len(members):
        raise ExpressionError(f"The list '{path[:60]}' holds something that is not an object.")
    return objects
