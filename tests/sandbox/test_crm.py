"""The CRM behaves as a vendor's system does."""

from typing import Any

import pytest

from syncjobs.sandbox.client import SandboxClient, SandboxError


def _account(number: str) -> dict[str, Any]:
    return {"number": number, "name": f"Firm {number}", "currency": "GBP"}


def test_paging_by_cursor_shows_each_record_of_one_import_once(crm: SandboxClient) -> None:
    crm.bulk("accounts", [_account(f"A-{n}") for n in range(250)])

    found = list(crm.pages("accounts", limit="40"))

    assert [one["number"] for one in found] == [f"A-{n}" for n in range(250)]
    assert len({one["updatedAt"] for one in found}) == 1


def test_a_second_import_of_the_same_records_adds_nothing(crm: SandboxClient) -> None:
    records = [_account("A-1"), _account("A-2")]

    assert crm.bulk("accounts", records) == 2
    assert crm.bulk("accounts", records) == 0
    assert len(list(crm.pages("accounts"))) == 2


def test_a_change_moves_the_record_to_the_end_of_the_changes(crm: SandboxClient) -> None:
    crm.bulk("accounts", [_account("A-1"), _account("A-2")])
    first = next(crm.pages("accounts"))

    changed = crm.call("PATCH", f"/v2/accounts/{first['id']}", {"phone": "+44 20 7946 0000"})

    assert changed["updatedAt"] > first["updatedAt"]
    since = list(crm.pages("accounts", updated_after=changed["updatedAt"]))
    assert [one["number"] for one in since] == ["A-1"]


def test_an_opportunity_carries_its_account_and_the_time_it_was_won(crm: SandboxClient) -> None:
    crm.bulk("accounts", [_account("A-1")])
    sent = {
        "number": "OPP-1",
        "name": "Roll-out",
        "currency": "GBP",
        "accountNumber": "A-1",
        "amount": "148000",
    }
    created = crm.call("POST", "/v2/opportunities", sent)

    assert created["account"]["number"] == "A-1"
    assert created["amount"] == "148000.00"
    assert created["stage"] == "qualified"
    crm.control("win", number="OPP-1")
    won = crm.call("GET", f"/v2/opportunities/{created['id']}")
    assert won["stage"] == "won"
    assert won["wonAt"] > created["createdAt"]


def test_every_wrong_field_is_named(crm: SandboxClient) -> None:
    crm.bulk("accounts", [_account("A-1")])
    sent = {
        "number": "OPP-1",
        "currency": "pounds",
        "accountNumber": "A-1",
        "amount": "12.345",
        "colour": "red",
    }

    with pytest.raises(SandboxError) as caught:
        crm.call("POST", "/v2/opportunities", sent)

    assert caught.value.status == 400
    assert caught.value.body["category"] == "VALIDATION_ERROR"
    codes = {(one["in"], one["code"]) for one in caught.value.body["errors"]}
    assert codes == {
        ("currency", "INVALID"),
        ("amount", "INVALID"),
        ("colour", "UNKNOWN_FIELD"),
        ("name", "REQUIRED"),
    }
    assert list(crm.pages("opportunities")) == []


def test_a_taken_number_is_a_conflict_that_names_the_record(crm: SandboxClient) -> None:
    created = crm.call("POST", "/v2/accounts", _account("A-1"))

    with pytest.raises(SandboxError) as caught:
        crm.call("POST", "/v2/accounts", _account("A-1"))

    assert caught.value.status == 409
    assert caught.value.body["existingId"] == created["id"]


def test_archived_records_are_listed_only_when_asked_for(crm: SandboxClient) -> None:
    crm.bulk("accounts", [_account(f"A-{n}") for n in range(5)])
    for one in list(crm.pages("accounts"))[:4]:
        crm.call("DELETE", f"/v2/accounts/{one['id']}")

    assert [one["number"] for one in crm.pages("accounts", limit="1")] == ["A-4"]
    every = list(crm.pages("accounts", archived="true", limit="2"))
    assert sorted(one["number"] for one in every) == [f"A-{n}" for n in range(5)]


@pytest.mark.parametrize("credentials", [{}, {"Authorization": "Bearer wrong"}])
def test_without_the_right_token_nothing_is_answered(
    crm: SandboxClient, credentials: dict[str, str]
) -> None:
    answer = crm.send("GET", "/v2/accounts", headers=credentials)

    assert answer.status == 401
    assert answer.body["category"] == "INVALID_AUTHENTICATION"


@pytest.mark.parametrize(
    "path",
    [
        "/v2/accounts?limit=0",
        "/v2/accounts?limit=201",
        "/v2/accounts?cursor=%25%25",
        "/v2/accounts?updated_after=yesterday",
        "/v2/accounts?name=x",
    ],
)
def test_a_list_that_is_asked_for_wrongly_is_refused(crm: SandboxClient, path: str) -> None:
    with pytest.raises(SandboxError) as caught:
        crm.call("GET", path)

    assert caught.value.status == 400


@pytest.mark.parametrize("body", ["{", "[]", "3", '"x"', "[" * 60_000])
def test_a_body_that_is_no_object_is_refused(crm: SandboxClient, body: str) -> None:
    headers = {"Authorization": "Bearer sandbox-token"}

    answer = crm.send("POST", "/v2/accounts", body, headers)

    assert answer.status == 400
