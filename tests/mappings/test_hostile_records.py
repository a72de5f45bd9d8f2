"""Hostile records: a problem of the rule that met them, and no harm to the process."""

from collections.abc import Callable, Mapping

import pytest

from mappings.engine import Inputs, Mapped, compile_mapping
from tests.mappings.hostile import cheaply, deep, document, members, rule, stepped


def problem(
    made: Mapping[str, object], record: Mapping[str, object], object_type: str = ""
) -> Mapped:
    mapping = compile_mapping(made, object_type=object_type)
    mapped = cheaply(lambda: mapping.run(record, inputs=Inputs()))
    assert mapped.data is None
    assert all(5 < len(one.message) < 400 for one in mapped.problems)
    return mapped


RECORDS: dict[str, tuple[dict[str, object], Callable[[], object]]] = {
    "replacing grows": (
        stepped(*[{"do": "replace", "old": "a", "new": "a" * 100}] * 10),
        lambda: "aaaa",
    ),
    "prefixes grow": (stepped(*[{"do": "prefix", "text": "x" * 500}] * 20), lambda: "a" * 9_000),
    "joining grows": (
        stepped({"do": "join", "separator": "-" * 400}),
        lambda: ["a" * 9_000] * 10_000,
    ),
    "splitting and joining doubles": (
        stepped(*[{"do": "split", "separator": "a"}, {"do": "join", "separator": "aa"}] * 10),
        lambda: "a" * 9_000,
    ),
    "a million letters": (stepped({"do": "trim"}), lambda: "x" * 1_000_000),
    "a million items": (stepped({"do": "count"}), lambda: [0] * 1_000_000),
    "a pattern that hangs others": (
        stepped({"do": "match", "pattern": "(a+)+$"}),
        lambda: "a" * 9_000 + "!",
    ),
    "its kin": (stepped({"do": "match", "pattern": "^(a|a)*b$"}), lambda: "a" * 9_000),
    "half a character hashed": (stepped({"do": "sha256"}), lambda: "\ud800"),
    "half a character kept": (stepped({"do": "trim"}), lambda: "\ud800"),
    "a null sign kept": (stepped({"do": "trim"}), lambda: "a\x00b"),
    "the last day": (stepped({"do": "add_days", "days": 1}), lambda: "9999-12-31"),
    "the last month": (stepped({"do": "month_end"}), lambda: "9999-12-01"),
    "the first moment": (stepped({"do": "to_utc"}), lambda: "0001-01-01T00:00:00+05:00"),
    "a far second": (stepped({"do": "epoch_seconds"}), lambda: "9" * 14),
    "a day of letters": (
        stepped({"do": "parse_date", "format": "DD/MM/YYYY"}),
        lambda: "０３/04/2026",
    ),
    "hours out of range": (stepped({"do": "minutes_to_hours"}), lambda: "9e59"),
    "an amount out of range": (stepped({"do": "multiply", "by": "1e59"}), lambda: "1e59"),
    "a million digits": (stepped({"do": "to_decimal"}), lambda: "9" * 1_000_000),
    "an integer of many digits": (stepped({"do": "to_text"}), lambda: 10**5_000),
    "a float": (stepped({"do": "to_decimal"}), lambda: 0.1),
    "an object as text": (document(rule(source="a", type="text")), lambda: {"b": 1}),
    "a list as a word": (
        document(rule(source="a", lookup={"reference": "customer"})),
        lambda: ["x"],
    ),
    "a list that is none": (document(members(rule(source="b"))), lambda: "text"),
    "members that are none": (document(members(rule(source="b"))), lambda: ["x"]),
    "a list of a million": (
        document(members(rule(source="b"))),
        lambda: [{"b": 1}] * 1_000_000,
    ),
    "lists of lists": (
        document(members(rule(for_each="b", rules=[rule(source="c")]))),
        lambda: [{"b": [{"c": 1}] * 1_000}] * 1_000,
    ),
}


@pytest.mark.parametrize("name", RECORDS.keys())
def test_a_hostile_record_is_a_problem_of_its_rule(name: str) -> None:
    made, value = RECORDS[name]
    mapped = problem(made, {"a": value()})
    assert mapped.problems[0].rule.split("/")[0] == "r"
    assert mapped.problems[0].target.split("[")[0] == "t"


def test_a_deep_record_is_refused_where_it_would_be_stored() -> None:
    rules = [
        {"id": "n", "target": "number", "source": "n"},
        {"id": "c", "target": "customer", "source": "n"},
        {"id": "a", "target": "amendments", "source": "a"},
    ]
    record = {"n": "1", "a": [deep(10_000)]}
    mapped = problem({"rules": rules}, record, "contract")
    assert mapped.problems[0].target == "amendments"


def many_sums() -> tuple[dict[str, object], dict[str, object]]:
    """Return a document of 400 sums, and a record with a long list for them."""
    rules = [{"id": f"r{n}", "target": f"t{n}", "expr": "sum('a', 'b')"} for n in range(400)]
    return {"rules": rules}, {"a": [{"b": "1"}] * 9_000}


def test_many_sums_over_a_long_list_end_by_the_budget_of_the_record() -> None:
    made, record = many_sums()
    mapped = problem(made, record)
    assert "does too much" in mapped.problems[-1].message
