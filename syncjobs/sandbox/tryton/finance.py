"""What the firm's own finance people do in the ERP server."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from syncjobs.sandbox.tryton.daemon import DATABASE, Paths
from syncjobs.sandbox.tryton.seed import open_rest
from syncjobs.sandbox.tryton.wire import Rpc


def post_drafts(facts: Mapping[str, Any], month: dt.date, issued: dt.date) -> list[int]:
    """Post the month's draft invoices (their reference ends with the period); their ids."""
    rest = open_rest(facts)
    domain = [
        ["type", "=", "out"],
        ["state", "=", "draft"],
        ["reference", "like", f"%:{month:%Y-%m}"],
    ]
    drafts = [
        row
        for row in rest.find("account.invoice", domain, ("lines",), [["reference", "ASC"]])
        if row["lines"]
    ]
    for draft in drafts:
        rest.put(f"account.invoice/{draft['id']}", {"invoice_date": issued})
        rest.post(f"account.invoice/{draft['id']}/post")
    return [int(draft["id"]) for draft in drafts]


def receive_payments(
    facts: Mapping[str, Any], home: Path, invoices: list[int], received: dt.date
) -> Decimal:
    """The bank books every second of these invoices as paid in full; returns the money.

    Payments have no REST door: it is the administrator's wizard.
    """
    total = Decimal(0)
    password = Paths(home).password.read_text()
    with Rpc(facts["base"], DATABASE, "admin", password) as rpc:
        rpc.context = {"company": facts["company"]}
        for invoice in invoices[::2]:
            row = rpc.call("model.account.invoice.read", [invoice], ["amount_to_pay", "account"])[0]
            _pay(rpc, facts, invoice, row, received)
            total += row["amount_to_pay"]
    return total


def _pay(
    rpc: Rpc, facts: Mapping[str, Any], invoice: int, row: Mapping[str, Any], received: dt.date
) -> None:
    chosen = {
        "payee": None,
        "amount": row["amount_to_pay"],
        "currency": facts["currency"],
        "date": received,
        "payment_method": facts["payment_method"],
        "description": "Bank transfer",
        "company": facts["company"],
        "invoice_account": row["account"],
    }
    active = {
        "active_model": "account.invoice",
        "active_id": invoice,
        "active_ids": [invoice],
    }
    rpc.wizard("account.invoice.pay", [("start", {}), ("choice", {"start": chosen})], active)
