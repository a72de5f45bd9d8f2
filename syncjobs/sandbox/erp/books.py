"""What finance does in the ERP, and the double-entry books that come of it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from syncjobs.sandbox.erp import kinds
from syncjobs.sandbox.erp.rules import business, to_cents
from syncjobs.sandbox.problems import not_found
from syncjobs.sandbox.resources import Resources
from syncjobs.sandbox.store import Document, Selection, Store

RECEIVABLE, REVENUE, TAX, BANK = "1100 Receivables", "4000 Revenue", "2200 Tax", "1000 Bank"
_ALL = 1_000_000


class Books:
    """Finance's own actions; each is one transaction of the caller."""

    def __init__(self, store: Store, resources: Resources) -> None:
        self._store = store
        self._resources = resources

    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], Any]]:
        """By name, as `/_control` takes them."""
        return {
            "add_tax_code": self._add_tax_code,
            "set_tax_rule": self._set_tax_rule,
            "set_tax_code": self._set_tax_code,
            "block_item": self._block_item,
            "add_amendment": self._add_amendment,
            "sign_amendment": self._sign_amendment,
            "post_invoice": self._post_invoice,
            "register_payment": self._register_payment,
        }

    def add_to_totals(
        self, invoice: Document, net: Decimal, lines: int, *, origin: str, key: str = ""
    ) -> Document:
        """Bring an invoice's totals up to date after its lines changed by `net` money."""
        new_net = Decimal(invoice.body["netAmount"]) + net
        tax = to_cents(new_net * self._tax_rate(invoice))
        totals = {
            "lineCount": invoice.body["lineCount"] + lines,
            "netAmount": str(to_cents(new_net)),
            "taxAmount": str(tax),
            "totalAmount": str(to_cents(new_net + tax)),
        }
        body = {**invoice.body, **totals}
        return self._resources.rewrite(kinds.INVOICES, invoice, body, origin=origin, key=key)

    def _tax_rate(self, invoice: Document) -> Decimal:
        code = self._tax_code(invoice)
        found = self._store.find("taxCodes", "code", code) if code else None
        return Decimal(found.body["rate"]) if found else Decimal(0)

    def _tax_code(self, invoice: Document) -> str | None:
        contract = self._store.find("contracts", "number", str(invoice.body.get("contractNumber")))
        owner = contract or self._store.get("customers", invoice.body["customerId"])
        code = owner.body["taxCode"] if owner else None
        return str(code) if code else None

    def _add_tax_code(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self._store.find("taxCodes", "code", str(asked["code"])):
            return {"existing": 1}
        self._resources.create(kinds.TAX_CODES, asked, origin="control")
        return {"created": 1}

    def _set_tax_rule(self, asked: dict[str, Any]) -> None:
        self._store.set_fact(f"tax-rule:{asked['country']}", asked["taxCode"])

    def _set_tax_code(self, asked: dict[str, Any]) -> dict[str, Any]:
        change = {"taxCode": asked["taxCode"]}
        if "contractNumber" in asked:
            contract = self._one(kinds.CONTRACTS.name, "number", asked["contractNumber"])
            self._resources.update(kinds.CONTRACTS, contract, change, origin="control")
            return {"contracts": 1}
        customer = self._one(kinds.CUSTOMERS.name, "number", asked["customerNumber"])
        self._resources.update(kinds.CUSTOMERS, customer, change, origin="control")
        # Contracts that had none follow their customer.
        wanted = Selection("contracts", equal={"customerNumber": asked["customerNumber"]})
        following = [
            one for one in self._store.select(wanted, limit=_ALL) if not one.body["taxCode"]
        ]
        for contract in following:
            self._resources.update(kinds.CONTRACTS, contract, change, origin="control")
        return {"contracts": len(following)}

    def _block_item(self, asked: dict[str, Any]) -> None:
        """Take a service item out of use, or back into it."""
        item = self._one(kinds.SERVICE_ITEMS.name, "code", asked["code"])
        change = {"blocked": asked["blocked"]}
        self._resources.update(kinds.SERVICE_ITEMS, item, change, origin="control")

    def _add_amendment(self, asked: dict[str, Any]) -> None:
        contract = self._one(kinds.CONTRACTS.name, "number", asked["contractNumber"])
        added = {
            "number": asked["number"],
            "status": asked.get("status", "sent"),
            "signedOn": asked.get("signedOn"),
            "description": asked.get("description"),
        }
        changes = {"amendments": [*contract.body["amendments"], added], "amendmentRequired": True}
        self._resources.update(kinds.CONTRACTS, contract, changes, origin="control")

    def _sign_amendment(self, asked: dict[str, Any]) -> None:
        contract = self._one(kinds.CONTRACTS.name, "number", asked["contractNumber"])
        signed = {"status": "signed", "signedOn": asked["signedOn"]}
        amendments = [
            {**one, **signed} if one["number"] == asked["number"] else one
            for one in contract.body["amendments"]
        ]
        if amendments == contract.body["amendments"]:
            raise not_found(f"The unsigned amendment {asked['number']}")
        open_ones = any(one["status"] != "signed" for one in amendments)
        changes = {"amendments": amendments, "amendmentRequired": open_ones}
        self._resources.update(kinds.CONTRACTS, contract, changes, origin="control")

    def _post_invoice(self, asked: dict[str, Any]) -> dict[str, Any]:
        invoice = self._invoice(asked)
        if invoice.body["status"] != "draft":
            number = invoice.body["number"]
            raise business("invoice_not_draft", "status", f"Invoice {number} is posted.")
        # The tax code may have changed since the last line came in.
        invoice = self.add_to_totals(invoice, Decimal(0), 0, origin="control")
        body = invoice.body
        if not body["lineCount"]:
            raise business(
                "invoice_empty", "lineCount", "An invoice without lines cannot be posted."
            )
        if not self._tax_code(invoice):
            message = f"Customer {body['customerNumber']} has no tax code."
            raise business("tax_code_missing", "taxCode", message)
        issued = dt.date.fromisoformat(asked["issueDate"])
        posted = {
            "number": f"INV-{issued.year}-{self._store.count_up(f'invoice:{issued.year}'):05d}",
            "status": "posted",
            "issueDate": issued.isoformat(),
            "dueDate": (issued + dt.timedelta(days=self._days(body))).isoformat(),
            "postedAt": self._store.stamp(),
        }
        new = self._resources.rewrite(kinds.INVOICES, invoice, {**body, **posted}, origin="control")
        journal = [
            _side(RECEIVABLE, debit=body["totalAmount"]),
            _side(REVENUE, credit=body["netAmount"]),
            _side(TAX, credit=body["taxAmount"]),
        ]
        self._resources.note(kinds.INVOICES, "posted", new, origin="control", journal=journal)
        return kinds.shown(new)

    def _register_payment(self, asked: dict[str, Any]) -> dict[str, Any]:
        invoice = self._invoice(asked)
        body = invoice.body
        amount = to_cents(Decimal(asked["amount"]))
        paid = Decimal(body["paidAmount"]) + amount
        if body["status"] != "posted" or amount <= 0 or paid > Decimal(body["totalAmount"]):
            message = f"{amount} cannot be booked on this invoice ({body['status']})."
            raise business("payment_refused", "amount", message)
        full = paid == Decimal(body["totalAmount"])
        state = {"paidAmount": str(to_cents(paid)), "status": "paid" if full else "posted"}
        self._resources.rewrite(kinds.INVOICES, invoice, {**body, **state}, origin="control")
        number = f"PAY-{self._store.count_up('payment'):05d}"
        payment = {
            "number": number,
            "invoiceId": invoice.id,
            "invoiceNumber": body["number"],
            "invoiceReference": body["externalReference"],
            "customerNumber": body["customerNumber"],
            "projectCode": body.get("projectCode"),
            "amount": str(amount),
            "currency": body["currency"],
            "receivedOn": asked["receivedOn"],
            "method": asked.get("method", "bank transfer"),
        }
        created = self._store.insert(
            "payments", f"pay-{number[4:]}", payment, kinds.PAYMENTS.searchable
        )
        journal = [_side(BANK, debit=str(amount)), _side(RECEIVABLE, credit=str(amount))]
        self._resources.note(kinds.PAYMENTS, "received", created, origin="control", journal=journal)
        return kinds.shown(created)

    def _invoice(self, asked: Mapping[str, Any]) -> Document:
        for name in ("id", "externalReference", "number"):
            if asked.get(name):
                return self._one("invoices", name, asked[name])
        raise KeyError("id")

    def _days(self, invoice: Mapping[str, Any]) -> int:
        owner = self._one("customers", "id", invoice["customerId"])
        return kinds.TERMS[owner.body["paymentTerms"]]

    def _one(self, kind: str, field: str, value: Any) -> Document:
        store = self._store
        found = (
            store.get(kind, str(value)) if field == "id" else store.find(kind, field, str(value))
        )
        if found is None:
            raise not_found(f"{kind} {value}")
        return found


def _side(account: str, *, debit: str = "0.00", credit: str = "0.00") -> dict[str, str]:
    return {"account": account, "debit": debit, "credit": credit}


def balances(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Debit minus credit per account over ledger entries."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        for side in entry.get("journal", ()):
            sums[side["account"]] += Decimal(side["debit"]) - Decimal(side["credit"])
    return {account: str(total) for account, total in sorted(sums.items())}
