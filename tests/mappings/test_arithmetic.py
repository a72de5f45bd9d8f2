"""Arithmetic held against whole fractions, which know nothing of decimal numbers."""

from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mappings.language.budget import ExpressionError
from mappings.language.evaluate import Expression
from mappings.transforms import TransformError, build_step

DIGITS = 40
MOST = Fraction(10) ** 60
HALF = Fraction(1, 2)


class Refused(Exception):
    """The oracle has no number for it."""


def floor_and_rest(value: Fraction) -> tuple[int, Fraction]:
    """Return the whole part of a size, and what is left of it."""
    whole = abs(value).numerator // abs(value).denominator
    return whole, abs(value) - whole


def to_places(value: Fraction, places: int, mode: str = "half_up") -> Fraction:
    """Return a number with so many places after the point, of a text book."""
    whole, rest = floor_and_rest(value * Fraction(10) ** places)
    up = {
        "half_up": rest >= HALF,
        "half_even": rest > HALF or (rest == HALF and whole % 2 == 1),
        "down": False,
        "up": rest > 0,
    }[mode]
    size = Fraction(whole + up) / Fraction(10) ** places
    return -size if value < 0 else size


def to_digits(value: Fraction) -> Fraction:
    """Return a number with 40 digits, the last one half up. Raises Refused beyond 10^61."""
    if not value:
        return value
    exponent = 0
    while abs(value) >= Fraction(10) ** (exponent + 1):
        exponent += 1
    while abs(value) < Fraction(10) ** exponent:
        exponent -= 1
    made = to_places(value, DIGITS - 1 - exponent)
    if abs(made) >= MOST * 10:
        raise Refused
    return made


def expected(tree: object) -> Fraction:
    """Return what a tree of calls is, by fractions alone."""
    if isinstance(tree, Decimal):
        return Fraction(tree)
    assert isinstance(tree, tuple)
    name, *inner = tree
    if name == "round":
        value, places = expected(inner[0]), inner[1]
        made = to_places(value, places)
        if abs(made) * Fraction(10) ** places >= Fraction(10) ** DIGITS:
            raise Refused
        return made
    values = [expected(one) for one in inner]
    if name == "abs":
        return abs(values[0])
    left, right = values
    if name == "div" and not right:
        raise Refused
    return to_digits(
        {
            "add": lambda: left + right,
            "sub": lambda: left - right,
            "mul": lambda: left * right,
            "div": lambda: left / right,
            "min": lambda: min(left, right),
            "max": lambda: max(left, right),
        }[name]()
    )


def written(tree: object) -> str:
    """Return a tree as an expression."""
    if isinstance(tree, tuple):
        return f"{tree[0]}({', '.join(written(one) for one in tree[1:])})"
    return format(tree, "f") if isinstance(tree, Decimal) else str(tree)


NUMBERS = st.decimals(
    min_value=Decimal("-1e15"), max_value=Decimal("1e15"), places=6, allow_nan=False
) | st.sampled_from([Decimal(text) for text in ("0", "1", "3", "0.5", "2.5", "-2.5", "0.000001")])
TREES = st.recursive(
    NUMBERS,
    lambda inner: (
        st.tuples(st.sampled_from(["add", "sub", "mul", "div", "min", "max"]), inner, inner)
        | st.tuples(st.just("round"), inner, st.integers(0, 10))
        | st.tuples(st.just("abs"), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(TREES)
@example(("div", Decimal(1), Decimal(3)))
@example(("div", Decimal(2), Decimal(3)))
@example(("div", Decimal(1), Decimal(0)))
@example(("round", ("div", Decimal(-5), Decimal(2)), 0))
@example(("round", Decimal("0.125"), 2))
@example(
    ("mul", ("mul", Decimal("1e15"), Decimal("1e15")), ("mul", Decimal("1e15"), Decimal("1e15")))
)
def test_arithmetic_agrees_with_fractions(tree: object) -> None:
    with localcontext() as context:
        context.prec = 3  # the thread's own must not matter
        try:
            wanted = expected(tree)
        except Refused:
            with pytest.raises(ExpressionError):
                Expression(written(tree))({}, {})
            return
        found = Expression(written(tree))({}, {})
    assert isinstance(found, Decimal)
    assert Fraction(found) == wanted


@settings(max_examples=300, deadline=None)
@given(NUMBERS, st.integers(0, 10), st.sampled_from(["half_up", "half_even", "down", "up"]))
@example(Decimal("2.5"), 0, "half_even")
@example(Decimal("-2.5"), 0, "half_even")
@example(Decimal("0.000001"), 5, "up")
def test_steps_round_as_fractions_do(value: Decimal, places: int, mode: str) -> None:
    step = build_step("round", {"digits": places, "mode": mode})
    found = step(format(value, "f"))
    assert isinstance(found, Decimal)
    assert Fraction(found) == to_places(Fraction(value), places, mode)
    quarter = build_step("round_to", {"of": "0.25", "mode": mode})(format(value, "f"))
    assert isinstance(quarter, Decimal)
    assert Fraction(quarter) == to_places(Fraction(value) * 4, 0, mode) / 4


@settings(max_examples=150, deadline=None)
@given(NUMBERS, NUMBERS)
def test_steps_calculate_as_fractions_do(value: Decimal, by: Decimal) -> None:
    given_by = {"by": format(by, "f")}
    wanted_of: list[tuple[str, Callable[[], Fraction]]] = [
        ("multiply", lambda: Fraction(value) * Fraction(by)),
        ("divide", lambda: Fraction(value) / Fraction(by)),
        ("add", lambda: Fraction(value) + Fraction(by)),
        ("subtract", lambda: Fraction(value) - Fraction(by)),
    ]
    for name, wanted in wanted_of:
        if name == "divide" and not by:
            with pytest.raises(TransformError):
                build_step(name, given_by)
            continue
        found = build_step(name, given_by)(format(value, "f"))
        assert isinstance(found, Decimal)
        assert Fraction(found) == to_digits(wanted())
