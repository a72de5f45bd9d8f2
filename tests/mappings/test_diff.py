"""What differs, in words; what of it is money."""

import pytest

from mappings.diff import diff, rule_words
from mappings.money import money_parts

BASE: dict[str, object] = {
    "rules": [
        {"id": "n", "target": "number", "source": "Id"},
        {"id": "s", "target": "note", "source": "Note"},
    ]
}


def changed(**parts: object) -> dict[str, object]:
    return {"rules": [{"id": "n", "target": "number", "source": "Id"},
                      {"id": "s", "target": "note", "source": "Note", **parts}]}  # fmt: skip


def test_a_rule_is_one_line_of_words() -> None:
    rule = {
        "id": "a", "target": "amount", "source": "Amount", "type": "decimal", "required": True,
        "steps": [{"do": "trim"}, {"do": "round", "digits": 2}],
        "lookup": {"value_map": "terms", "on_miss": "default"},
        "default": "0", "on_missing": "fail", "when": "eq(field('b'), 'x')", "note": "gross",
    }  # fmt: skip
    assert rule_words(rule) == (
        "amount ← Amount | trim | round (digits 2) | by the value map terms (no entry: take the "
        "default); as decimal; required; default '0'; no such field: refuse the record; "
        "only when eq(field('b'), 'x'); note: gross"
    )


@pytest.mark.parametrize(
    "parts",
    [
        {"source": "Other"},
        {"target": "other"},
        {"steps": [{"do": "trim"}]},
        {"steps": [{"do": "table", "table": {"a": "b"}}]},
        {"lookup": {"reference": "customer"}},
        {"lookup": {"value_map": "terms"}},
        {"lookup": {"value_map": "terms", "on_miss": "pass"}},
        {"default": "x"},
        {"default": None},
        {"on_null": "skip"},
        {"on_missing": "skip"},
        {"when": "true"},
        {"type": "text"},
        {"required": True},
        {"note": "n"},
    ],
)
def test_no_part_of_a_rule_can_change_unseen(parts: dict[str, object]) -> None:
    lines = diff(BASE, changed(**parts))
    assert sorted(line.sign for line in lines) == [" ", "+", "-"]
    gone, came = (next(one.text for one in lines if one.sign == sign) for sign in "-+")
    assert gone != came


def test_a_look_up_that_misses_otherwise_is_a_difference() -> None:
    one = changed(lookup={"value_map": "terms", "on_miss": "fail"})
    other = changed(lookup={"value_map": "terms", "on_miss": "pass"})
    assert [line.sign for line in diff(one, other)] == [" ", "-", "+"]


def test_the_members_of_a_list_are_told_one_by_one() -> None:
    def lines_with(source: str) -> dict[str, object]:
        members = [{"id": "q", "target": "quantity", "source": source}]
        return {"rules": [{"id": "l", "target": "lines", "for_each": "items", "rules": members}]}

    found = diff(lines_with("n"), lines_with("m"))
    assert [(line.sign, line.text) for line in found] == [
        (" ", "lines ← each of items"),
        ("-", "    quantity ← n"),
        ("+", "    quantity ← m"),
    ]


def test_checks_and_the_order_of_rules_are_differences_too() -> None:
    check = {"id": "c", "assert": "true", "message": "m"}
    assert [line.sign for line in diff(BASE, {**BASE, "checks": [check]})] == [" ", " ", "+"]
    worse = {**check, "severity": "warn"}
    found = diff({**BASE, "checks": [check]}, {**BASE, "checks": [worse]})
    assert [line.text for line in found if line.sign == "+"] == ["check: true, else warn: m"]
    rules = BASE["rules"]
    assert isinstance(rules, list)
    assert diff(BASE, {"rules": rules[::-1]})[-1].text == "The rules stand in another order."


def test_what_was_taken_away_and_what_came_are_both_there() -> None:
    other = {"rules": [{"id": "x", "target": "phone", "source": "Tel"}]}
    assert [(line.sign, line.text) for line in diff(BASE, other)] == [
        ("-", "number ← Id"),
        ("-", "note ← Note"),
        ("+", "phone ← Tel"),
    ]
    assert all(line.sign == " " for line in diff(BASE, BASE))


@pytest.mark.parametrize(
    ("rule", "canonical", "expected"),
    [
        ({"target": "description", "source": "task"}, "time_entry", []),
        ({"target": "unitPrice", "source": "x"}, "time_entry", ["unitPrice"]),
        ({"target": "x", "source": "amount"}, "time_entry", ["x"]),
        ({"target": "x", "expr": "concat(field('rate'), '')"}, "time_entry", ["x"]),
        ({"target": "x", "source": "y", "when": "gt(field('hours'), 1)"}, "time_entry", ["x"]),
        ({"target": "value", "source": "y"}, "contract", ["value"]),
        ({"target": "x", "for_each": "lines",
          "rules": [{"id": "q", "target": "qty", "source": "n"}]}, "invoice", ["x"]),
        ({"target": "x", "expr": "not an expression of amount"}, "time_entry", ["x"]),
        ({"target": "each", "source": "days"}, "time_entry", ["each"]),
        ({"target": "x", "source": "each.hours"}, "time_entry", ["x"]),
        ({"target": "x", "source": "y", "steps": [{"do": "coalesce", "fields": "z, rate"}]},
         "time_entry", ["x"]),
    ],
)  # fmt: skip
def test_money_is_seen_by_target_source_and_condition(
    rule: dict[str, object], canonical: str, expected: list[str]
) -> None:
    assert money_parts({}, {"rules": [{"id": "r", **rule}]}, canonical) == expected


def test_a_check_on_money_is_money() -> None:
    check = {"id": "c", "assert": "gt(field('rate'), 0)", "message": "m"}
    assert money_parts(BASE, {**BASE, "checks": [check]}, "time_entry") == ["check c"]
    assert money_parts({**BASE, "checks": [check]}, BASE, "time_entry") == ["check c"]
    assert money_parts(BASE, BASE, "time_entry") == []
