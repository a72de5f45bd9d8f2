"""Prepare a fresh Tryton database: a company, its books, and a key for integrations.

Idempotent: each part looks for what is there before it creates. All through JSON-RPC, as an
administrator would click it.
"""

import datetime as dt
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from syncjobs.sandbox.tryton.wire import Rpc

# First argument of get_preferences: only what belongs into a call context.
_CONTEXT_ONLY = True


@dataclass(frozen=True)
class Books:
    """Ids in one prepared database; what an integration is configured with."""

    company: int
    currency: int
    currency_code: str
    receivable: int
    revenue: int
    hour: int
    journal_revenue: int
    payment_term: int
    payment_method: int
    api_key: str

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, for a file."""
        return asdict(self)


@dataclass(frozen=True)
class Firm:
    """The company that runs the server."""

    name: str
    street: str
    postal_code: str
    city: str
    currency: str = "EUR"
    currency_name: str = "Euro"
    currency_symbol: str = "€"
    currency_number: str = "978"


def prepare(rpc: Rpc, firm: Firm, today: dt.date) -> Books:
    """Set up everything that invoices and payments need; return the ids."""
    currency = _currency(rpc, firm, today)
    company = _company(rpc, firm, currency)
    _join_every_group(rpc)
    rpc.context = rpc.call("model.res.user.get_preferences", _CONTEXT_ONLY)
    rpc.context["company"] = company
    _chart(rpc, company)
    receivable = _account(rpc, company, ["type.receivable", "=", True])
    revenue = _account(rpc, company, ["type.revenue", "=", True])
    _configure(rpc, company, receivable, revenue)
    for year in (today.year - 1, today.year, today.year + 1):
        _fiscal_year(rpc, company, year)
    return Books(
        company=company,
        currency=currency,
        currency_code=firm.currency,
        receivable=receivable,
        revenue=revenue,
        hour=rpc.first("product.uom", [["symbol", "=", "h"]]),
        journal_revenue=rpc.first("account.journal", [["type", "=", "revenue"]]),
        payment_term=_payment_term(rpc),
        payment_method=_payment_method(rpc, company),
        api_key=_api_key(rpc),
    )


def _currency(rpc: Rpc, firm: Firm, today: dt.date) -> int:
    found = rpc.first("currency.currency", [["code", "=", firm.currency]])
    if found:
        return int(found)
    rate = {"date": dt.date(today.year - 1, 1, 1), "rate": Decimal("1.0")}
    return rpc.create(
        "currency.currency",
        {
            "name": firm.currency_name,
            "code": firm.currency,
            "numeric_code": firm.currency_number,
            "symbol": firm.currency_symbol,
            "digits": 2,
            "rounding": Decimal("0.01"),
            "rates": [["create", [rate]]],
        },
    )


def _company(rpc: Rpc, firm: Firm, currency: int) -> int:
    found = rpc.first("company.company", [])
    if found:
        return int(found)
    address = {"street": firm.street, "postal_code": firm.postal_code, "city": firm.city}
    party = rpc.create("party.party", {"name": firm.name, "addresses": [["create", [address]]]})
    company = rpc.create("company.company", {"party": party, "currency": currency})
    rpc.write("res.user", rpc.user_id, {"companies": [["add", [company]]], "company": company})
    return company


def _join_every_group(rpc: Rpc) -> None:
    # Buttons such as "post" are reserved to groups, even for the administrator.
    mine = set(rpc.call("model.res.user.read", [rpc.user_id], ["groups"])[0]["groups"])
    every = rpc.call("model.res.group.search", [], 0, None, None)
    missing = [group for group in every if group not in mine]
    if missing:
        rpc.write("res.user", rpc.user_id, {"groups": [["add", missing]]})


def _chart(rpc: Rpc, company: int) -> None:
    if rpc.first("account.account", [["company", "=", company]]):
        return
    template = rpc.call("model.ir.model.data.get_id", "account.account_template_root_en")
    chosen = {"account": {"company": company, "account_template": template}}
    rpc.wizard("account.create_chart", [("account", {}), ("create_account", chosen)])


def _account(rpc: Rpc, company: int, *domain: list[Any]) -> int:
    clauses = [["company", "=", company], ["closed", "!=", True], *domain]
    return int(rpc.first("account.account", clauses, [["code", "ASC"]]))


def _configure(rpc: Rpc, company: int, receivable: int, revenue: int) -> None:
    values = {
        "default_account_receivable": receivable,
        "default_account_payable": _account(rpc, company, ["type.payable", "=", True]),
        "default_category_account_revenue": revenue,
    }
    found = rpc.first("account.configuration", [])
    if found:
        rpc.write("account.configuration", found, values)
    else:
        rpc.create("account.configuration", values)


def _sequence(rpc: Rpc, company: int, kind: str, name: str) -> int:
    sequence_type = rpc.first("ir.sequence.type", [["name", "=", kind]])
    values = {"name": name, "sequence_type": sequence_type, "company": company}
    return rpc.create("ir.sequence.strict", values)


def _fiscal_year(rpc: Rpc, company: int, year: int) -> None:
    if rpc.first("account.fiscalyear", [["name", "=", str(year)], ["company", "=", company]]):
        return
    invoices = _sequence(rpc, company, "Invoice", f"INV {year}")
    kinds = ("in_invoice", "in_credit_note", "out_invoice", "out_credit_note")
    sequences = {"company": company, **{f"{kind}_sequence": invoices for kind in kinds}}
    created = rpc.create(
        "account.fiscalyear",
        {
            "name": str(year),
            "start_date": dt.date(year, 1, 1),
            "end_date": dt.date(year, 12, 31),
            "company": company,
            "move_sequence": _sequence(rpc, company, "Account Move", f"MOVE {year}"),
            "invoice_sequences": [["create", [sequences]]],
        },
    )
    rpc.call("model.account.fiscalyear.create_period", [created])


def _payment_term(rpc: Rpc) -> int:
    found = rpc.first("account.invoice.payment_term", [["name", "=", "30 days net"]])
    if found:
        return int(found)
    line = {"type": "remainder", "relativedeltas": [["create", [{"days": 30}]]]}
    values = {"name": "30 days net", "lines": [["create", [line]]]}
    return rpc.create("account.invoice.payment_term", values)


def _payment_method(rpc: Rpc, company: int) -> int:
    found = rpc.first("account.invoice.payment.method", [["company", "=", company]])
    if found:
        return int(found)
    cash = _account(rpc, company, ["code", "=", "1.1.1"])
    values = {
        "name": "Bank transfer",
        "company": company,
        "journal": rpc.first("account.journal", [["type", "=", "cash"]]),
        "credit_account": cash,
        "debit_account": cash,
    }
    return rpc.create("account.invoice.payment.method", values)


def _api_key(rpc: Rpc) -> str:
    clauses = [["application", "=", "rest"], ["state", "=", "validated"]]
    found = rpc.first("res.user.application", clauses)
    if not found:
        values = {"user": rpc.user_id, "application": "rest"}
        found = rpc.create("res.user.application", values)
    return str(rpc.call("model.res.user.application.read", [found], ["key"])[0]["key"])
