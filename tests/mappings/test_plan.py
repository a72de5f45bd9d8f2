"""The short way through rules gives what the long way does, for any record whatever."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.mapping import NESTED, PIPELINE, SIMPLE, deal, entry
from mappings.documents import Problem
from mappings.engine import Inputs, compile_mapping
from mappings.inputs import SKIPPED, Stop
from mappings.rules import Rule, new_budget, put_once

INPUTS = Inputs(values={"terms": {"a": "b"}}, variables={"period": "2026-10"})
WORDS = [None, "", "a", " a ", "1.50", "-1e5", "2026-10-31", "x" * 10_001, "a\x00b", "\ud800",
         "a\nb", True, False, 0, 1, 2**70, 0.5, Decimal("1.50"), Decimal("NaN"), [], ["a"], {},
         {"b": "c"}, {"b": None}, {"b": {"c": "d"}}]  # fmt: skip
TYPES = ["text", "decimal", "integer", "boolean", "date", "datetime", "list", "object", "any"]
STEPS = ["trim", "upper", "to_decimal", "absolute", "count", "first", "negate"]
ORIGINS: list[dict[str, object]] = [
    {"source": "a"}, {"source": "o.b"}, {"source": "o.b.c"}, {"source": "l.0"},
    {"constant": "1.50"}, {"constant": None}, {"constant": ["a"]},
    {"expr": "concat(field('a'), 'x')"}, {"expr": "round(mul(field('a'), 2), 1)"},
    {"expr": "round(field('a'), field('o.b'))"}, {"expr": "count('l')"}, {"expr": "var('period')"},
    {"expr": "if(field('a'), field('o.b'), null)"}, {"expr": "if(eq(field('a'), 'a'), 'x', 'y')"},
    {"expr": "concat('a', field('o.b'), field('a'))"}, {"expr": "add(field('a'), field('o.b'))"},
    {"expr": "round(div(field('a'), field('o.b')), 2)"},
]  # fmt: skip


@st.composite
def _rules(draw: st.DrawFn) -> dict[str, object]:
    rules = []
    for target in draw(st.lists(st.sampled_from(["t", "u", "v.w", "v.x", "y.z.a"]), unique=True,
                                min_size=1)):  # fmt: skip
        rule: dict[str, object] = {"id": target, "target": target}
        rule |= draw(st.sampled_from(ORIGINS))
        kind = draw(st.sampled_from(TYPES))
        rule["type"] = kind
        steps = draw(st.lists(st.sampled_from(STEPS), max_size=2))
        rule |= {"steps": [{"do": one} for one in steps]} if steps else {}
        if draw(st.booleans()):
            rule["on_null"] = draw(st.sampled_from(["null", "skip", "fail"]))
        if draw(st.booleans()):
            rule["lookup"] = {"value_map": "terms", "on_miss": "pass"}
        rules.append(rule)
    return {"rules": rules}


def by_the_long_way(
    rules: list[Rule], record: dict[str, object]
) -> tuple[dict[str, object], list[Problem]]:
    data: dict[str, object] = {}
    problems: list[Problem] = []
    spent = new_budget()
    for rule in rules:
        try:
            value = rule.value(record, INPUTS, spent)
            if value is not SKIPPED:
                put_once(data, rule, value)
        except Stop as stop:
            problems.append(stop.problem)
    return data, problems


_RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from(WORDS),
        "o": st.sampled_from(WORDS),
        "l": st.sampled_from([[], ["a", "1"], [{"b": "1"}], "no list", None]),
    },
)


@settings(max_examples=800, deadline=None)
@given(_rules(), _RECORDS)
def test_both_ways_give_the_same(document: dict[str, object], record: dict[str, object]) -> None:
    try:
        mapping = compile_mapping(document)
    except ValueError:
        return  # a constant that is not of the type
    data: dict[str, object] = {}
    problems = mapping._plan.fill(record, INPUTS, data)
    expected, wrong = by_the_long_way(list(mapping._rules), record)
    assert repr(problems) == repr(wrong)
    # NaN is not equal to itself, and a plain comparison takes 1 for True.
    assert repr(data) == repr(expected)


def test_what_the_bench_measures_is_what_the_mappings_do() -> None:
    for document, record, kind in (
        (SIMPLE, entry(1), ""), (NESTED, deal(1), ""), (PIPELINE, entry(1), "time_entry"),
    ):  # fmt: skip
        mapping = compile_mapping(document, object_type=kind)
        data, problems = by_the_long_way(list(mapping._rules), record)
        assert not problems
        found = mapping.run(record, inputs=INPUTS).data
        assert found is not None
        if not kind:
            assert found == data
