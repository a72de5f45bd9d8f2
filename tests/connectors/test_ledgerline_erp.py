"""Ledgerline ERP: short tokens, links to follow, idempotency keys, ETags and its own ledger."""

import json
from decimal import Decimal
from typing import Any

import pytest

from syncjobs.connectors.base import Connector, Write, Written
from syncjobs.connectors.errors import (
    Config,
    Conflict,
    ConnectorError,
    Permanent,
    Rejected,
    Transient,
    Unknown,
)
from syncjobs.connectors.registry import connector
from syncjobs.sandbox.client import SandboxClient
from tests.connectors.raw import RawServer, answer

CUSTOMER = {"number": "ACC-1", "name": "Alder & Söhne", "currency": "GBP"}
INVOICE = {"customerNumber": "ACC-1", "projectCode": "P-1", "currency": "GBP"}


def _customer(key: str = "c-1") -> Write:
    return Write("customers", "create", CUSTOMER, None, "ACC-1", key)


def _line(invoice_id: str, number: int, key: str) -> Write:
    data = {
        "invoiceId": invoice_id,
        "description": f"Consulting {number}",
        "quantity": Decimal("7.25"),
        "unitPrice": Decimal("138.70"),
        "lineAmount": Decimal("1005.58"),
    }
    return Write("invoiceLines", "create", data, None, f"T-{number}", key)


@pytest.fixture
def invoice_id(ledgerline: Connector) -> str:
    """A draft invoice."""
    ledgerline.write(_customer())
    invoice = Write("invoices", "create", INVOICE, None, "P-1:2026-10", "i-1")
    return ledgerline.write(invoice).external_id


def _lines(erp: SandboxClient) -> list[dict[str, Any]]:
    return [e for e in erp.ledger()["entries"] if e["effect"] == "invoiceLines.created"]


def test_links_are_followed_to_the_end(erp: SandboxClient, ledgerline: Connector) -> None:
    erp.bulk("customers", [{**CUSTOMER, "number": f"ACC-{n}"} for n in range(45)])
    pages = list(ledgerline.read("customers", None, page_size=20))
    assert [len(page.records) for page in pages] == [20, 20, 5]
    assert pages[0].records[0].version.startswith('W/"')
    assert "http" not in str(pages[0].cursor), "a cursor holds no address"
    resumed = list(ledgerline.read("customers", pages[0].cursor, page_size=20))
    assert [len(page.records) for page in resumed] == [20, 5]
    assert [r for p in ledgerline.read("customers", pages[-1].cursor) for r in p.records] == []


@pytest.mark.parametrize(
    "link",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/erp/v1/customers?$skiptoken=x",
        "//evil.example/erp/v1/customers",
        "https://evil.example/erp/v1/customers",
        "file:///etc/passwd",
        "/../../admin",
        "http://[::1/erp/v1/customers",
        "http://127.0.0.1:99999/erp/v1/customers",
        "erp/v1/customers",
    ],
)
def test_a_link_to_another_place_is_refused_and_not_followed(link: str) -> None:
    def behave(connection: Any, request: bytes) -> None:
        token = b'{"access_token":"at","expires_in":60}'
        page = b'{"value":[],"@nextLink":"' + link.encode() + b'"}'
        connection.sendall(answer(body=token if b"/oauth/token" in request else page))

    with RawServer(behave) as server:
        config = {"base_url": server.address, "client_id": "integration"}
        with (
            connector("sandbox_erp").open(config, {"client_secret": "s"}) as opened,
            pytest.raises(Config, match="leads elsewhere"),
        ):
            list(opened.read("customers", None))
    assert len(server.requests) == 2


def test_the_same_key_has_one_effect(
    erp: SandboxClient, ledgerline: Connector, invoice_id: str
) -> None:
    first = ledgerline.write(_line(invoice_id, 1, "d-1"))
    again = ledgerline.write(_line(invoice_id, 1, "d-1"))
    assert first.external_id == again.external_id
    assert len(_lines(erp)) == 1
    assert first.request["headers"] == {"Idempotency-Key": "d-1"}


def test_a_key_that_is_used_for_something_else_is_rejected(
    ledgerline: Connector, invoice_id: str
) -> None:
    ledgerline.write(_line(invoice_id, 1, "d-1"))
    with pytest.raises(Rejected) as caught:
        ledgerline.write(_line(invoice_id, 2, "d-1"))
    assert caught.value.detail["code"] == "IdempotencyKeyReused"


def test_an_upsert_that_runs_again_under_its_key_goes_through(ledgerline: Connector) -> None:
    """The first time it creates, the second time it updates; the ERP refuses a key twice."""
    upsert = Write("customers", "upsert", CUSTOMER, None, "ACC-1", "k-1")
    assert ledgerline.write(upsert).status == 201
    assert ledgerline.write(upsert).status == 200
    assert ledgerline.write(upsert).status == 200


def test_a_line_that_was_cut_off_is_unknown_found_and_not_doubled(
    erp: SandboxClient, ledgerline: Connector, invoice_id: str
) -> None:
    erp.fault("drop_after_commit", path="/erp/v1/invoiceLines")
    with pytest.raises(Unknown):
        ledgerline.write(_line(invoice_id, 1, "d-1"))
    found = ledgerline.look_up("invoiceLines", reference="T-1", idempotency_key="d-1")
    assert found is not None
    assert found.answer["lineAmount"] == "1005.58"
    again = ledgerline.write(_line(invoice_id, 1, "d-1"))
    assert again.external_id == found.external_id
    assert [entry["amount"] for entry in _lines(erp)] == ["1005.58"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"value": null}', b'{"id": "c-1"}'])
def test_a_look_up_that_brings_no_list_never_says_that_nothing_is_there(body: bytes) -> None:
    """What is not there would be made a second time."""

    def behave(connection: Any, request: bytes) -> None:
        token = b'{"access_token": "t", "expires_in": 60}'
        connection.sendall(answer(body=token if b"token" in request.split(b"\r\n")[0] else body))

    with RawServer(behave) as server:
        config = {"base_url": server.address, "client_id": "integration"}
        with (
            connector("sandbox_erp").open(config, {"client_secret": f"s {body!r}"}) as opened,
            pytest.raises(Transient, match="came without its rows"),
        ):
            opened.look_up("customers", reference="ACC-1", idempotency_key="k")


def test_a_failing_server_is_transient_where_the_key_makes_a_repeat_safe(
    erp: SandboxClient, ledgerline: Connector, invoice_id: str
) -> None:
    erp.fault("status", status=503, retry_after=2, path="/erp/v1/invoiceLines")
    with pytest.raises(Transient) as caught:
        ledgerline.write(_line(invoice_id, 1, "d-1"))
    assert (caught.value.status, caught.value.retry_after) == (503, 2)


def test_a_stale_version_is_a_conflict_and_the_current_one_is_taken(
    ledgerline: Connector,
) -> None:
    made = ledgerline.write(_customer())
    args = ("customers", "update", {"phone": "1"}, made.external_id, "ACC-1")
    changed = ledgerline.write(Write(*args, "k-2", version=made.version))
    with pytest.raises(Conflict) as caught:
        ledgerline.write(Write(*args, "k-3", version=made.version))
    assert caught.value.status == 412
    assert ledgerline.write(Write(*args, "k-4", version=changed.version)).status == 200


def test_a_guarded_update_that_was_cut_off_is_unknown(
    erp: SandboxClient, ledgerline: Connector
) -> None:
    """Repeating it would meet its own new version, so it is no harmless repeat."""
    made = ledgerline.write(_customer())
    erp.fault("drop_after_commit", method="PATCH")
    with pytest.raises(Unknown):
        ledgerline.write(
            Write("customers", "update", {"phone": "1"}, made.external_id, "ACC-1", "k-2",
                  version=made.version)
        )  # fmt: skip


def test_a_business_rule_is_a_rejection_in_the_erps_words(
    ledgerline: Connector, invoice_id: str
) -> None:
    wrong = _line(invoice_id, 1, "d-1")
    with pytest.raises(Rejected, match=r"1005\.58") as caught:
        ledgerline.write(
            Write("invoiceLines", "create", {**wrong.data, "lineAmount": "1005.57"}, None, "T", "d")
        )
    assert (caught.value.status, caught.value.detail["code"]) == (422, "AmountMismatch")


def test_a_duplicate_that_people_made_names_the_record_that_is_there(
    erp: SandboxClient, ledgerline: Connector
) -> None:
    erp.bulk("customers", [CUSTOMER])
    with pytest.raises(Conflict) as caught:
        ledgerline.write(_customer())
    assert caught.value.detail["existing_id"] == "cus-000001"
    taken = ledgerline.write(Write("customers", "upsert", {"phone": "1"}, None, "ACC-1", "k-2"))
    assert taken.external_id == "cus-000001"


def test_a_line_can_be_removed_and_removing_it_again_is_no_error(
    ledgerline: Connector, invoice_id: str
) -> None:
    line = ledgerline.write(_line(invoice_id, 1, "d-1"))
    for _ in range(2):
        ledgerline.write(
            Write("invoiceLines", "action", {}, line.external_id, "T-1", "d-2", action="remove")
        )
    assert ledgerline.look_up("invoiceLines", reference="T-1", idempotency_key="") is None


def test_a_name_with_quotes_cannot_break_out_of_the_filter(
    erp: SandboxClient, ledgerline: Connector
) -> None:
    reference = "O'Brien' or number eq 'ACC-9"
    erp.bulk("customers", [{**CUSTOMER, "number": "ACC-9"}])
    assert ledgerline.look_up("customers", reference=reference, idempotency_key="") is None
    ledgerline.write(Write("customers", "create", CUSTOMER, None, reference, "k"))
    found = ledgerline.look_up("customers", reference=reference, idempotency_key="")
    assert found is not None
    assert found.answer["externalReference"] == reference


def test_payments_can_only_be_read(ledgerline: Connector) -> None:
    assert ledgerline.descriptor.object("payments").modes == ()
    with pytest.raises(Config, match="cannot create Payments"):
        ledgerline.write(Write("payments", "create", {}, None, "x", "k"))
    with pytest.raises(Permanent, match="looked up"):
        ledgerline.look_up("payments", reference="x", idempotency_key="")


def test_lines_go_in_batches_and_each_stands_or_falls_alone(
    erp: SandboxClient, ledgerline: Connector, invoice_id: str
) -> None:
    good = [_line(invoice_id, n, f"d-{n}") for n in (1, 2, 4)]
    wrong = _line("inv-999999", 3, "d-3")
    outcomes = ledgerline.write_many([good[0], good[1], wrong, good[2]])
    assert [getattr(one, "status", 0) for one in outcomes[:2]] == [201, 201]
    assert isinstance(outcomes[2], ConnectorError)
    assert outcomes[2].kind in ("rejected", "permanent")
    assert isinstance(outcomes[3], Written)
    assert outcomes[3].request["body"]["externalReference"] == "T-4"  # type: ignore[index]  # JSON
    assert [entry["reference"] for entry in _lines(erp)] == ["T-1", "T-2", "T-4"]


def test_a_batch_under_the_same_keys_has_one_effect(
    erp: SandboxClient, ledgerline: Connector, invoice_id: str
) -> None:
    lines = [_line(invoice_id, n, f"d-{n}") for n in (1, 2)]
    erp.fault("drop_after_commit", path="/erp/v1/invoiceLines")
    with pytest.raises(Unknown):
        ledgerline.write_many(lines)
    again = ledgerline.write_many(lines)
    assert all(isinstance(one, Written) for one in again)
    assert ledgerline.write(lines[0]).external_id == again[0].external_id  # type: ignore[union-attr]
    assert len(_lines(erp)) == 2


def test_only_lines_go_in_batches(ledgerline: Connector) -> None:
    with pytest.raises(Config):
        ledgerline.write_many([_customer("a"), _customer("b")])


def test_what_a_batch_answers_is_cut_to_what_can_be_kept() -> None:
    """A status that is none, and words without end, concern the one record."""
    good = {"status": 201, "body": {"id": "l-1"}}
    wordy = {"error": {"code": "c" * 5000, "message": "m" * 5000, "existingId": "e" * 5000}}
    results = [{**good, "status": "9" * 5000}, {**good, "status": 99999}, good]
    body = json.dumps({"results": [*results, {"status": 400, "body": wordy}]}).encode()

    def behave(connection: Any, request: bytes) -> None:
        token = b'{"access_token": "t", "expires_in": 60}'
        connection.sendall(answer(body=token if b"token" in request.split(b"\r\n")[0] else body))

    with RawServer(behave) as server:
        config = {"base_url": server.address, "client_id": "integration"}
        with connector("sandbox_erp").open(config, {"client_secret": "s batch"}) as opened:
            first, second, third, fourth = opened.write_many(
                [_line("i-1", number, f"d-{number}") for number in range(4)]
            )
    assert isinstance(first, Unknown)
    assert isinstance(second, Unknown)
    assert isinstance(third, Written)
    assert isinstance(fourth, Rejected)
    assert all(len(str(fourth.detail[name])) == 500 for name in ("code", "existing_id"))
