"""The ERP is strict: to the cent, to the contract, to the token's second."""

from decimal import Decimal
from typing import Any

import pytest

from syncjobs.sandbox.client import SandboxClient, SandboxError
from syncjobs.sandbox.server import SandboxServer

LINES = "/erp/v1/invoiceLines"


def _line(reference: str = "T-1", **more: Any) -> dict[str, Any]:
    return {
        "invoiceReference": "P-1:2026-10",
        "externalReference": reference,
        "description": "Analysis",
        "quantity": "7.25",
        "unitPrice": "97.50",
        "lineAmount": "706.88",
        "workDate": "2026-10-05",
        **more,
    }


@pytest.fixture
def books(erp: SandboxClient) -> SandboxClient:
    """An ERP with a customer, an active contract and a draft invoice."""
    erp.control("add_tax_code", code="GB20", rate="0.20")
    erp.control("set_tax_rule", country="GB", taxCode="GB20")
    customer = {"number": "A-1", "name": "Thorncastle", "currency": "GBP"}
    erp.call("POST", "/erp/v1/customers", {**customer, "address": {"countryCode": "GB"}})
    contract = {"number": "C-1", "title": "Roll-out", "customerNumber": "A-1", "currency": "GBP"}
    dates = {"status": "active", "startDate": "2026-01-01", "endDate": "2026-12-31"}
    erp.call("POST", "/erp/v1/contracts", {**contract, **dates})
    invoice = {"externalReference": "P-1:2026-10", "customerNumber": "A-1", "currency": "GBP"}
    erp.call("POST", "/erp/v1/invoices", {**invoice, "contractNumber": "C-1", "projectCode": "P-1"})
    return erp


def _refusal(erp: SandboxClient, method: str, path: str, body: dict[str, Any]) -> tuple[int, str]:
    with pytest.raises(SandboxError) as caught:
        erp.call(method, path, body)
    return caught.value.status, caught.value.body["error"]["code"]


def test_lines_add_up_to_net_tax_and_total(books: SandboxClient) -> None:
    books.call("POST", LINES, _line("T-1"))
    books.call("POST", LINES, _line("T-2", quantity="0.25", lineAmount="24.38"))

    (invoice,) = books.pages("invoices")

    assert (invoice["netAmount"], invoice["taxAmount"]) == ("731.26", "146.25")
    assert (invoice["totalAmount"], invoice["lineCount"]) == ("877.51", 2)


@pytest.mark.parametrize(
    ("quantity", "price", "right", "wrong"),
    [
        ("7.25", "97.50", "706.88", "706.87"),  # 706.875 goes up
        ("0.25", "98.50", "24.63", "24.62"),  # 24.625 goes up, not to the even cent
        ("1.00", "0.01", "0.01", "0.00"),
    ],
)
def test_an_amount_must_be_right_to_the_cent_half_up(
    books: SandboxClient, quantity: str, price: str, right: str, wrong: str
) -> None:
    priced = {"quantity": quantity, "unitPrice": price}

    assert _refusal(books, "POST", LINES, _line(**priced, lineAmount=wrong)) == (
        422,
        "AmountMismatch",
    )
    assert books.call("POST", LINES, _line(**priced, lineAmount=right))["lineAmount"] == right


def test_a_line_without_a_key_doubles_and_with_a_key_does_not(books: SandboxClient) -> None:
    for _ in range(2):
        books.call("POST", LINES, _line("T-1"), {"Idempotency-Key": "one"})
    for _ in range(2):
        books.call("POST", LINES, _line("T-2"))

    references = [one["externalReference"] for one in books.pages("invoiceLines")]
    assert references == ["T-1", "T-2", "T-2"]
    created = [e for e in books.ledger()["entries"] if e["effect"] == "invoiceLines.created"]
    assert [entry["idempotencyKey"] for entry in created] == ["one", None, None]


def test_a_key_that_was_used_for_another_body_is_refused(books: SandboxClient) -> None:
    books.call("POST", LINES, _line("T-1"), {"Idempotency-Key": "one"})

    with pytest.raises(SandboxError) as caught:
        books.call("POST", LINES, _line("T-2"), {"Idempotency-Key": "one"})

    assert caught.value.body["error"]["code"] == "IdempotencyKeyReused"


def test_work_outside_the_contract_is_refused(books: SandboxClient) -> None:
    late = _line(workDate="2027-01-01")

    assert _refusal(books, "POST", LINES, late) == (422, "WorkDateOutsideContract")


def test_a_stale_etag_is_refused(books: SandboxClient) -> None:
    (customer,) = books.pages("customers")
    path = f"/erp/v1/customers/{customer['id']}"
    books.call("PATCH", path, {"phone": "1"}, {"If-Match": customer["etag"]})

    with pytest.raises(SandboxError) as caught:
        books.call("PATCH", path, {"phone": "2"}, {"If-Match": customer["etag"]})

    assert caught.value.status == 412
    assert books.call("GET", path)["phone"] == "1"


def test_an_external_reference_is_used_once(books: SandboxClient) -> None:
    again = {"externalReference": "P-1:2026-10", "customerNumber": "A-1", "currency": "GBP"}

    assert _refusal(books, "POST", "/erp/v1/invoices", again) == (409, "DuplicateExternalReference")


def test_posting_numbers_without_gaps_and_closes_the_invoice(books: SandboxClient) -> None:
    books.call("POST", LINES, _line())
    with pytest.raises(SandboxError):
        books.control("post_invoice", externalReference="P-1:2026-10", issueDate="not a date")
    posted = books.control("post_invoice", externalReference="P-1:2026-10", issueDate="2026-11-05")

    assert (posted["number"], posted["dueDate"]) == ("INV-2026-00001", "2026-12-05")
    assert _refusal(books, "POST", LINES, _line("T-2")) == (422, "InvoiceNotDraft")


def test_the_books_balance_after_posting_and_payment(books: SandboxClient) -> None:
    books.call("POST", LINES, _line())
    books.control("post_invoice", externalReference="P-1:2026-10", issueDate="2026-11-05")
    books.control(
        "register_payment", number="INV-2026-00001", amount="848.26", receivedOn="2026-11-20"
    )

    (invoice,) = books.pages("invoices")
    ledger = books.ledger()

    assert (invoice["status"], invoice["paidAmount"]) == ("paid", "848.26")
    assert ledger["balanced"] is True
    assert Decimal(ledger["balances"]["1100 Receivables"]) == 0
    assert ledger["balances"]["4000 Revenue"] == "-706.88"


def test_a_customer_of_an_unknown_country_has_no_tax_code_until_finance_sets_one(
    books: SandboxClient,
) -> None:
    swiss = {"number": "A-2", "name": "Rhône SA", "currency": "GBP"}
    books.call("POST", "/erp/v1/customers", {**swiss, "address": {"countryCode": "CH"}})
    contract = {"number": "C-2", "title": "x", "customerNumber": "A-2", "currency": "GBP"}
    created = books.call("POST", "/erp/v1/contracts", contract)
    assert created["taxStatus"] == "missing"

    books.control("set_tax_code", customerNumber="A-2", taxCode="GB20")

    after = books.call("GET", f"/erp/v1/contracts/{created['id']}")
    assert (after["taxCode"], after["taxStatus"]) == ("GB20", "complete")
    assert after["lastModified"] > created["lastModified"]


def test_an_amendment_is_open_until_it_is_signed(books: SandboxClient) -> None:
    books.control("add_amendment", contractNumber="C-1", number="A1", description="More scope")
    (contract,) = books.pages("contracts")
    assert contract["amendmentRequired"] is True

    books.control("sign_amendment", contractNumber="C-1", number="A1", signedOn="2026-11-10")

    (contract,) = books.pages("contracts")
    assert contract["amendmentRequired"] is False
    assert contract["amendments"][0]["status"] == "signed"


def test_a_token_expires_and_another_one_goes_on() -> None:
    with SandboxServer("erp", token_ttl=0.0) as server:
        client = SandboxClient("erp", server.address, server.token)
        form = "grant_type=client_credentials&client_id=integration&client_secret=sandbox-token"
        token = client.send("POST", "/oauth/token", form).body["access_token"]
        answer = client.send(
            "GET", "/erp/v1/customers", headers={"Authorization": f"Bearer {token}"}
        )
        client.close()

    assert answer.status == 401
    assert answer.body["error"]["code"] == "InvalidAuthenticationToken"


def test_a_wrong_client_secret_gets_no_token(erp: SandboxClient) -> None:
    form = "grant_type=client_credentials&client_id=integration&client_secret=wrong"

    answer = erp.send("POST", "/oauth/token", form)

    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


def test_filters_and_next_links_walk_every_record_once(books: SandboxClient) -> None:
    for number in range(12):
        books.call("POST", LINES, _line(f"T-{number}"))
    (first, *_), total = list(books.pages("invoiceLines")), 12

    paged = list(books.pages("invoiceLines", **{"$top": "5"}))
    later = {"$filter": f"lastModified gt {first['lastModified']} and projectCode eq 'P-1'"}

    assert len({one["id"] for one in paged}) == total
    assert len(list(books.pages("invoiceLines", **later))) == total - 1
    assert _refusal(books, "GET", f"{LINES}?$filter=amount%20lt%203", {}) == (400, "BadRequest")


def test_a_deleted_line_leaves_the_totals(books: SandboxClient) -> None:
    line = books.call("POST", LINES, _line())

    books.call("DELETE", f"{LINES}/{line['id']}")

    (invoice,) = books.pages("invoices")
    assert (invoice["netAmount"], invoice["lineCount"]) == ("0.00", 0)
