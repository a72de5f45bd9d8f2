"""Mappings: what a rule does, what it says when it can't, and that results are exact."""

from decimal import Decimal

import pytest

from mappings.documents import MappingError, Problem, document_hash
from mappings.engine import Inputs, compile_mapping
from mappings.transforms import TRANSFORMS

Rule = dict[str, object]


def outbound(*rules: Rule, **more: object) -> dict[str, object]:
    return {"rules": [{"id": f"r{n}", **rule} for n, rule in enumerate(rules)], **more}


def run(document: dict[str, object], record: dict[str, object], **inputs: object) -> object:
    mapped = compile_mapping(document).run(record, inputs=Inputs(**inputs))  # type: ignore[arg-type]
    assert mapped.data is not None, mapped.problems
    return mapped.data


def problem(document: dict[str, object], record: dict[str, object], **inputs: object) -> Problem:
    mapped = compile_mapping(document).run(record, inputs=Inputs(**inputs))  # type: ignore[arg-type]
    assert mapped.data is None
    return mapped.problems[0]


def test_money_is_exact_and_rounded_half_up() -> None:
    document = outbound(
        {
            "target": "a",
            "expr": "mul(field('h'), field('r'))",
            "steps": [{"do": "round", "digits": 2}],
        }
    )
    assert run(document, {"h": "7.25", "r": "138.70"}) == {"a": Decimal("1005.58")}
    assert run(document, {"h": "0.5", "r": "0.01"}) == {"a": Decimal("0.01")}


def test_a_missing_required_field_names_rule_target_and_source() -> None:
    found = problem(outbound({"target": "name", "source": "Party.Name", "required": True}), {})
    assert (found.code, found.rule, found.target, found.source) == (
        "missing", "r0", "name", "Party.Name",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"on_missing": "skip"}, {}),
        ({"on_missing": "null"}, {"a": None}),
        ({"default": "x"}, {"a": "x"}),
    ],
)
def test_what_is_missing_goes_by_the_rules_policy(policy: Rule, expected: object) -> None:
    assert run(outbound({"target": "a", "source": "b", **policy}), {}) == expected


def test_a_reference_that_is_not_known_says_which() -> None:
    document = outbound({"target": "c", "source": "customer", "lookup": {"reference": "customer"}})
    found = problem(document, {"customer": "C-1"})
    assert found.code == "reference_missing"
    assert found.detail == {"object_type": "customer", "key": "C-1"}
    assert run(document, {"customer": "C-1"}, references={("customer", "C-1"): "77"}) == {"c": "77"}
    assert compile_mapping(document).reference_lookups({"customer": "C-1"}) == [("customer", "C-1")]


def test_a_value_map_miss_follows_its_policy() -> None:
    rule: Rule = {"target": "t", "source": "terms", "lookup": {"value_map": "terms"}}
    found = problem(outbound(rule), {"terms": "N30"})
    assert found.code == "value_missing"
    passing = {**rule, "lookup": {"value_map": "terms", "on_miss": "pass"}}
    assert run(outbound(passing), {"terms": "N30"}) == {"t": "N30"}
    assert run(outbound(rule), {"terms": "N30"}, values={"terms": {"N30": "30D"}}) == {"t": "30D"}


def test_one_record_makes_a_list_of_lines() -> None:
    document = outbound(
        {
            "target": "lines",
            "for_each": "items",
            "rules": [{"id": "q", "target": "qty", "source": "n"}],
        }
    )
    assert run(document, {"items": [{"n": 1}, {"n": 2}]}) == {"lines": [{"qty": 1}, {"qty": 2}]}


def test_an_inbound_result_is_validated_and_kept_as_text() -> None:
    document = outbound(
        {"target": "number", "source": "id"},
        {"target": "project", "source": "p"},
        {"target": "date", "source": "d"},
        {"target": "hours", "source": "h"},
        {"target": "status", "constant": "approved"},
    )
    mapping = compile_mapping(document, object_type="time_entry")
    good = {"id": 7, "p": "P-1", "d": "2026-10-02", "h": Decimal("7.50")}
    assert mapping.run(good, inputs=Inputs()).data == {
        "number": "7", "project": "P-1", "date": "2026-10-02", "hours": "7.50",
        "status": "approved",
    }  # fmt: skip
    bad = mapping.run({**good, "d": "02/10/2026"}, inputs=Inputs())
    assert bad.data is None
    assert bad.problems[0].target == "date"


def test_checks_reject_hold_or_warn() -> None:
    check = {"id": "rate", "assert": "gt(field('a'), 0)", "message": "A rate is needed."}
    for severity in ("reject", "hold", "warn"):
        document = outbound(
            {"target": "a", "constant": 0}, checks=[{**check, "severity": severity}]
        )
        mapped = compile_mapping(document).run({}, inputs=Inputs())
        assert (mapped.data is None) == (severity == "reject")
        said = [*mapped.problems, *mapped.holds, *mapped.warnings]
        assert [one.message for one in said] == ["A rate is needed."]


def test_no_check_warns_where_nobody_would_be_told() -> None:
    check = {"id": "c", "assert": "gt(field('total'), 0)", "message": "Is it free?"}
    rules = [
        {"id": one, "target": one, "source": one}
        for one in ("number", "customer", "currency", "total")
    ]
    for severity in ("reject", "hold", "warn"):
        document = {"rules": rules, "checks": [{**check, "severity": severity}]}
        if severity == "warn":
            with pytest.raises(MappingError, match="derived warn nobody"):
                compile_mapping(document, object_type="invoice", source_type="invoice")
        else:
            compile_mapping(document, object_type="invoice", source_type="invoice")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"rules": []},
        outbound({"target": "a", "source": "b"}, {"target": "a"}),
        outbound({"target": "a", "source": "b", "python": "1"}),
        outbound({"target": "a", "source": "b", "constant": 1}),
        outbound({"target": "a", "source": "__class__"}),
        outbound({"target": "a", "source": "b", "steps": [{"do": "exec"}]}),
        outbound({"target": "a", "source": "b", "steps": [{"do": "round"}]}),
        outbound(
            {
                "target": "a",
                "source": "b",
                "steps": [{"do": "local_time", "zone": "../../etc/passwd"}],
            }
        ),
        outbound({"target": "a", "source": "b", "steps": [{"do": "match", "pattern": "a" * 201}]}),
        outbound(*[Rule(target=f"t{n}", source="b") for n in range(501)]),
        outbound({"target": "a", "expr": "add(" * 99}),
    ],
)
def test_a_document_that_is_wrong_is_refused_with_what_to_do(document: dict[str, object]) -> None:
    with pytest.raises(MappingError) as caught:
        compile_mapping(document)
    assert caught.value.problems


def test_an_unknown_canonical_field_is_refused_when_compiling() -> None:
    with pytest.raises(MappingError, match="no field 'nme'"):
        compile_mapping(outbound({"target": "nme", "source": "n"}), object_type="customer")


def test_texts_and_lists_do_not_grow_without_end() -> None:
    grow = {"do": "replace", "old": "a", "new": "a" * 100}
    document = outbound({"target": "a", "source": "b", "steps": [grow] * 10})
    assert problem(document, {"b": "aaaa"}).code == "step"


def test_the_hash_is_of_the_content_not_of_its_order() -> None:
    one = {"rules": [{"id": "a", "target": "t", "source": "s"}]}
    other = {"rules": [{"source": "s", "target": "t", "id": "a"}]}
    assert document_hash(one) == document_hash(other)
    assert document_hash(one) != document_hash(outbound({"target": "t", "source": "z"}))


def test_every_transform_has_words_for_people() -> None:
    assert len(TRANSFORMS) >= 40
    assert all(one.label and one.family for one in TRANSFORMS.values())
