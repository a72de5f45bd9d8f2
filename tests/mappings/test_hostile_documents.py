"""Hostile documents and JSON: refused at once, with what to do."""

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.documents import MappingError
from mappings.engine import compile_mapping
from mappings.json_text import BadJson, read_json
from tests.mappings.hostile import deep, document, members, refusal, rule

TERMS = "add(" * 20 + "field('a')" + ", 1)" * 20
DOCUMENTS: dict[str, Callable[[], object]] = {
    "no object": list,
    "deep": lambda: document(rule(constant=deep(100_000))),
    "deep rules": lambda: {"rules": [deep(100_000)]},
    "a float": lambda: document(rule(constant=1.5)),
    "not a number": lambda: document(rule(constant=float("nan"))),
    "a huge integer": lambda: document(rule(constant=10**400)),
    "a huge decimal": lambda: document(rule(constant=Decimal("1e999999"))),
    "half a character": lambda: document(rule(constant="\ud800")),
    "half a character as name": lambda: document(rule(constant={"\ud800": "x"})),
    "a null sign": lambda: document(rule(constant="a\x00b")),
    "a number as name": lambda: document({**rule(source="a"), 1: 2}),  # type: ignore[dict-item]  # that is the attack
    "too many values": lambda: document(rule(constant=[0] * 1_000_000)),
    "too large": lambda: document(rule(constant="x" * 500_000)),
    "501 rules": lambda: document(
        *[{"id": f"r{n}", "target": f"t{n}", "source": "a"} for n in range(501)]
    ),
    "500 rules of many terms": lambda: document(
        *[{"id": f"r{n}", "target": f"t{n}", "expr": TERMS} for n in range(500)]
    ),
    "rules in rules": lambda: document(members(members(members(members(rule(source="e")))))),
    "members without ids": lambda: document(rule(for_each="a", rules=[{"target": "t"}])),
    "members that are no rules": lambda: document(rule(for_each="a", rules=["x", 1, None])),
    "member with an unknown key": lambda: document(
        rule(for_each="a", rules=[rule(source="b", python="1")])
    ),
    "rules that are no list": lambda: {"rules": {"a": 1}},
    "checks that are no list": lambda: document(rule(source="a"), checks={"a": 1}),
    "too many checks": lambda: document(
        rule(source="a"),
        checks=[{"id": f"c{n}", "assert": "true", "message": "m"} for n in range(51)],
    ),
    "a step that is not there": lambda: document(rule(source="a", steps=[{"do": "__class__"}])),
    "too many steps": lambda: document(rule(source="a", steps=[{"do": "trim"}] * 21)),
    "a zone that is a path": lambda: document(
        rule(source="a", steps=[{"do": "local_time", "zone": "../../etc/passwd"}])
    ),
    "a zone that is absolute": lambda: document(
        rule(source="a", steps=[{"do": "date_in_zone", "zone": "/etc/localtime"}])
    ),
    "a long pattern": lambda: document(
        rule(source="a", steps=[{"do": "match", "pattern": "a" * 501}])
    ),
    "a pattern of 201": lambda: document(
        rule(source="a", steps=[{"do": "match", "pattern": "a" * 201}])
    ),
    "a pattern that looks back": lambda: document(
        rule(source="a", steps=[{"do": "match", "pattern": r"(a)\1"}])
    ),
    "a pattern that explodes": lambda: document(
        rule(source="a", steps=[{"do": "match", "pattern": "((a{1000}){1000}){1000}"}])
    ),
    "digits by the thousand": lambda: document(
        rule(source="a", steps=[{"do": "round", "digits": "9" * 5_000}])
    ),
    "a table of lists": lambda: document(
        rule(source="a", steps=[{"do": "table", "table": {"a": ["b"]}}])
    ),
    "padding": lambda: document(
        rule(source="a", steps=[{"do": "pad_left", "width": 1_000_000_000}])
    ),
    "a long separator": lambda: document(
        rule(source="a", steps=[{"do": "join", "separator": "x" * 100_000}])
    ),
    "days by the million": lambda: document(
        rule(source="a", steps=[{"do": "add_days", "days": 999_999}])
    ),
    "a long path": lambda: document(rule(source="a." * 1_000 + "b")),
    "a path to nowhere": lambda: document(rule(source="a.__init__.__globals__")),
    "a target below another": lambda: document(
        rule(source="a"), {**rule(source="b"), "id": "s", "target": "t.u"}
    ),
    "a target twice": lambda: document(rule(source="a"), {**rule(source="b"), "id": "s"}),
    "a look-up of nothing": lambda: document(rule(source="a", lookup={"python": "x"})),
    "a reference to nothing": lambda: document(rule(source="a", lookup={"reference": "spy"})),
    "a required rule that may be empty": lambda: document(
        rule(source="a", required=True, on_null="skip")
    ),
    "a policy without a default": lambda: document(rule(source="a", on_null="default")),
    "a check of nothing": lambda: document(
        rule(source="a"), checks=[{"id": "c", "assert": "gt(field('x'), 0)", "message": "m"}]
    ),
    "two origins": lambda: document(rule(source="a", constant="b")),
    "no origin": lambda: document(rule()),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS.keys())
def test_a_hostile_document_is_refused_with_what_to_do(name: str) -> None:
    made = DOCUMENTS[name]()
    error = refusal(lambda: compile_mapping(made), MappingError)  # type: ignore[arg-type]  # that is the attack
    assert error.problems
    assert all(5 < len(one.message) < 400 for one in error.problems)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"on_null": "default"}, "Where the field is empty it takes the default"),
        ({"on_missing": "default"}, "Without the field it takes the default"),
        ({"on_null": "skip", "required": True}, "Where the field is empty a required rule"),
        ({"on_missing": "null", "required": True}, "Without the field a required rule"),
        ({"lookup": {"value_map": "terms", "on_miss": "default"}}, "Without an entry it takes"),
    ],
)
def test_a_policy_that_can_not_hold_is_refused_in_plain_words(
    more: dict[str, object], said: str
) -> None:
    with pytest.raises(MappingError, match=said):
        compile_mapping(document(rule(source="a", **more)))


# --- texts from outside ----------------------------------------------------------------------


JSON_TEXTS: list[str | bytes] = [
    "[" * 100_000,
    '{"a":' * 100_000,
    '{"a": 1, "b": 2, "a": 3}',
    "{" + ",".join(f'"k{n}": 1' for n in range(40_000)) + ', "k1": 2}',
    '"\\ud800"',
    '["\\u0000"]',
    "NaN",
    "-Infinity",
    "1e999999999",
    "9" * 500,
    "1." + "0" * 60,
    "{'a': 1}",
    "",
    b"\xff\xfe",
    b"[" * 600_000,
]


@pytest.mark.parametrize("text", JSON_TEXTS, ids=lambda text: str(text[:12]))
def test_json_that_is_not_plain_and_bounded_is_refused(text: str | bytes) -> None:
    assert 10 < len(str(refusal(lambda: read_json(text), BadJson))) < 300


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
    ),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(_JSON)
def test_plain_json_comes_back_as_it_was(value: object) -> None:
    assert read_json(json.dumps(value)) == value
