"""Hostile expressions: a clear answer, fast, small, and no harm done; arithmetic is exact."""

import contextlib
import random
from collections.abc import Callable
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.engine import Inputs, compile_mapping
from mappings.language.budget import ExpressionError
from mappings.language.evaluate import Expression
from mappings.language.functions import FUNCTIONS, SPECIAL
from tests.mappings.hostile import refusal

SOURCES = {
    "dunder name": "__import__('os')",
    "dunder path": "field('__class__.__mro__')",
    "attribute": "field('a').upper",
    "method": "field('a').upper()",
    "index": "field('a')[0]",
    "open": "open('/etc/passwd')",
    "env": "env('HOME')",
    "eval": "eval('1')",
    "lambda": "lambda: 1",
    "comprehension": "[x for x in y]",
    "assignment": "a = 1",
    "statement": "import os",
    "parens": "(" * 50_000,
    "nested calls": "not(" * 50_000 + "true" + ")" * 50_000,
    "nested calls within the length": "not(" * 100 + "true" + ")" * 100,
    "one plus": "1+" * 100_000,
    "many terms": "concat(" + ",".join(["'a'"] * 400) + ")",
    "long literal": "9" * 500,
    "full-width digits": "add(１, 2)",
    "arabic digits": "add(٣, 2)",
    "power": "9**9**9",
    "exponent": "1e999999999",
    "huge text": "'" + "a" * 1_000_000 + "'",
    "unclosed": "'" + "a" * 100,
    "backslash": "'\\x41'",
    "nested aggregate": "sum('a', sum('b', 'c'))",
    "null sign": "field('a\x00b')\x00",
    "half a character": "field(\ud800)",
    "nothing": "",
    "spaces": " " * 1_999,
    "comment": "add(1, 2) # 3",
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_a_hostile_expression_is_refused_at_once(source: str) -> None:
    assert 5 < len(str(refusal(lambda: Expression(source), ExpressionError))) < 700


EVALUATIONS: dict[str, tuple[str, Callable[[], dict[str, object]]]] = {
    "division by zero": ("div(field('a'), 0)", lambda: {"a": "1"}),
    "division of nothing": ("div(0, 0)", dict),
    "overflow": (
        "mul(mul(field('a'), field('a')), mul(field('a'), field('a')))",
        lambda: {"a": "9" * 38},
    ),
    "exponent": ("add(field('a'), 1)", lambda: {"a": "1e999999999"}),
    "tiny exponent": ("add(field('a'), 1)", lambda: {"a": "1e-999999999"}),
    "decimal exponent": ("add(field('a'), 1)", lambda: {"a": Decimal("1e999999")}),
    "not a number": ("add(field('a'), 1)", lambda: {"a": "NaN"}),
    "signalling": ("gt(field('a'), 1)", lambda: {"a": Decimal("sNaN")}),
    "infinity": ("add(field('a'), 1)", lambda: {"a": "Infinity"}),
    "float": ("add(field('a'), 1)", lambda: {"a": 0.1}),
    "full-width": ("add(field('a'), 1)", lambda: {"a": "１２"}),
    "underscores": ("add(field('a'), 1)", lambda: {"a": "1_000"}),
    "more digits than fit": ("add(field('a'), 1)", lambda: {"a": "1" * 41}),
    "huge integer": ("add(field('a'), 1)", lambda: {"a": 10**5_000}),
    "growing text": ("concat(field('a'), field('a'))", lambda: {"a": "x" * 6_000}),
    "long text": ("upper(field('a'))", lambda: {"a": "x" * 1_000_000}),
    "a million items": ("sum('a', 'b')", lambda: {"a": [{"b": "1"}] * 1_000_000}),
    "three lists": (
        "add(sum('a', 'b'), add(sum('a', 'b'), sum('a', 'b')))",
        lambda: {"a": [{"b": "1"}] * 9_000},
    ),
    "no list": ("count('a')", lambda: {"a": "text"}),
    "no objects": ("sum('a', 'b')", lambda: {"a": ["1", "2"]}),
    "list as text": ("concat(field('a'))", lambda: {"a": [1]}),
    "no condition": ("if('yes', 1, 2)", dict),
    "fraction of a letter": ("left('abc', '1.5')", dict),
    "many digits": ("round(1, 11)", dict),
    "unknown variable": ("var('perod')", dict),
}


@pytest.mark.parametrize("source", EVALUATIONS.keys())
def test_what_a_record_makes_of_an_expression_is_bounded(source: str) -> None:
    text, record = EVALUATIONS[source]
    expression, made = Expression(text), record()
    assert 5 < len(str(refusal(lambda: expression(made, {}), ExpressionError))) < 300


_TOKENS = st.sampled_from(
    [*FUNCTIONS, *SPECIAL, "(", ")", ",", "(", ")", ",", "'a'", "'a.b'", "1", "-2.5", "true",
     "null", "__class__", ".", "+", "\n", '"', "é"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_TOKENS, max_size=60).map(" ".join))
def test_token_soup_gives_a_value_or_the_expected_error(source: str) -> None:
    record = {"a": [{"b": "1"}, {"a": "x"}]}
    with contextlib.suppress(ExpressionError):
        Expression(source)(record, {})


_SOUP = [
    *FUNCTIONS, *SPECIAL, "(", ")", ",", "(", ")", ",", "'a'", "'a.b'", "1", "-2.5", "0", "true",
    "null", "__class__", ".", "+", "**", "\n", '"', "é", "１", "9" * 41, "'" + "x" * 300 + "'",
]  # fmt: skip
_GOOD = ["'a'", "'a.b'", "1", "-2.5", "0", "true", "false", "null", "field('a')", "field('a.b')"]
_FUZZ_SEED = 20261121


def _soup(chance: random.Random, depth: int = 0) -> str:
    """Return tokens in any order, or now and then a call that is nearly right."""
    if depth and chance.random() < 0.6:
        return chance.choice(_GOOD)
    if depth > 4 or chance.random() < 0.2:
        return " ".join(chance.choices(_SOUP, k=chance.randrange(1, 4 if depth else 30)))
    inner = [_soup(chance, depth + 1) for _ in range(chance.randrange(4))]
    return f"{chance.choice([*FUNCTIONS, *SPECIAL])}({', '.join(inner)})"


def _fuzz(count: int) -> int:
    """Run so many expressions; return how many gave a value. Only expected errors may come."""
    chance = random.Random(_FUZZ_SEED)
    records: list[dict[str, object]] = [
        {"a": [{"b": "1"}, {"a": "x"}]},
        {"a": "12.5"},
        {"a": {"b": Decimal("1.5")}},
        {"a": 0.1},
        {},
    ]
    values = 0
    for number in range(count):
        source = _soup(chance)
        with contextlib.suppress(ExpressionError):
            Expression(source)(records[number % len(records)], {})
            values += 1
    return values


def test_a_hundred_thousand_expressions_give_values_or_the_expected_error() -> None:
    assert _fuzz(100_000) > 5_000


def test_the_threads_decimal_context_never_matters() -> None:
    steps: dict[str, dict[str, object]] = {
        "negate": {},
        "absolute": {},
        "round": {"digits": 2},
        "multiply": {"by": "3"},
    }
    record = {"a": "1234567890123456789.125", "l": [{"n": "1234567890123456789.125"}] * 2}
    rules = [
        {"id": name, "target": name, "source": "a", "steps": [{"do": name, **given}]}
        for name, given in steps.items()
    ]
    rules.append({"id": "sum", "target": "sum", "expr": "sum('l', 'n')"})
    rules.append({"id": "abs", "target": "abs", "expr": "abs(field('a'))"})
    mapping = compile_mapping({"rules": rules})
    usual = mapping.run(record, inputs=Inputs()).data
    with localcontext() as context:
        context.prec = 2
        assert mapping.run(record, inputs=Inputs()).data == usual
    assert usual is not None
    assert usual["sum"] == Decimal("2469135780246913578.250")
