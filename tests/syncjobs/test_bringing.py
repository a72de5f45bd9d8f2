"""The advice on what a gate holds: what has to come, in which system, and who sees to it."""

from typing import Any

import pytest

from mappings.models import OwnershipRule
from syncjobs.models import Issue, Workflow
from syncjobs.services.bringing import brought
from tenants.accounts.models import Client
from tests.syncjobs.factories import Lab, make_lab, step

CUSTOMER_TAX: dict[str, Any] = {"path": "tax_code", "op": "present", "missing": "tax of {key}"}


def _gate(require: list[dict[str, Any]], **more: str) -> dict[str, Any]:
    return {"name": "g", "label": "A gate", "require": require, "alert": "finance", **more}


@pytest.fixture
def lab(alder: Client, at_work: None) -> Lab:
    return make_lab(alder)


def _held(lab: Lab, gate: dict[str, Any]) -> str:
    lab.replace_workflow([step("customer", lab.target_connection, gates=[gate])])
    bound = {"crm": lab.source_connection.pk, "erp": lab.target_connection.pk}
    Workflow.objects.update(bindings=bound)
    lab.put_customer("1")
    lab.drain()
    return brought(Issue.objects.get())


def test_a_field_is_named_in_the_system_that_owns_it(lab: Lab) -> None:
    assert _held(lab, _gate([CUSTOMER_TAX])) == (
        f"Fill in “tax code” of customer C-1 in {lab.target_connection.name}. "
        "Whoever keeps that system can bring it; Finance at Northwind Ops is told of it. "
        "If it may go without, it can be released by hand, with a reason."
    )


def test_the_partners_own_rule_on_who_owns_it_counts(lab: Lab) -> None:
    OwnershipRule.objects.create(object="customer", field="tax_code", owner="crm")
    said = _held(lab, _gate([CUSTOMER_TAX]))
    assert f"of customer C-1 in {lab.source_connection.name}." in said


def test_a_gate_that_asks_for_approval_says_that_others_sign(lab: Lab) -> None:
    said = _held(lab, _gate([CUSTOMER_TAX], then="approve"))
    assert said.endswith("its release can be asked for, with a reason: others sign it.")


def test_a_refused_record_is_not_offered_for_release(lab: Lab) -> None:
    said = _held(lab, _gate([CUSTOMER_TAX], then="reject"))
    assert said.startswith("Fill in “tax code”")
    assert "release" not in said


def test_one_value_or_one_of_a_few_or_of_many(lab: Lab) -> None:
    one = {"path": "tax_code", "op": "equals", "value": "EU"}
    few = {"path": "tax_code", "op": "in", "values": ["EU", "UK"]}
    many = {"path": "tax_code", "op": "in", "values": list("abcdefg")}
    said = _held(lab, _gate([one, few, many]))
    for met in ("is EU", "is EU or UK", "is one of the 7 values that the rule allows"):
        place = f"“tax code” of customer C-1 {met} in {lab.target_connection.name}."
        assert f"It counts as there once {place}" in said


def test_what_a_field_stands_for_comes_before_the_field(lab: Lab) -> None:
    signed = {"path": "tax_code", "op": "equals", "value": "EU", "missing": "tax letter of {key}"}
    said = _held(lab, _gate([signed]))
    assert said.startswith("Get the tax letter of C-1 first. It counts as there once “tax code”")


def test_an_exception_of_before_has_the_general_advice() -> None:
    assert not brought(Issue(kind="missing_prerequisite", detail={"alert": "finance"}))


def test_an_exception_of_before_learns_what_is_wanted_when_its_gate_is_asked_again(
    lab: Lab,
) -> None:
    said = _held(lab, _gate([CUSTOMER_TAX]))
    issue = Issue.objects.get()
    Issue.objects.update(detail={name: issue.detail[name] for name in ("gate", "alert")})
    lab.put_customer("1", name="Other name")
    lab.drain()
    issue.refresh_from_db()
    assert (brought(issue), issue.count) == (said, 1)
