"""The ERP's business rules on what is written through its API."""

from decimal import ROUND_HALF_UP, Decimal

from syncjobs.sandbox.problems import FieldProblem, Refused
from syncjobs.sandbox.resources import Body, require_document
from syncjobs.sandbox.store import Document, Store

CENT = Decimal("0.01")
UNPROCESSABLE = 422


def to_cents(value: Decimal) -> Decimal:
    """Half-up to the cent, as the ERP's books do."""
    return value.quantize(CENT, ROUND_HALF_UP)


def business(code: str, target: str, message: str) -> Refused:
    """A business rule that says no."""
    return Refused(UNPROCESSABLE, code, message, (FieldProblem(target, message, code),))


def customer(store: Store, body: Body, _old: Body | None) -> Body:
    """The tax code: given and known, or by the country's rule, or missing."""
    body = dict(body)
    if body.get("taxCode"):
        require_document(store, "taxCodes", "code", str(body["taxCode"]), UNPROCESSABLE)
    else:
        where = (body.get("address") or {}).get("countryCode") or ""
        body["taxCode"] = store.fact(f"tax-rule:{where}")
    body["taxStatus"] = "complete" if body["taxCode"] else "missing"
    return body


def contact(store: Store, body: Body, _old: Body | None) -> Body:
    """A contact belongs to a customer."""
    body = dict(body)
    _customer_of(store, body)
    return body


def contract(store: Store, body: Body, _old: Body | None) -> Body:
    """A contract belongs to a customer and follows its tax code unless it has its own."""
    body = dict(body)
    owner = _customer_of(store, body)
    if body.get("taxCode"):
        require_document(store, "taxCodes", "code", str(body["taxCode"]), UNPROCESSABLE)
    else:
        body["taxCode"] = owner.body["taxCode"]
    body["taxStatus"] = "complete" if body["taxCode"] else "missing"
    return body


def invoice(store: Store, body: Body, old: Body | None) -> Body:
    """A draft for a customer that may be billed, under a contract that is active."""
    body = dict(body)
    if old is not None and old["status"] != "draft":
        raise business("invoice_not_draft", "status", f"Invoice {old['number']} is posted.")
    owner = _customer_of(store, body)
    if owner.body["blocked"]:
        name = owner.body["number"]
        raise business("customer_blocked", "customerNumber", f"Customer {name} is blocked.")
    number = body.get("contractNumber")
    if number:
        under = require_document(store, "contracts", "number", str(number), UNPROCESSABLE).body
        if under["status"] != "active":
            message = f"Contract {number} is {under['status']}."
            raise business("contract_not_active", "contractNumber", message)
        if under["currency"] != body["currency"]:
            message = f"Contract {number} is in {under['currency']}."
            raise business("currency_mismatch", "currency", message)
    return body


def invoice_line(store: Store, body: Body, _old: Body | None) -> Body:
    """A line of a draft whose amount is right to the cent and whose date is in the contract."""
    body = dict(body)
    parent = parent_invoice(store, body)
    head = parent.body
    if head["status"] != "draft":
        raise business("invoice_not_draft", "invoiceId", f"Invoice {head['number']} is posted.")
    if body.get("itemCode"):
        require_document(store, "serviceItems", "code", str(body["itemCode"]), UNPROCESSABLE)
    _require_right_amount(body)
    if body.get("workDate") and head.get("contractNumber"):
        _require_inside_contract(store, str(head["contractNumber"]), str(body["workDate"]))
    inherited = ("customerNumber", "contractNumber", "projectCode", "engagementId", "currency")
    return {
        **body,
        **{name: head.get(name) for name in inherited},
        "invoiceId": parent.id,
        "invoiceReference": head["externalReference"],
    }


def parent_invoice(store: Store, body: Body) -> Document:
    """The invoice that a line names by id or by its external reference."""
    if body.get("invoiceId"):
        return require_document(store, "invoices", "id", str(body["invoiceId"]), UNPROCESSABLE)
    reference = str(body.get("invoiceReference"))
    return require_document(store, "invoices", "externalReference", reference, UNPROCESSABLE)


def _customer_of(store: Store, body: Body) -> Document:
    if body.get("customerId"):
        found = require_document(store, "customers", "id", str(body["customerId"]), UNPROCESSABLE)
    else:
        number = str(body.get("customerNumber"))
        found = require_document(store, "customers", "number", number, UNPROCESSABLE)
    body["customerId"], body["customerNumber"] = found.id, found.body["number"]
    return found


def _require_right_amount(body: Body) -> None:
    right = to_cents(Decimal(body["quantity"]) * Decimal(body["unitPrice"]))
    if Decimal(body["lineAmount"]) != right:
        message = (
            f"lineAmount {body['lineAmount']} is not quantity {body['quantity']} × "
            f"unitPrice {body['unitPrice']} = {right}."
        )
        raise business("amount_mismatch", "lineAmount", message)


def _require_inside_contract(store: Store, number: str, work_date: str) -> None:
    under = require_document(store, "contracts", "number", number, UNPROCESSABLE).body
    start, end = under.get("startDate") or "", under.get("endDate") or "9999-12-31"
    if not start <= work_date <= end:
        message = f"Work on {work_date} is outside contract {number} ({start} to {end})."
        raise business("work_date_outside_contract", "workDate", message)
