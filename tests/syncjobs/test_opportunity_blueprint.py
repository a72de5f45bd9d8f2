"""A won opportunity, from the CRM to a project that its PSA starts when the ERP can bill it."""

from collections.abc import Iterator
from typing import Any

import pytest

from syncjobs.engine.drain import drain_until_idle
from syncjobs.models import CanonicalRecord, Hold, Issue
from tenants.accounts.models import Client
from tests.syncjobs.sandboxes import Systems3, three_systems

SLUG = "opportunity_to_project"
ACCOUNT = {"number": "C-1", "name": "Aran Ferries", "currency": "EUR", "address": {"country": "IE"}}
WON = {
    "number": "OPP-1",
    "name": "Timetable",
    "accountNumber": "C-1",
    "stage": "won",
    "amount": "48000.00",
    "currency": "EUR",
    "billingType": "time_and_materials",
    "budgetHours": "320.00",
    "projectCode": "P-1",
    "contractNumber": "CT-1",
    "engagementId": "ENG-1",
    "startDate": "2026-11-01",
    "endDate": "2027-10-31",
}
TIME = {"code": "TIME", "description": "Professional time", "unit": "HOUR"}


@pytest.fixture
def systems(alder: Client, at_work: None) -> Iterator[Systems3]:
    with three_systems(alder, (SLUG,)) as running:
        running.erp.control("add_tax_code", code="V23", rate="0.23", description="Standard")
        running.erp.control("set_tax_rule", country="IE", taxCode="V23")
        running.crm.bulk("accounts", [ACCOUNT])
        yield running


def work(systems: Systems3) -> None:
    """Read everything and deliver what is due; nothing may break."""
    systems.poll_soon()
    assert drain_until_idle(patience=0.3).errors == []


def rows(systems: Systems3, kind: str, name: str, key: str) -> dict[str, dict[str, Any]]:
    return {str(one[key]): one for one in systems.clients[kind].pages(name)}


def _missing() -> list[str]:
    return list(Hold.objects.filter(released_at=None).values_list("missing", flat=True))


def test_a_project_waits_for_its_service_item_and_starts_by_itself_when_the_erp_has_it(
    systems: Systems3,
) -> None:
    systems.crm.bulk("opportunities", [WON])
    work(systems)
    assert rows(systems, "psa", "projects", "Code")["P-1"]["Status"] == "Draft"
    assert _missing() == ["service item TIME"]
    assert Issue.objects.get(state="open").kind == "missing_prerequisite"

    systems.erp.bulk("serviceItems", [TIME])
    work(systems)
    assert rows(systems, "psa", "projects", "Code")["P-1"]["Status"] == "Active"
    assert _missing() == []
    assert not Issue.objects.filter(state="open").exists()
    item = CanonicalRecord.objects.get(type="service_item", key="TIME")
    assert item.data == {
        "number": "TIME", "name": "Professional time", "unit": "hour", "status": "active",
    }  # fmt: skip


def test_the_item_that_was_sold_goes_before_the_usual_one_and_must_be_open(
    systems: Systems3,
) -> None:
    managed = {"code": "MANAGED", "description": "Managed service", "unit": "EACH"}
    systems.erp.bulk("serviceItems", [TIME, {**managed, "blocked": True}])
    systems.crm.bulk("opportunities", [{**WON, "productCode": "MANAGED"}])
    work(systems)
    assert _missing() == ["service item MANAGED, which is not active"]

    systems.erp.control("block_item", code="MANAGED", blocked=False)
    work(systems)
    assert rows(systems, "psa", "projects", "Code")["P-1"]["Status"] == "Active"


PARTS = {
    "tasks": [
        {"number": "1", "name": "Survey", "hours": "120.00"},
        {"number": "2", "name": "Build", "hours": "200.00", "productCode": "MANAGED"},
    ],
    "milestones": [
        {"number": "1", "name": "Accepted", "amount": "9000.00", "dueDate": "2027-04-01"}
    ],
    "roles": [
        {"number": "1", "role": "Architect", "skill": "Rail", "hours": "80.00", "rate": "95"}
    ],
}


def _parts(systems: Systems3) -> tuple[dict[str, Any], dict[str, Any]]:
    return rows(systems, "psa", "tasks", "Number"), rows(systems, "psa", "milestones", "Number")


def test_tasks_and_milestones_go_into_the_project_once_and_are_the_psas_from_then_on(
    systems: Systems3,
) -> None:
    systems.erp.bulk("serviceItems", [TIME])
    systems.crm.bulk("opportunities", [{**WON, **PARTS}])
    work(systems)
    tasks, milestones = _parts(systems)
    assert {key: (one["Name"], one["PlannedHours"]) for key, one in tasks.items()} == {
        "P-1-T1": ("Survey", "120.00"),
        "P-1-T2": ("Build", "200.00"),
    }
    assert [tasks[key]["ServiceItem"] for key in sorted(tasks)] == ["TIME", "MANAGED"]
    (sold,) = milestones.values()
    assert (sold["Number"], sold["Amount"], sold["Status"]) == ("P-1-M1", "9000.00", "Planned")
    assert (sold["ContractNumber"], sold["EngagementId"]) == ("CT-1", "ENG-1")

    # The PSA goes on with them; sales adds a task and takes one away.
    systems.psa.call("PUT", f"/api/tasks/{tasks['P-1-T1']['Id']}", {"Name": "Survey on site"})
    (deal,) = systems.crm.pages("opportunities")
    added = [PARTS["tasks"][0], {"number": "3", "name": "Training", "hours": "16.00"}]
    systems.crm.call("PATCH", f"/v2/opportunities/{deal['id']}", {"tasks": added})
    work(systems)
    tasks, milestones = _parts(systems)
    assert sorted(tasks) == ["P-1-T1", "P-1-T2", "P-1-T3"]
    assert tasks["P-1-T1"]["Name"] == "Survey on site"
    assert len(milestones) == 1
    assert CanonicalRecord.objects.get(type="task", key="P-1-T1").data["name"] == "Survey on site"


def test_nobody_is_asked_for_where_the_firm_has_no_staffing_system(systems: Systems3) -> None:
    workflow = systems.workflows[SLUG]
    assert workflow.version is not None
    steps = [one["name"] for one in workflow.version.definition["steps"]]
    assert "task" in steps
    assert "demand" not in steps


def test_demand_is_asked_for_in_staffing_and_who_is_found_is_assigned(
    alder: Client, at_work: None
) -> None:
    kinds = ("crm", "psa", "erp", "staffing")
    with three_systems(alder, (SLUG, "staffing_sync"), kinds=kinds) as systems:
        staffing = systems.clients["staffing"]
        systems.psa.bulk("resources", [{"Number": "R-1", "LastName": "Dara", "Currency": "EUR"}])
        staffing.bulk("people", [{"number": "R-1", "name": "Dara", "availableHours": "160.00"}])
        systems.crm.bulk("accounts", [ACCOUNT])
        systems.crm.bulk("opportunities", [{**WON, **PARTS}])
        work(systems)

        (asked,) = staffing.pages("requests")
        assert (asked["number"], asked["status"]) == ("P-1-R1", "open")
        assert (asked["role"], asked["skill"], asked["plannedHours"]) == (
            "Architect", "Rail", "80.00",
        )  # fmt: skip
        demand = CanonicalRecord.objects.get(type="assignment")
        assert (demand.data["status"], demand.data.get("resource")) == ("requested", None)
        assert rows(systems, "psa", "assignments", "Number") == {}

        staffing.control(
            "staff", number="P-1-R1", personNumber="R-1", jobCode="JC-A", costRate="50.00"
        )
        work(systems)
        work(systems)
        demand.refresh_from_db()
        assert (demand.data["status"], demand.data["resource"]) == ("confirmed", "R-1")
        raised = set(demand.events.values_list("type", flat=True))
        assert raised == {"resource.assigned", "assignment.changed"}
        given = rows(systems, "psa", "assignments", "Number")["P-1-R1"]
        assert (given["ResourceNumber"], given["ProjectCode"]) == ("R-1", "P-1")
        assert len(list(staffing.pages("requests"))) == 1
