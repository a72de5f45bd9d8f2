"""Clover CRM, spoken to as a partner's connection would."""

from typing import Any

import pytest

from syncjobs.connectors.base import Connector, Write
from syncjobs.connectors.errors import (
    Config,
    Conflict,
    Permanent,
    RateLimited,
    Rejected,
    Transient,
    Unknown,
)
from syncjobs.connectors.registry import connector
from syncjobs.sandbox.client import SandboxClient


def _account(number: int) -> dict[str, Any]:
    return {"number": f"ACC-{number}", "name": f"Account {number}", "currency": "GBP"}


def _created(crm: SandboxClient) -> int:
    return sum(1 for e in crm.ledger()["entries"] if e["effect"] == "accounts.created")


def _create(number: int, key: str = "k") -> Write:
    return Write("accounts", "create", _account(number), None, f"ACC-{number}", key)


def test_the_check_names_what_works(clover: Connector) -> None:
    assert [(check.name, check.ok) for check in clover.check()] == [
        ("Reach the system", True),
        ("Sign in", True),
        ("Read accounts", True),
        ("Read contacts", True),
        ("Read opportunities", True),
        ("Read notes", True),
        ("Read tasks", True),
    ]


def test_the_check_says_which_fields_the_records_have(clover: Connector) -> None:
    clover.write(_create(1))
    seen = {check.object: check for check in clover.check()}["accounts"]
    assert "name" in seen.fields
    assert set(seen.always) <= set(seen.fields)


def test_the_check_tells_a_wrong_token_from_a_wrong_address(crm: SandboxClient) -> None:
    def results(address: str, token: str) -> dict[str, bool | None]:
        """None: it did not come to it."""
        with connector("sandbox_crm").open({"base_url": address}, {"token": token}) as opened:
            return {one.name: None if one.untried else one.ok for one in opened.check()}

    wrong_token = results(crm.address, "not-the-token")
    assert (wrong_token["Reach the system"], wrong_token["Sign in"]) == (True, False)
    assert wrong_token["Read notes"] is None
    wrong_place = results(f"{crm.address}/elsewhere", "sandbox-token")
    assert not wrong_place["Reach the system"]
    nobody = results("http://127.0.0.1:9", "sandbox-token")
    assert (nobody.pop("Reach the system"), set(nobody.values())) == (False, {None})


def test_every_record_comes_once_and_then_only_changes(
    crm: SandboxClient, clover: Connector
) -> None:
    crm.bulk("accounts", [_account(n) for n in range(45)])
    pages = list(clover.read("accounts", None, page_size=20))
    records = [record for page in pages for record in page.records]
    assert [len(page.records) for page in pages] == [20, 20, 5]
    assert len({record.id for record in records}) == 45
    first = records[0]
    assert first.data["number"] == "ACC-0"
    assert first.version == first.data["updatedAt"]
    assert first.modified_at is not None
    assert not first.deleted

    crm.call("PATCH", f"/v2/accounts/{first.id}", {"name": "Renamed"})
    again = list(clover.read("accounts", pages[-1].cursor))
    assert [record.data["name"] for page in again for record in page.records] == ["Renamed"]
    assert [r for p in clover.read("accounts", again[-1].cursor) for r in p.records] == []


def test_an_archived_record_is_seen_as_deleted(crm: SandboxClient, clover: Connector) -> None:
    crm.bulk("accounts", [_account(1), _account(2)])
    cursor = list(clover.read("accounts", None))[-1].cursor
    crm.call("DELETE", "/v2/accounts/acc_1")
    (page,) = clover.read("accounts", cursor)
    assert [(record.id, record.deleted) for record in page.records] == [("acc_1", True)]
    assert clover.look_up("accounts", reference="ACC-1", idempotency_key="") is None


def test_a_write_carries_our_reference_and_is_found_by_it(clover: Connector) -> None:
    written = clover.write(_create(7))
    assert written.status == 201
    assert written.answer["externalReference"] == "ACC-7"
    found = clover.look_up("accounts", reference="ACC-7", idempotency_key="k")
    assert found is not None
    assert (found.external_id, found.version) == (written.external_id, written.version)


def test_a_record_that_people_made_is_found_by_its_number(
    crm: SandboxClient, clover: Connector
) -> None:
    crm.bulk("accounts", [_account(3)])
    written = clover.write(Write("accounts", "upsert", {"name": "Ours"}, None, "ACC-3", "k"))
    assert (written.external_id, written.answer["name"]) == ("acc_1", "Ours")
    assert _created(crm) == 0


def test_an_update_changes_one_record(crm: SandboxClient, clover: Connector) -> None:
    made = clover.write(_create(1))
    clover.write(
        Write("accounts", "update", {"status": "inactive"}, made.external_id, "ACC-1", "k2")
    )
    assert crm.call("GET", f"/v2/accounts/{made.external_id}")["status"] == "inactive"


def test_the_preview_is_what_the_write_sends_and_sends_nothing(
    crm: SandboxClient, clover: Connector
) -> None:
    preview = clover.request_preview(_create(1))
    assert _created(crm) == 0
    written = clover.write(_create(1))
    assert dict(preview) == dict(written.request)
    assert preview["method"] == "POST"
    assert preview["path"] == "/v2/accounts"


def test_a_second_record_with_the_number_is_a_conflict(clover: Connector) -> None:
    clover.write(_create(1))
    with pytest.raises(Conflict, match="ACC-1") as caught:
        clover.write(_create(1))
    assert caught.value.status == 409
    assert caught.value.detail["request"]["method"] == "POST"  # type: ignore[index]  # a dict


def test_a_refused_field_is_named_in_the_vendors_words(clover: Connector) -> None:
    with pytest.raises(Rejected, match="currency") as caught:
        clover.write(
            Write("accounts", "create", {**_account(1), "currency": "pounds"}, None, "A", "k")
        )
    assert caught.value.detail["code"] == "VALIDATION_ERROR"


def test_a_pause_is_passed_on(crm: SandboxClient, clover: Connector) -> None:
    crm.fault("status", status=429, retry_after=3)
    with pytest.raises(RateLimited) as caught:
        list(clover.read("accounts", None))
    assert caught.value.retry_after == 3


def test_a_read_that_fails_is_transient(crm: SandboxClient, clover: Connector) -> None:
    for fault in ({"kind": "status", "status": 503}, {"kind": "drop_before"}, {"kind": "garbage"}):
        crm.fault(**fault)
        with pytest.raises(Transient):
            list(clover.read("accounts", None))
    assert [page.last for page in clover.read("accounts", None)] == [True]


@pytest.mark.parametrize(
    ("fault", "effects"),
    [
        ({"kind": "drop_after_commit"}, 1),
        ({"kind": "garbage"}, 1),
        ({"kind": "drop_before"}, 0),
        ({"kind": "status", "status": 503}, 0),
    ],
)
def test_a_create_without_a_clear_answer_is_unknown_and_can_be_looked_up(
    crm: SandboxClient, clover: Connector, fault: dict[str, Any], effects: int
) -> None:
    crm.fault(**fault, method="POST")
    with pytest.raises(Unknown):
        clover.write(_create(5))
    assert _created(crm) == effects
    found = clover.look_up("accounts", reference="ACC-5", idempotency_key="k")
    assert (found is not None) == bool(effects)


def test_an_update_without_a_clear_answer_is_safe_to_repeat(
    crm: SandboxClient, clover: Connector
) -> None:
    made = clover.write(_create(1))
    crm.fault("drop_after_commit", method="PATCH")
    update = Write("accounts", "update", {"name": "New"}, made.external_id, "ACC-1", "k2")
    with pytest.raises(Transient):
        clover.write(update)
    assert clover.write(update).answer["name"] == "New"


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (Write("leads", "create", {}, None, "x", "k"), Config),
        (Write("accounts", "merge", {}, None, "x", "k"), Config),
        (Write("accounts", "action", {}, "acc_1", "x", "k", action="win"), Config),
        (Write("accounts", "update", {}, None, "x", "k"), Permanent),
        (Write("accounts", "update", {"name": "x"}, "acc_404", "x", "k"), Permanent),
        (Write("accounts", "update", {"name": "x"}, "..", "x", "k"), Permanent),
        (Write("accounts", "update", {"name": "x"}, "a/../b?c#d", "x", "k"), Permanent),
    ],
)
def test_a_write_that_cannot_be_is_refused_with_a_reason(
    clover: Connector, write: Write, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as caught:
        clover.write(write)
    assert str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"base_url": ""},
        {"base_url": "file:///etc/passwd"},
        {"base_url": "https://me:secret@crm.example.com"},
        {"base_url": "https://crm.example.com/?x=1"},
    ],
)
def test_a_wrong_address_is_told_when_the_connection_is_opened(config: dict[str, str]) -> None:
    with pytest.raises(Config):
        connector("sandbox_crm").open(config, {"token": "t0ken"})
