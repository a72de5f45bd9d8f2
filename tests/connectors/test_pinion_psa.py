"""Pinion PSA: page numbers over moving data, and a POST that is not idempotent."""

from typing import Any

import pytest

from syncjobs.connectors.base import Connector, Write
from syncjobs.connectors.errors import Conflict, Rejected, Unknown
from syncjobs.sandbox.client import SandboxClient

PROJECT = {"Code": "P-1", "Name": "Roll-out", "Currency": "GBP", "ClientCode": "ACC-1"}
PERSON = {"Number": "E-1", "FirstName": "Ada", "LastName": "Byrne", "Currency": "GBP"}


def _entry(number: int) -> dict[str, Any]:
    return {
        "Number": f"T-{number:03d}",
        "ProjectCode": "P-1",
        "ResourceNumber": "E-1",
        "WorkDate": "2026-10-05",
        "Hours": "7.25",
        "Rate": "138.70",
        "Currency": "GBP",
    }


def _create(reference: str = "opp-1") -> Write:
    return Write("projects", "create", PROJECT, None, reference, "key-1")


@pytest.fixture
def booked(psa: SandboxClient) -> SandboxClient:
    """A month of time entries that were imported at one moment."""
    psa.bulk("projects", [PROJECT])
    psa.bulk("resources", [PERSON])
    psa.bulk("timeEntries", [_entry(n) for n in range(60)])
    return psa


def test_a_bulk_import_of_one_moment_is_read_whole(
    booked: SandboxClient, pinion: Connector
) -> None:
    pages = list(pinion.read("timeEntries", None, page_size=25))
    records = [record for page in pages for record in page.records]
    assert len({record.id for record in records}) == 60
    assert len({record.modified_at for record in records}) == 1
    assert pages[0].total == 60
    assert records[0].data["Hours"] == "7.25"
    assert [r for p in pinion.read("timeEntries", pages[-1].cursor) for r in p.records] == []


def test_entries_that_change_while_they_are_read_push_none_out(
    booked: SandboxClient, pinion: Connector
) -> None:
    found: dict[str, object] = {}
    cursor = None
    for step, page in enumerate(pinion.read("timeEntries", None, page_size=20)):
        found |= {record.id: record.data["State"] for record in page.records}
        cursor = page.cursor
        if step < 3:  # an approval moves entries that were read already to the end
            numbers = [f"T-{step * 3:03d}", f"T-{step * 3 + 1:03d}"]
            booked.control("approve", numbers=numbers, approvedAt="2026-11-02T09:00:00Z")
    for page in pinion.read("timeEntries", cursor):
        found |= {record.id: record.data["State"] for record in page.records}
    assert len(found) == 60
    assert sum(state == "Approved" for state in found.values()) == 6


def test_a_create_that_was_cut_off_is_unknown_and_found_by_its_reference(
    psa: SandboxClient, pinion: Connector
) -> None:
    psa.fault("drop_after_commit", method="POST")
    with pytest.raises(Unknown):
        pinion.write(_create())
    found = pinion.look_up("projects", reference="opp-1", idempotency_key="key-1")
    assert found is not None
    assert found.answer["Code"] == "P-1"
    created = [e for e in psa.ledger()["entries"] if e["effect"] == "projects.created"]
    assert len(created) == 1


def test_no_idempotency_key_is_sent_where_it_would_promise_too_much(
    pinion: Connector,
) -> None:
    assert pinion.request_preview(_create())["headers"] == {}
    assert pinion.descriptor.writes_idempotent is False


def test_an_upsert_finds_what_is_there(psa: SandboxClient, pinion: Connector) -> None:
    for name in ("First", "Second"):
        pinion.write(Write("projects", "upsert", {**PROJECT, "Name": name}, None, "opp-1", "k"))
    (project,) = psa.pages("projects")
    assert (project["Name"], project["ExternalRef"]) == ("Second", "opp-1")


def test_two_records_with_one_reference_are_put_to_a_person(
    psa: SandboxClient, pinion: Connector
) -> None:
    for _ in range(2):
        psa.call("POST", "/api/projects", {**PROJECT, "ExternalRef": "opp-1"})
    with pytest.raises(Conflict, match="more than one") as caught:
        pinion.look_up("projects", reference="opp-1", idempotency_key="")
    assert len(caught.value.detail["ids"]) == 2  # type: ignore[arg-type]  # a list


def test_a_status_is_put_on_one_project(psa: SandboxClient, pinion: Connector) -> None:
    made = pinion.write(_create())
    changed = pinion.write(
        Write("projects", "update", {"Status": "Active"}, made.external_id, "opp-1", "k2")
    )
    assert changed.answer["Status"] == "Active"
    assert changed.version != made.version


def test_a_rule_of_the_psa_is_a_rejection_in_its_words(pinion: Connector) -> None:
    with pytest.raises(Rejected) as caught:
        pinion.write(Write("projects", "create", {**PROJECT, "BudgetHours": "x"}, None, "o", "k"))
    assert "BudgetHours" in str(caught.value)


def test_a_deleted_project_is_listed_as_deleted(psa: SandboxClient, pinion: Connector) -> None:
    made = pinion.write(_create())
    cursor = list(pinion.read("projects", None))[-1].cursor
    psa.call("DELETE", f"/api/projects/{made.external_id}")
    (page,) = pinion.read("projects", cursor)
    assert [record.deleted for record in page.records] == [True]
