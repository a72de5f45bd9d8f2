"""Staffing, revenue, contract changes and support, from system to system."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.services import changes
from governance.services.policies import ensure_default_policies
from syncjobs.engine.drain import drain, drain_until_idle
from syncjobs.models import CanonicalRecord, Connection, Delivery, Hold
from syncjobs.sandbox.catalogue import KINDS
from syncjobs.services.hold_releases import release_hold
from syncjobs.state import CLAIMABLE
from tenants.accounts.actors import actor_for
from tenants.accounts.models import Client, User
from tests import actors
from tests.syncjobs.sandboxes import BUILDER, Systems3, three_systems

SLUGS = ("staffing_sync", "revenue_events", "contract_changes", "support_to_health")
PLAN = {
    "projectCode": "P-1",
    "jobCode": "JC-ENG",
    "plannedHours": "120.00",
    "costRate": "50.00",
    "billRate": "95.00",
    "currency": "EUR",
}


def _feed(systems: Systems3) -> None:
    """One customer with a contract, a project, two people and a day of work."""
    erp, psa = systems.erp, systems.psa
    customer = {"number": "C-1", "name": "Aran Ferries", "currency": "EUR"}
    systems.crm.bulk("accounts", [customer])
    erp.control("add_tax_code", code="V23", rate="0.23", description="Standard")
    erp.bulk("customers", [{**customer, "taxCode": "V23"}])
    contract = {"number": "CT-1", "customerNumber": "C-1", "title": "Move", "currency": "EUR"}
    money = {"status": "active", "value": "50000.00", "endDate": "2027-06-30"}
    erp.bulk("contracts", [{**contract, **money}])
    project = {"Name": "Move", "Currency": "EUR", "ClientCode": "C-1", "Status": "Active"}
    psa.bulk("projects", [{**project, "Code": "P-1", "ContractNumber": "CT-1"}])
    psa.bulk("projects", [{**project, "Code": "P-2", "ContractNumber": None}])
    people = [("R-1", "Aoife"), ("R-2", "Dara")]
    for number, name in people:
        psa.bulk("resources", [{"Number": number, "LastName": name, "Currency": "EUR"}])
    systems.clients["staffing"].bulk(
        "people", [{"number": n, "name": name, "availableHours": "160.00"} for n, name in people]
    )
    systems.clients["staffing"].bulk(
        "assignments",
        [
            {**PLAN, "number": "A-1", "personNumber": "R-1"},
            {**PLAN, "number": "A-2", "personNumber": "R-2", "jobCode": None},
        ],
    )
    time = {"ResourceNumber": "R-1", "WorkDate": "2026-10-07", "Hours": "8.00", "Rate": "95.00"}
    approved = {"Currency": "EUR", "State": "Approved", "ApprovedAt": "2026-10-12T08:00:00Z"}
    for number, code in (("T-1", "P-1"), ("T-2", "P-2")):
        psa.bulk("timeEntries", [{**time, **approved, "Number": number, "ProjectCode": code}])
    systems.clients["contracts"].bulk(
        "agreements",
        [
            {
                "number": "CT-1",
                "title": "Move",
                "customerNumber": "C-1",
                "projectCode": "P-1",
                "currency": "EUR",
                "agreedValue": "50000.00",
                "agreedEnd": "2027-06-30",
                "budgetHours": "400.00",
                "timeObligation": "OB-1",
            }
        ],
    )
    systems.clients["support"].bulk(
        "cases", [{"number": "CS-1", "subject": "Slow", "customerNumber": "C-1"}]
    )


@pytest.fixture
def systems(alder: Client, at_work: None) -> Iterator[Systems3]:
    with three_systems(alder, SLUGS, kinds=KINDS) as running:
        _feed(running)
        work(running)
        yield running


def work(systems: Systems3) -> None:
    """Read everything and deliver what is due; nothing may break."""
    systems.poll_soon()
    assert drain_until_idle(patience=0.3).errors == []


def rows(systems: Systems3, kind: str, name: str, key: str = "number") -> dict[str, Any]:
    return {str(one[key]): one for one in systems.clients[kind].pages(name)}


def test_four_kinds_of_systems_are_kept_in_step(systems: Systems3) -> None:
    """All four workflows at once, in rounds: what their people do, then what must be there."""
    ensure_default_policies()
    _first_round(systems)
    _people_act(systems)
    work(systems)
    _second_round(systems)
    _people_act_again(systems)
    work(systems)
    _third_round(systems)
    _outage(systems)
    # Nothing new the second time.
    effects = sum(len(one.ledger()["entries"]) for one in systems.clients.values())
    work(systems)
    assert effects == sum(len(one.ledger()["entries"]) for one in systems.clients.values())


def _held(gate: str) -> Hold:
    return Hold.objects.get(released_at=None, gate=gate)


def _first_round(systems: Systems3) -> None:
    # Staffing: who has a job code is assigned, with rate, planned cost and utilization.
    assert set(rows(systems, "psa", "assignments", "Number")) == {"A-1"}
    job = rows(systems, "erp", "jobAssignments")["A-1"]
    assert (job["jobCode"], job["billRate"], job["costRate"]) == ("JC-ENG", "95.00", "50.00")
    project = rows(systems, "psa", "projects", "Code")["P-1"]
    assert (project["PlannedHours"], project["PlannedCost"]) == ("240.00", "12000.00")
    person = rows(systems, "psa", "resources", "Number")["R-1"]
    assert person["UtilizationBaseline"] == "75.00"
    assert _held("staffable").missing == "job code of assignment A-2"
    # Revenue: no evidence without a contract.
    told = rows(systems, "revenue", "evidence", "externalReference")
    assert set(told) == {"T-1"}
    assert (told["T-1"]["contractNumber"], told["T-1"]["obligation"]) == ("CT-1", "OB-1")
    assert told["T-1"]["amount"] == "760.00"
    assert "P-2" in _held("contract_reference").missing
    # What is told for the first time amends and escalates nothing.
    assert not list(systems.crm.pages("tasks"))
    assert rows(systems, "crm", "accounts")["C-1"].get("healthStatus") is None


def _people_act(systems: Systems3) -> None:
    systems.clients["staffing"].control("plan", number="A-2", jobCode="JC-PM")
    systems.clients["staffing"].control("substitute", number="A-1", personNumber="R-2")
    systems.clients["revenue"].control("recognise", period="2026-10", on="2026-11-06")
    terms = {"agreedValue": "65000.00", "budgetHours": "520.00", "renewalOn": "2027-05-01"}
    systems.clients["contracts"].control("amend", number="CT-1", **terms)
    systems.clients["support"].control("escalate", number="CS-1")


def _second_round(systems: Systems3) -> None:
    assert not Hold.objects.filter(released_at=None, gate="staffable").exists()
    there = rows(systems, "psa", "assignments", "Number")
    assert {key: one["ResourceNumber"] for key, one in there.items()} == {
        "A-1": "R-2",
        "A-2": "R-2",
    }
    assert rows(systems, "erp", "jobAssignments")["A-1"]["resourceNumber"] == "R-2"
    assert rows(systems, "psa", "resources", "Number")["R-2"]["UtilizationBaseline"] == "150.00"

    event = CanonicalRecord.objects.get(type="revenue_event")
    assert (event.data["contract"], event.data["amount"]) == ("CT-1", "760.00")
    assert event.events.get().type == "revenue.recognised"

    # Money waits for somebody; the sales team's task does not.
    assert rows(systems, "erp", "contracts")["CT-1"]["value"] == "50000.00"
    (task,) = systems.crm.pages("tasks")
    assert (task["contractNumber"], task["dueDate"]) == ("CT-1", "2027-05-01")
    said = "approval of the new value 65,000.00 EUR of contract CT-1"
    assert _held("money_approval").missing == said

    account = rows(systems, "crm", "accounts")["C-1"]
    assert (account["healthStatus"], account["renewalFlag"]) == ("at_risk", True)
    (note,) = systems.crm.pages("notes")
    assert note["subject"] == "Case CS-1 escalated"


def _sign_release(reason: str) -> None:
    """Money is let go by those who sign the change request."""
    done = release_hold(BUILDER, _held("money_approval"), reason=reason)
    request = done.request
    assert request is not None
    assert request.touches_money
    signer = actor_for(User.objects.get(email=actors.CAROL.email))
    assert (
        changes.approve(signer, request.pk, content_hash=request.content_hash).status == "applied"
    )


def _people_act_again(systems: Systems3) -> None:
    systems.clients["support"].control("resolve", number="CS-1")
    _sign_release("Signed by their finance lead.")
    # Other money than what was approved, before it went out: asked again.
    contracts = systems.clients["contracts"]
    contracts.control("amend", number="CT-1", agreedValue="70000.00")
    work(systems)
    assert rows(systems, "erp", "contracts")["CT-1"]["value"] == "50000.00"
    _sign_release("Signed again.")
    work(systems)
    assert rows(systems, "erp", "contracts")["CT-1"]["value"] == "70000.00"
    # A renewal that leaves the money alone needs nobody.
    contracts.control(
        "renew", number="CT-1", until="2028-06-30", on="2026-11-20", renewalOn="2028-05-01"
    )


def _third_round(systems: Systems3) -> None:
    assert rows(systems, "psa", "projects", "Code")["P-1"]["BudgetHours"] == "520.00"
    assert rows(systems, "erp", "contracts")["CT-1"]["endDate"] == "2028-06-30"
    (task,) = systems.crm.pages("tasks")
    assert task["dueDate"] == "2028-05-01"
    assert rows(systems, "crm", "accounts")["C-1"]["healthStatus"] == "healthy"


def _outage(systems: Systems3) -> None:
    """The engine commits and drops, then fails: nothing is lost and nothing doubled."""
    revenue, psa = systems.clients["revenue"], systems.psa
    revenue.fault("drop_after_commit", path="/v1/evidence", method="POST")
    revenue.fault("status", path="/v1/evidence", method="POST", status=503, count=2)
    time = {"ProjectCode": "P-1", "ResourceNumber": "R-1", "Hours": "1.00", "Rate": "95.00"}
    more = {"WorkDate": "2026-10-08", "Currency": "EUR", "State": "Approved"}
    psa.bulk("timeEntries", [{**time, **more, "Number": f"T-{n}"} for n in range(10, 14)])
    systems.poll_soon()
    for _ in range(5):
        drain()
        past = timezone.now() - timedelta(seconds=1)
        Delivery.objects.filter(state__in=sorted(CLAIMABLE)).update(not_before=past)
        Connection.objects.update(breaker_until=None)
    told = [one["externalReference"] for one in revenue.pages("evidence")]
    assert sorted(told) == ["T-1", "T-10", "T-11", "T-12", "T-13"]
