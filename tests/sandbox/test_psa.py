"""The PSA behaves as a vendor's system does, with its own weaknesses."""

from typing import Any

import pytest

from syncjobs.sandbox.client import SandboxClient, SandboxError

PERSON = {"Number": "E-1", "FirstName": "Ada", "LastName": "Byrne", "Currency": "GBP"}
PROJECT = {"Code": "P-1", "Name": "Roll-out", "Currency": "GBP", "EngagementId": "ENG-1"}


def _entry(number: int, **more: Any) -> dict[str, Any]:
    return {
        "Number": f"T-{number}",
        "ProjectCode": "P-1",
        "ResourceNumber": "E-1",
        "WorkDate": "2026-10-05",
        "Hours": "7.5",
        "Rate": "145",
        "Currency": "GBP",
        **more,
    }


@pytest.fixture
def staffed(psa: SandboxClient) -> SandboxClient:
    psa.bulk("projects", [PROJECT])
    psa.bulk("resources", [PERSON])
    return psa


def test_pages_are_numbered_and_counted(staffed: SandboxClient) -> None:
    staffed.bulk("timeEntries", [_entry(n) for n in range(25)])

    last = staffed.call("GET", "/api/timeEntries?pageSize=10&page=3")
    past = staffed.call("GET", "/api/timeEntries?pageSize=10&page=4")

    assert (last["totalPages"], last["totalCount"], len(last["items"])) == (3, 25, 5)
    assert past["items"] == []


def test_a_time_entry_takes_ids_and_names_from_its_references(staffed: SandboxClient) -> None:
    staffed.bulk("timeEntries", [_entry(1)])

    (entry,) = staffed.pages("timeEntries")

    project = next(staffed.pages("projects"))
    assert entry["ProjectId"] == project["Id"]
    assert entry["EngagementId"] == "ENG-1"
    assert entry["ResourceName"] == "Ada Byrne"
    assert (entry["Hours"], entry["Rate"], entry["State"]) == ("7.50", "145.00", "Draft")


def test_a_repeated_post_makes_a_second_project(psa: SandboxClient) -> None:
    sent = {**PROJECT, "ExternalRef": "opportunity-1"}
    headers = {"Idempotency-Key": "same"}

    for _ in range(2):
        psa.call("POST", "/api/projects", sent, headers)

    found = psa.call("GET", "/api/projects?ExternalRef=opportunity-1")
    assert found["totalCount"] == 2


def test_put_changes_only_the_fields_that_are_sent(psa: SandboxClient) -> None:
    created = psa.call("POST", "/api/projects", PROJECT)

    changed = psa.call("PUT", f"/api/projects/{created['Id']}", {"Status": "Active"})

    assert changed["Status"] == "Active"
    assert changed["Name"] == "Roll-out"
    assert changed["ModifiedAt"] > created["ModifiedAt"]


def test_a_project_with_open_time_cannot_be_closed(staffed: SandboxClient) -> None:
    staffed.bulk("timeEntries", [_entry(1, State="Submitted")])
    project = next(staffed.pages("projects"))

    with pytest.raises(SandboxError) as caught:
        staffed.call("PUT", f"/api/projects/{project['Id']}", {"Status": "Closed"})
    assert (caught.value.status, caught.value.body["Code"]) == (422, "STATE")

    staffed.control("approve", numbers=["T-1"], approvedAt="2026-11-02T09:00:00+00:00")
    closed = staffed.call("PUT", f"/api/projects/{project['Id']}", {"Status": "Closed"})
    assert closed["Status"] == "Closed"
    with pytest.raises(SandboxError) as late:
        staffed.call("POST", "/api/timeEntries", _entry(2))
    assert late.value.status == 422


def test_approval_keeps_the_time_it_was_given(staffed: SandboxClient) -> None:
    staffed.bulk("timeEntries", [_entry(1, State="Submitted")])

    staffed.control("approve", numbers=["T-1"], approvedAt="2026-11-04T19:30:00+01:00")

    (entry,) = staffed.pages("timeEntries")
    assert (entry["State"], entry["ApprovedAt"]) == ("Approved", "2026-11-04T18:30:00.000000Z")


def test_a_reference_to_nothing_is_refused(staffed: SandboxClient) -> None:
    with pytest.raises(SandboxError) as caught:
        staffed.call("POST", "/api/timeEntries", _entry(1, ProjectCode="P-9"))

    assert caught.value.status == 400
    assert caught.value.body["Code"] == "VALIDATION"


def test_a_number_that_is_unique_is_a_duplicate_the_second_time(staffed: SandboxClient) -> None:
    staffed.call("POST", "/api/timeEntries", _entry(1))

    with pytest.raises(SandboxError) as caught:
        staffed.call("POST", "/api/timeEntries", _entry(1))

    assert (caught.value.status, caught.value.body["Code"]) == (409, "DUPLICATE")


def test_a_wrong_key_is_refused(psa: SandboxClient) -> None:
    answer = psa.send("GET", "/api/projects", headers={"X-Api-Key": "wrong"})

    assert (answer.status, answer.body["Code"]) == (401, "UNAUTHORIZED")
