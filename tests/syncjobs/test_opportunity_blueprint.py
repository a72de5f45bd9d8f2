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
