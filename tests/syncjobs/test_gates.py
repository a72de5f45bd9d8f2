"""Gates: conditions over a record and its neighbours, without a database."""

from typing import Any

import pytest

from mappings.canonical import reference_of
from syncjobs.blueprints import BLUEPRINTS
from syncjobs.blueprints.contract_changes import MONEY
from syncjobs.blueprints.milestone_to_invoice import AMENDMENT
from syncjobs.blueprints.opportunity_to_project import ACTIVATION
from syncjobs.gates import Context, GateError, GateResult, check_gate, evaluate
from syncjobs.neighbours import Known, Neighbourhood, walk

ERP = 7


def _world(*records: Known, refs: dict[tuple[str, str], str] | None = None) -> Neighbourhood:
    world = Neighbourhood(reference_of)
    world.add(records)
    world.refs.update({(ERP, *key): id_ for key, id_ in (refs or {}).items()})
    return world


def _ask(gate: dict[str, Any], record: Known, world: Neighbourhood, **more: Known) -> GateResult:
    context = Context(record, more.get("origin", record), {"erp": ERP}, world)
    return evaluate(gate, context)


PROJECT = Known("project", "P-1", {"code": "P-1", "customer": "C-1", "contract": "CT-1"})
CUSTOMER = Known("customer", "C-1", {"number": "C-1", "tax_code": "EU"})
CONTRACT = Known(
    "contract", "CT-1", {"number": "CT-1", "status": "active", "billing_schedule": "monthly"}
)
THERE = {("customer", "C-1"): "1", ("contract", "CT-1"): "2"}


def test_a_project_whose_customer_and_contract_are_valid_in_the_erp_may_start() -> None:
    world = _world(PROJECT, CUSTOMER, CONTRACT, refs=THERE)
    assert _ask(ACTIVATION[0], PROJECT, world).passed


@pytest.mark.parametrize(
    ("records", "refs", "missing"),
    [
        (
            [Known("customer", "C-1", {"tax_code": None}), CONTRACT],
            THERE,
            "tax setting of customer C-1 in the ERP",
        ),
        ([CUSTOMER, CONTRACT], {("contract", "CT-1"): "2"}, "customer in the ERP for project P-1"),
        ([CUSTOMER, CONTRACT], {("customer", "C-1"): "1"}, "contract in the ERP for project P-1"),
        (
            [CUSTOMER, Known("contract", "CT-1", {"status": "draft", "billing_schedule": "m"})],
            THERE,
            "active contract CT-1 in the ERP",
        ),
        (
            [CUSTOMER, Known("contract", "CT-1", {"status": "active"})],
            THERE,
            "billing schedule of contract CT-1",
        ),
    ],
)
def test_activation_names_the_missing_item(
    records: list[Known], refs: dict[tuple[str, str], str], missing: str
) -> None:
    result = _ask(ACTIVATION[0], PROJECT, _world(PROJECT, *records, refs=refs))
    assert (result.passed, result.missing) == (False, (missing,))
    assert result.alert == "finance"


BILLED = Known("project", "P-1", {**PROJECT.data, "service_item": "TIME"})


@pytest.mark.parametrize(
    ("item", "refs", "missing"),
    [
        (Known("service_item", "TIME", {"status": "active"}), {("service_item", "TIME"): "9"}, ()),
        (None, {}, ("service item TIME",)),
        # Somebody has told of it, and the ERP does not have it.
        (Known("service_item", "TIME", {"status": "active"}), {}, ("service item TIME",)),
        # The ERP had it, and it was deleted there.
        (
            Known("service_item", "TIME", {"status": "active"}, deleted=True),
            {("service_item", "TIME"): "9"},
            ("service item TIME",),
        ),
        (
            Known("service_item", "TIME", {"status": "inactive"}),
            {("service_item", "TIME"): "9"},
            ("service item TIME, which is not active",),
        ),
    ],
)
def test_a_project_starts_when_the_erp_has_the_item_that_it_is_billed_as(
    item: Known | None, refs: dict[tuple[str, str], str], missing: tuple[str, ...]
) -> None:
    world = _world(BILLED, *([item] if item else []), refs=refs)
    result = _ask(ACTIVATION[1], BILLED, world)
    assert (result.passed, result.missing) == (not missing, missing)
    if missing:
        assert f"ref:{ERP}:service_item:TIME" in result.watch
        assert "service_item:TIME" in result.watch


def test_a_project_that_names_no_service_item_is_not_asked_for_one() -> None:
    assert _ask(ACTIVATION[1], PROJECT, _world(PROJECT)).passed


@pytest.mark.parametrize(
    ("agreed", "value", "passes"),
    [("100", "100.00", True), ("100.01", "100.00", False), ("100", None, False), (None, "1", True)],
)
def test_terms_that_leave_the_money_as_it_is_need_nobody(
    agreed: str | None, value: str | None, *, passes: bool
) -> None:
    contract = Known("contract", "CT-1", {"agreed_value": agreed, "value": value})
    result = _ask(MONEY[0], contract, _world(contract))
    assert result.passed is passes
    assert passes or "CT-1" in result.missing[0]


def test_a_refusal_watches_every_record_that_could_change_it() -> None:
    world = _world(PROJECT, Known("customer", "C-1", {}), CONTRACT, refs=THERE)
    watch = set(_ask(ACTIVATION[0], PROJECT, world).watch)
    assert {"project:P-1", "customer:C-1", "contract:CT-1"} <= watch
    assert {f"ref:{ERP}:customer:C-1", f"ref:{ERP}:contract:CT-1"} <= watch


def test_a_neighbour_that_nobody_has_sent_is_named_and_watched() -> None:
    place = Known("customer", "C-1", {}, version=0)
    result = _ask(ACTIVATION[0], PROJECT, _world(PROJECT, place, CONTRACT, refs=THERE))
    assert "customer C-1" in result.missing
    assert "customer:C-1" in result.watch


INVOICE = Known("invoice", "M:1", {"number": "M:1", "contract": "CT-1"})
NEEDS = Known("milestone", "1", {"amendment_required": True})
FREE = Known("milestone", "1", {"amendment_required": False})


@pytest.mark.parametrize(
    ("milestone", "contract", "passes"),
    [(NEEDS, True, False), (NEEDS, False, True), (FREE, True, True), (NEEDS, None, False)],
)
def test_a_milestone_is_held_while_its_contract_needs_an_amendment(
    milestone: Known, contract: bool | None, passes: bool
) -> None:
    under = Known("contract", "CT-1", {"amendment_required": contract})
    result = _ask(AMENDMENT[0], INVOICE, _world(INVOICE, under), origin=milestone)
    assert result.passed is passes
    if not passes:
        assert result.missing == ("signed amendment of contract CT-1",)


def test_an_invoice_without_a_contract_is_held() -> None:
    invoice = Known("invoice", "M:1", {"number": "M:1"})
    result = _ask(AMENDMENT[1], invoice, _world(invoice), origin=FREE)
    assert result.missing == ("contract for invoice M:1",)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"path": "name", "op": "present"}, True),
        ({"path": "name", "op": "absent"}, False),
        ({"path": "name", "op": "equals", "value": "x"}, True),
        ({"path": "name", "op": "not_equals", "value": "x"}, False),
        ({"path": "name", "op": "in", "values": ["x", "y"]}, True),
        ({"path": "amendments", "op": "any", "field": "status", "value": "signed"}, True),
        ({"path": "amendments", "op": "any", "field": "status", "value": "sent"}, False),
        ({"path": "name", "op": "any", "field": "a", "value": "b"}, False),
    ],
)
def test_each_operator(condition: dict[str, Any], holds: bool) -> None:
    data = {"name": "x", "amendments": [{"status": "draft"}, {"status": "signed"}]}
    record = Known("contract", "CT-1", data)
    gate = {"name": "g", "require": [condition]}
    assert _ask(gate, record, _world(record)).passed is holds


@pytest.mark.parametrize(
    "gate",
    [
        {"require": [{"path": "a", "op": "present"}]},
        {"name": "g"},
        {"name": "g", "require": []},
        {"name": "g", "require": [{"path": "a", "op": "magic"}]},
        {"name": "g", "require": [{"op": "present"}]},
        {"name": "g", "require": "a"},
    ],
)
def test_a_gate_of_the_wrong_shape_is_refused(gate: dict[str, Any]) -> None:
    with pytest.raises(GateError):
        check_gate(gate)


def test_the_shipped_gates_have_the_right_shape() -> None:
    points = [
        point["default"]
        for blueprint in BLUEPRINTS.values()
        for name, point in blueprint["extension_points"].items()
        if name != "cut_off"
    ]
    assert points
    for gates in points:
        for gate in gates:
            check_gate(gate)


def test_a_walk_notes_what_is_not_loaded_yet_and_stops() -> None:
    world = _world(PROJECT)
    walked = walk(PROJECT, "customer.tax_code", world)
    assert walked.broken == ("customer", "C-1")
    assert world.wanted == {("customer", "C-1")}


def test_a_walk_through_a_plain_field_leads_nowhere() -> None:
    record = Known("project", "P-1", {"name": "x"})
    assert walk(record, "name.anything", _world(record)).value is None


@pytest.mark.parametrize(
    ("records", "refs", "wanted"),
    [
        (
            [Known("customer", "C-1", {}), CONTRACT],
            THERE,
            {"type": "customer", "key": "C-1", "field": "tax_code", "op": "present"},
        ),
        (
            [CUSTOMER, Known("contract", "CT-1", {"status": "draft", "billing_schedule": "m"})],
            THERE,
            {"type": "contract", "key": "CT-1", "field": "status", "op": "equals"}
            | {"value": "active"},
        ),
        (
            [CUSTOMER, CONTRACT],
            {("contract", "CT-1"): "2"},
            {"type": "customer", "key": "C-1", "role": "erp"},
        ),
        (
            [Known("customer", "C-1", {}, version=0), CONTRACT],
            THERE,
            {"type": "customer", "key": "C-1"},
        ),
    ],
)
def test_a_refusal_says_as_data_what_is_wanted_where(
    records: list[Known], refs: dict[tuple[str, str], str], wanted: dict[str, object]
) -> None:
    result = _ask(ACTIVATION[0], PROJECT, _world(PROJECT, *records, refs=refs))
    assert result.wanted == (wanted,)


def test_where_a_reference_on_the_way_is_empty_that_one_is_wanted() -> None:
    free = Known("project", "P-1", {"code": "P-1", "customer": "C-1"})
    wanted = _ask(ACTIVATION[0], free, _world(free, CUSTOMER, refs=THERE)).wanted
    assert wanted
    assert all(
        one == {"type": "project", "key": "P-1", "field": "contract", "op": "present"}
        for one in wanted
    )


def test_what_nothing_but_a_signature_satisfies_wants_no_data() -> None:
    contract = Known("contract", "CT-1", {"agreed_value": "2", "value": "1"})
    result = _ask(MONEY[0], contract, _world(contract))
    assert (result.passed, result.wanted) == (False, ())
