"""The ERP's objects and what it checks when they are written."""

from collections.abc import Mapping

from syncjobs.sandbox.checks import (
    Check,
    choice,
    country,
    currency,
    date,
    decimal,
    email,
    flag,
    listing,
    nested,
    period,
    text,
)
from syncjobs.sandbox.erp import rules
from syncjobs.sandbox.resources import Body, Kind
from syncjobs.sandbox.store import Document

TERMS = {"DUE": 0, "NET7": 7, "NET14": 14, "NET30": 30, "NET45": 45, "NET60": 60}
_ADDRESS: Mapping[str, Check] = {
    "line1": text(),
    "city": text(),
    "postCode": text(20),
    "countryCode": country,
}
_AMENDMENT: Mapping[str, Check] = {
    "number": text(40),
    "status": choice("draft", "sent", "signed"),
    "signedOn": date,
    "description": text(),
}
_CUSTOMER: Mapping[str, Check] = {"customerId": text(40), "customerNumber": text(40)}

CUSTOMERS = Kind(
    "customers",
    {
        "number": text(40),
        "name": text(),
        "legalName": text(),
        "email": email,
        "phone": text(40),
        "taxRegistrationNumber": text(20),
        "taxCode": text(20),
        "currency": currency,
        "paymentTerms": choice(*TERMS),
        "address": nested(_ADDRESS),
        "blocked": flag,
        "externalReference": text(),
    },
    required=("number", "name", "currency"),
    unique=("number", "externalReference"),
    defaults={"blocked": False, "paymentTerms": "NET30", "taxCode": None},
    prepare=rules.customer,
)
CONTACTS = Kind(
    "contacts",
    {
        **_CUSTOMER,
        "firstName": text(80),
        "lastName": text(80),
        "email": email,
        "phone": text(40),
        "position": text(),
        "externalReference": text(),
    },
    required=("email", "lastName"),
    unique=("email", "externalReference"),
    indexed=("customerNumber",),
    natural="email",
    prepare=rules.contact,
)
CONTRACTS = Kind(
    "contracts",
    {
        **_CUSTOMER,
        "number": text(40),
        "title": text(),
        "engagementId": text(40),
        "status": choice("draft", "active", "closed"),
        "startDate": date,
        "endDate": date,
        "value": decimal(),
        "currency": currency,
        "taxCode": text(20),
        "amendmentRequired": flag,
        "amendments": listing(nested(_AMENDMENT)),
        "billingFrequency": choice("monthly", "milestone", "quarterly"),
        "externalReference": text(),
    },
    required=("number", "title", "currency"),
    unique=("number", "externalReference"),
    indexed=("customerNumber", "status", "engagementId"),
    defaults={
        "status": "draft",
        "taxCode": None,
        "amendmentRequired": False,
        "amendments": [],
        "billingFrequency": "monthly",
    },
    amount="value",
    prepare=rules.contract,
)
TAX_CODES = Kind(
    "taxCodes",
    {"code": text(20), "description": text(), "rate": decimal(4, padded=False)},
    required=("code", "rate"),
    unique=("code",),
    natural="code",
)
SERVICE_ITEMS = Kind(
    "serviceItems",
    {
        "code": text(20),
        "description": text(),
        "unit": choice("HOUR", "EACH"),
        "blocked": flag,
    },
    required=("code", "unit"),
    unique=("code",),
    defaults={"blocked": False},
    natural="code",
)
INVOICES = Kind(
    "invoices",
    {
        **_CUSTOMER,
        "externalReference": text(),
        "contractNumber": text(40),
        "projectCode": text(40),
        "engagementId": text(40),
        "period": period,
        "currency": currency,
        "kind": choice("time", "expense", "milestone"),
        "notes": text(500),
    },
    required=("externalReference", "currency"),
    unique=("externalReference",),
    indexed=("number", "customerNumber", "contractNumber", "projectCode", "status", "period"),
    defaults={
        "kind": "time",
        "number": None,
        "status": "draft",
        "issueDate": None,
        "dueDate": None,
        "postedAt": None,
        "netAmount": "0.00",
        "taxAmount": "0.00",
        "totalAmount": "0.00",
        "paidAmount": "0.00",
        "lineCount": 0,
    },
    natural="externalReference",
    amount="netAmount",
    prepare=rules.invoice,
)
INVOICE_LINES = Kind(
    "invoiceLines",
    {
        "invoiceId": text(40),
        "invoiceReference": text(),
        "externalReference": text(),
        "kind": choice("time", "expense", "milestone"),
        "description": text(300),
        "itemCode": text(20),
        "quantity": decimal(4, padded=False),
        "unitPrice": decimal(4, padded=False),
        "lineAmount": decimal(),
        "workDate": date,
        "originalPeriod": period,
        "resourceNumber": text(40),
    },
    required=("quantity", "unitPrice", "lineAmount", "description"),
    indexed=("invoiceId", "invoiceReference", "externalReference", "projectCode"),
    defaults={"kind": "time"},
    natural="externalReference",
    amount="lineAmount",
    prepare=rules.invoice_line,
)
JOB_ASSIGNMENTS = Kind(
    "jobAssignments",
    {
        "number": text(40),
        "projectCode": text(40),
        "resourceNumber": text(40),
        "jobCode": text(40),
        "billRate": decimal(4, padded=False),
        "costRate": decimal(4, padded=False),
        "currency": currency,
        "startDate": date,
        "endDate": date,
        "externalReference": text(),
    },
    required=("number", "projectCode", "resourceNumber", "jobCode", "currency"),
    unique=("number", "externalReference"),
    indexed=("projectCode", "resourceNumber"),
)
PAYMENTS = Kind(
    "payments",
    {},
    unique=("number",),
    indexed=("invoiceId", "invoiceNumber", "customerNumber", "projectCode"),
    amount="amount",
)

KINDS = (
    CUSTOMERS,
    CONTACTS,
    CONTRACTS,
    TAX_CODES,
    SERVICE_ITEMS,
    INVOICES,
    INVOICE_LINES,
    JOB_ASSIGNMENTS,
    PAYMENTS,
)
# Kinds that integrations may only read.
READ_ONLY = ("taxCodes", "serviceItems", "payments")


def etag(document: Document) -> str:
    """A weak ETag that changes with every change."""
    return f'W/"{document.version}"'


def shown(document: Document) -> Body:
    """An object as the API shows it."""
    return {
        "id": document.id,
        **document.body,
        "lastModified": document.updated,
        "etag": etag(document),
    }
