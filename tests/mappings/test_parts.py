"""A mapping that makes several records of one, and steps that read other fields."""

from decimal import Decimal
from typing import Any

import pytest

from mappings.documents import MappingError
from mappings.engine import CompiledMapping, Inputs, compile_mapping
from mappings.parts import MAX_PARTS, member_paths
from mappings.services.preview import preview
from mappings.trying import Ended, all_ended, lines_between, money_of
from tests.mappings.hostile import cheaply

EACH: dict[str, Any] = {
    "id": "days",
    "target": "each",
    "source": "days",
    "steps": [{"do": "explode"}],
}
RULES: list[dict[str, Any]] = [
    {"id": "n", "target": "number", "expr": "concat(field('id'), '-', field('each_number'))"},
    {"id": "p", "target": "project", "source": "each.project", "lookup": {"reference": "project"}},
    {"id": "d", "target": "date", "source": "each.on"},
    {
        "id": "h",
        "target": "hours",
        "source": "each.hours",
        "lookup": {"value_map": "hours", "on_miss": "pass"},
    },
    {"id": "s", "target": "status", "constant": "approved"},
]
RECORD: dict[str, Any] = {
    "id": "S",
    "days": [
        {"on": "2026-11-02", "hours": "8", "project": "A"},
        {"on": "2026-11-03", "hours": "half", "project": "B"},
    ],
}
INPUTS = Inputs(
    references={("project", "A"): "P-A", ("project", "B"): "P-B"}, values={"hours": {"half": "4"}}
)


def _mapping(*rules: dict[str, Any], object_type: str = "time_entry") -> CompiledMapping:
    return compile_mapping({"rules": [*rules]}, object_type=object_type)


def test_each_member_gives_a_record_beside_what_they_share() -> None:
    made = _mapping(EACH, *RULES)
    first, second = made.run_all(RECORD, inputs=INPUTS)
    assert first.data is not None
    assert second.data == {
        "number": "S-2",
        "project": "P-B",
        "date": "2026-11-03",
        "hours": "4",
        "status": "approved",
    }
    assert made.reference_lookups(RECORD) == [("project", "A"), ("project", "B")]
    assert made.looked_up(RECORD, "hours", inputs=INPUTS) == ["8", "half"]
    # One rule's members are shaped first, by another rule over the list.
    shaped = {"id": "days", "target": "each", "for_each": "days", "rules": [
        {"id": "on", "target": "on", "source": "on"},
        {"id": "h", "target": "hours", "source": "hours", "default": "1"},
        {"id": "p", "target": "project", "source": "project"},
    ]}  # fmt: skip
    again = _mapping(shaped, *RULES).run_all(RECORD, inputs=INPUTS)
    assert [one.data for one in again] == [first.data, second.data]


def test_plain_members_an_empty_list_and_no_list() -> None:
    own = {"d": {"source": "each"}, "h": {"constant": "1"}, "p": {"constant": "x"}}
    rules = [
        {"id": one["id"], "target": one["target"], **own[one["id"]]} if one["id"] in own else one
        for one in RULES
    ]
    split = {**EACH, "steps": [{"do": "split", "separator": ";"}, {"do": "explode"}]}
    made = _mapping(split, *rules)
    dates = [one.data and one.data["date"] for one in made.run_all(
        {"id": "S", "days": "2026-11-02; 2026-11-03"}, inputs=INPUTS)]  # fmt: skip
    assert dates == ["2026-11-02", "2026-11-03"]
    assert _mapping(EACH, *RULES).run_all({"id": "S", "days": []}, inputs=INPUTS) == []
    assert _mapping(EACH, *RULES).run_all({"id": "S"}, inputs=INPUTS) == []
    (lacking,) = _mapping({**EACH, "required": True}, *RULES).run_all({"id": "S"}, inputs=INPUTS)
    assert [one.code for one in lacking.problems] == ["missing"]
    (wrong,) = _mapping(EACH, *RULES).run_all({"days": "x"}, inputs=INPUTS)
    assert wrong.problems[0].rule == "days"


@pytest.mark.parametrize(
    ("rule", "object_type"),
    [
        ({**EACH, "target": "description"}, "time_entry"),
        ({**EACH, "steps": [{"do": "explode"}, {"do": "first"}]}, "time_entry"),
        ({**EACH, "steps": []}, "time_entry"),
        ({**EACH, "default": []}, "time_entry"),
        (EACH, ""),
        ({"id": "l", "target": "l", "for_each": "x", "rules": [EACH]}, ""),
    ],
)
def test_a_list_is_taken_apart_only_where_records_are_made(
    rule: dict[str, Any], object_type: str
) -> None:
    with pytest.raises(MappingError) as caught:
        _mapping(rule, *(RULES if object_type else []), object_type=object_type)
    assert "each" in {one.code for one in caught.value.problems}


def test_a_canonical_list_says_what_its_members_have() -> None:
    lines = {"id": "l", "target": "each", "source": "lines", "steps": [{"do": "explode"}]}
    wrong = {"id": "a", "target": "amount", "source": "each.amout"}
    rules = [lines, wrong, {"id": "n", "target": "number", "source": "each.reference"}]
    with pytest.raises(MappingError, match=r"A member of the list has no field 'each\.amout'"):
        compile_mapping({"rules": rules}, object_type="revenue_event", source_type="invoice")
    assert member_paths({"rules": [EACH]}, RECORD)[2:] == ["each.on", "each.hours", "each.project"]


def test_more_members_than_can_be_or_too_much_work_are_refused_soon() -> None:
    many = {"id": "S", "days": [RECORD["days"][0]] * (MAX_PARTS + 1)}
    made = _mapping(EACH, *RULES)
    (refused,) = cheaply(lambda: made.run_all(many, inputs=INPUTS))
    assert "1,000 are the most" in refused.problems[0].message
    # Every part would add up the whole list again: they share one budget.
    greedy = {"id": "t", "target": "description", "expr": "sum('days', 'hours')"}
    few = {"id": "S", "days": [{**RECORD["days"][0], "hours": "1"}] * 400}
    costly = _mapping(EACH, *RULES, greedy)
    results = cheaply(lambda: costly.run_all(few, inputs=INPUTS))
    assert results[0].data is not None
    assert results[-1].data is None
    assert "does too much" in results[-1].problems[0].message


def test_a_preview_shows_all_that_a_record_becomes_and_the_first_that_fails() -> None:
    days = [*RECORD["days"], {"on": "3 May", "hours": "1", "project": "A"}]
    shown = preview(
        {"rules": [EACH, *RULES]}, {**RECORD, "days": days}, object_type="time_entry", inputs=INPUTS
    )
    assert [one.data is not None for one in shown.results] == [True, True, False]
    assert (shown.part, shown.data) == (3, None)
    assert next(row.taken for row in shown.rows if row.rule == "d") == "3 May"


def test_a_change_is_worth_what_all_its_records_are() -> None:
    def of(*amounts: str) -> Ended:
        data = [{"amount": Decimal(one), "currency": "EUR"} for one in amounts]
        return all_ended({f"K{at}": Ended("out", one) for at, one in enumerate(data)})

    assert money_of(of("10", "20.5"), "USD", "expense") == {"EUR": Decimal("30.5")}
    lines = lines_between(of("10", "20"), of("10", "21"), "expense")
    assert [(one.field, one.before, one.after) for one in lines] == [("K1.amount", "20", "21")]


def test_steps_put_fields_together_and_fall_back() -> None:
    rules = [
        {"id": "a", "target": "a", "source": "first",
         "steps": [{"do": "concat", "fields": "name.last", "separator": " "}]},
        {"id": "b", "target": "b", "source": "nick",
         "steps": [{"do": "trim"}, {"do": "coalesce", "fields": "first,name.last"},
                   {"do": "upper"}]},
        {"id": "c", "target": "c", "source": "nick", "on_null": "default", "default": "?",
         "steps": [{"do": "coalesce", "fields": "none"}]},
        {"id": "d", "target": "d", "source": "first",
         "steps": [{"do": "if", "field": "name.last", "test": "is", "than": "Byron",
                    "then": "A."}]},
    ]  # fmt: skip
    made = _mapping(*rules, object_type="")
    data = made.run({"first": "Ada", "name": {"last": "Byron"}}, inputs=Inputs()).data
    assert data == {"a": "Ada Byron", "b": "ADA", "c": "?", "d": "A."}
    data = made.run({"nick": " Al ", "name": {}}, inputs=Inputs()).data
    assert data == {"a": None, "b": "AL", "c": " Al ", "d": None}
