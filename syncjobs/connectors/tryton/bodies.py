"""Makes the bodies that Tryton wants from the flat fields that mappings give.

Each object has a table of fields and their kinds; anything else is refused by name, because
Tryton itself would answer with a failure that says nothing.
"""

from collections.abc import Mapping
from typing import Final

from syncjobs.connectors.codec import at
from syncjobs.connectors.errors import Rejected
from syncjobs.connectors.tryton.references import NAMED, References
from syncjobs.connectors.tryton.wire import WRITERS

FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "parties": {
        "code": "text",
        "name": "text",
        "active": "flag",
        "customer_payment_term": "payment_term",
    },
    "opportunities": {
        "reference": "text",
        "description": "text",
        "party": "party",
        "amount": "decimal",
        "currency": "currency",
        "start_date": "date",
        "end_date": "date",
        "payment_term": "payment_term",
        "comment": "text",
    },
    "projects": {
        "name": "text",
        "party": "party",
        "comment": "text",
        "list_price": "decimal",
        "product": "product",
        "status": "work_status",
        "progress": "number",
        "effort_duration": "hours",
        "timesheet_available": "flag",
    },
    "tasks": {
        "name": "text",
        "parent": "integer",
        "comment": "text",
        "list_price": "decimal",
        "product": "product",
        "status": "work_status",
        "progress": "number",
        "effort_duration": "hours",
        "timesheet_available": "flag",
    },
    "invoices": {
        "party": "party",
        "reference": "text",
        "description": "text",
        "comment": "text",
        "currency": "currency",
        "invoice_date": "date",
        "payment_term": "payment_term",
    },
    "invoiceLines": {
        "invoice": "integer",
        "description": "text",
        "note": "text",
        "quantity": "number",
        "unit": "unit",
        "unit_price": "decimal",
        "currency": "currency",
        "product": "product",
    },
}
# Fields of a party that live in records of their own.
PARTY_PARTS: Final = (
    "email", "phone", "street", "postal_code", "city", "country", "tax_number", "tax_number_type",
)  # fmt: skip
Body = dict[str, object]


def target_fields(object_name: str) -> tuple[str, ...]:
    """What a write of that object may give."""
    extra = PARTY_PARTS if object_name == "parties" else ()
    return (*FIELDS.get(object_name, {}), *extra)


def plain_body(object_name: str, data: Mapping[str, object], references: References) -> Body:
    """Encode the fields that stand in the object's own record; raises Rejected by name."""
    kinds = FIELDS.get(object_name, {})
    allowed = target_fields(object_name)
    unknown = sorted(set(data) - set(allowed))
    if unknown:
        known = ", ".join(allowed) or "none"
        raise Rejected(
            f"{object_name} has no field {', '.join(unknown)} to write; it has {known}.",
            detail={"unknown": unknown},
        )
    return {
        name: _encoded(name, kinds[name], value, references)
        for name, value in data.items()
        if name in kinds
    }


def _encoded(name: str, kind: str, value: object, references: References) -> object:
    if value is None:
        return None
    if kind in NAMED:
        return references.id_of(kind, value)
    try:
        return WRITERS[kind](value)
    except ValueError as error:
        raise Rejected(f"{name}: {error}.", detail={"field": name}) from None


def new_work(body: Body, work_type: str, company: int) -> Body:
    """A project or a task that time can be booked on."""
    return {"type": work_type, "company": company, "timesheet_available": True, **body}


def new_invoice(body: Body, references: References, company: int) -> Body:
    """A draft to a customer, with what Tryton's own form would fill in."""
    party = str(body.get("party") or "")
    if not party:
        raise Rejected("An invoice needs its party.", detail={"field": "party"})
    owner = references.record("party.party", party, ("addresses.invoice", "customer_payment_term"))
    addresses = at(owner, "addresses")
    rows = addresses if isinstance(addresses, list) else []
    chosen = next((row for row in rows if at(row, "invoice")), rows[0] if rows else None)
    if chosen is None:
        raise Rejected(
            "The party has no address in Tryton, and an invoice needs one.",
            detail={"missing": "address"},
        )
    body.setdefault("payment_term", at(owner, "customer_payment_term"))
    return {
        "type": "out",
        "company": company,
        "invoice_address": at(chosen, "id"),
        "account": references.setting("default_account_receivable"),
        "journal": references.setting("journal"),
        **body,
    }


def new_line(body: Body, references: References, company: int) -> Body:
    """A line of a draft, in hours unless another unit is named."""
    return {
        "type": "line",
        "company": company,
        "account": references.setting("default_category_account_revenue"),
        "unit": references.id_of("unit", "h"),
        **body,
    }
