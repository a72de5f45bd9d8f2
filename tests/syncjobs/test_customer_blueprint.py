"""Customers and their contacts, both ways between CRM and ERP."""

from collections.abc import Iterator
from typing import Any

import pytest

from syncjobs.engine.drain import drain_until_idle
from syncjobs.models import CanonicalRecord, Delivery, Hold
from tenants.accounts.models import Client
from tests.syncjobs.sandboxes import Systems3, three_systems

ACCOUNT = {"number": "C-1", "name": "Aran Ferries", "currency": "EUR", "paymentTerms": "NET30"}
NUALA = {
    "accountNumber": "C-1",
    "firstName": "Nuala",
    "lastName": "Ní Bhriain",
    "email": "Nuala@aran.example",
    "jobTitle": "Buyer",
}
NUALA_KEY = "nuala@aran.example"
PAYABLES = {
    "customerNumber": "C-1",
    "lastName": "Accounts Payable",
    "email": "payables@aran.example",
    "phone": "+353 91 496 100",
}


@pytest.fixture
def systems(alder: Client, at_work: None) -> Iterator[Systems3]:
    with three_systems(alder, ("customer_master",), kinds=("crm", "erp")) as running:
        running.erp.control("add_tax_code", code="V23", rate="0.23", description="Standard")
        yield running


def work(systems: Systems3) -> None:
    """Read everything and deliver what is due; nothing may break."""
    systems.poll_soon()
    assert drain_until_idle(patience=0.3).errors == []


def contacts(systems: Systems3, kind: str) -> dict[str, dict[str, Any]]:
    return {str(one["email"]).lower(): one for one in systems.clients[kind].pages("contacts")}


def effects(systems: Systems3, kind: str) -> list[str]:
    """What the integration has done in a system, in turn."""
    ledger = systems.clients[kind].ledger()["entries"]
    return [str(one["effect"]) for one in ledger if one["origin"] == "api"]


def patch(systems: Systems3, kind: str, object_: str, id_: str, **changes: object) -> None:
    """Let the system's own people change something."""
    root = {"crm": "/v2", "erp": "/erp/v1"}[kind]
    systems.clients[kind].call("PATCH", f"{root}/{object_}/{id_}", changes)


def test_contacts_go_both_ways_once_and_nothing_is_sent_back_to_who_told_of_it(
    systems: Systems3,
) -> None:
    systems.crm.bulk("accounts", [ACCOUNT])
    systems.crm.bulk("contacts", [NUALA])
    systems.erp.bulk("customers", [ACCOUNT])
    systems.erp.bulk("contacts", [PAYABLES])
    work(systems)

    bought = contacts(systems, "erp")[NUALA_KEY]
    assert (bought["firstName"], bought["lastName"]) == ("Nuala", "Ní Bhriain")
    assert (bought["position"], bought["customerNumber"]) == ("Buyer", "C-1")
    pays = contacts(systems, "crm")[PAYABLES["email"]]
    # One name alone is not cut in two.
    assert (pays["name"], pays["phone"]) == ("Accounts Payable", PAYABLES["phone"])
    assert pays["account"]["number"] == "C-1"
    assert "contacts.updated" not in effects(systems, "erp")

    # What came back of our own writes moves nothing any more.
    before = (effects(systems, "crm"), effects(systems, "erp"))
    work(systems)
    assert before == (effects(systems, "crm"), effects(systems, "erp"))
    assert CanonicalRecord.objects.filter(type="contact").count() == 2


def test_a_contact_that_both_know_is_found_by_its_address_and_its_owner_decides(
    systems: Systems3,
) -> None:
    systems.crm.bulk("accounts", [ACCOUNT])
    systems.crm.bulk("contacts", [NUALA])
    systems.erp.bulk("customers", [ACCOUNT])
    there = {"customerNumber": "C-1", "lastName": "N. O'Brien", "phone": "+353 91 496 111"}
    systems.erp.bulk("contacts", [{**there, "email": NUALA_KEY}])
    work(systems)

    (billed,) = contacts(systems, "erp").values()
    (sold,) = contacts(systems, "crm").values()
    # The CRM owns the name; the ERP filled in the phone number that the CRM lacked.
    assert (billed["firstName"], billed["lastName"]) == ("Nuala", "Ní Bhriain")
    assert (sold["lastName"], sold["phone"]) == ("Ní Bhriain", "+353 91 496 111")

    patch(systems, "erp", "contacts", billed["id"], position="Director", phone="+353 91 496 122")
    patch(systems, "crm", "contacts", sold["id"], jobTitle="Head of buying")
    work(systems)
    (billed,) = contacts(systems, "erp").values()
    assert (billed["position"], billed["phone"]) == ("Head of buying", "+353 91 496 111")


def test_the_erps_terms_are_told_to_the_crm_and_its_names_are_left_alone(
    systems: Systems3,
) -> None:
    systems.crm.bulk("accounts", [ACCOUNT])
    work(systems)
    (billed,) = systems.erp.pages("customers")
    patch(systems, "erp", "customers", billed["id"], paymentTerms="NET45", taxCode="V23", name="?")
    (sold,) = systems.crm.pages("accounts")
    patch(systems, "crm", "accounts", sold["id"], name="Aran Ferries Group")
    work(systems)

    (sold,) = systems.crm.pages("accounts")
    assert (sold["paymentTerms"], sold["taxCode"]) == ("NET45", "V23")
    assert sold["name"] == "Aran Ferries Group"
    (billed,) = systems.erp.pages("customers")
    assert (billed["name"], billed["paymentTerms"]) == ("Aran Ferries Group", "NET45")
    changed = [one for one in effects(systems, "crm") if one == "accounts.updated"]
    assert len(changed) == 2  # the people's own, and ours


def test_a_contact_without_its_customer_is_held_and_goes_when_the_customer_arrives(
    systems: Systems3,
) -> None:
    systems.crm.bulk("accounts", [{**ACCOUNT, "number": "C-9"}, ACCOUNT])
    systems.crm.bulk("contacts", [NUALA])
    (first,) = [one for one in systems.crm.pages("accounts") if one["number"] == "C-1"]
    record = CanonicalRecord.objects.filter(type="contact")
    systems.crm.call("DELETE", f"/v2/accounts/{first['id']}")
    work(systems)

    assert record.get().data["customer"] == "C-1"
    hold = Hold.objects.get(released_at=None)
    assert hold.missing == f"customer of contact {NUALA_KEY}"
    assert contacts(systems, "erp") == {}

    systems.erp.bulk("customers", [ACCOUNT])
    work(systems)
    assert set(contacts(systems, "erp")) == {NUALA_KEY}
    assert not Hold.objects.filter(released_at=None).exists()


def test_what_the_target_tells_itself_still_reaches_a_row_that_is_open(systems: Systems3) -> None:
    """The ERP refused a contact, and somebody enters it there by hand."""
    systems.crm.bulk("accounts", [ACCOUNT])
    systems.crm.bulk("contacts", [NUALA])
    systems.erp.fault("status", path="/erp/v1/contacts", method="POST", status=422)
    work(systems)
    assert Delivery.objects.get(step="erp_contact").state == "failed"

    by_hand = {"customerNumber": "C-1", "lastName": "Ní Bhriain", "phone": "1"}
    systems.erp.bulk("contacts", [{**by_hand, "email": NUALA_KEY}])
    work(systems)
    assert Delivery.objects.get(step="erp_contact").state == "delivered"
    assert contacts(systems, "erp")[NUALA_KEY]["firstName"] == "Nuala"
