"""The CRM's objects."""

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
    integer,
    listing,
    moment,
    nested,
    text,
)
from syncjobs.sandbox.resources import Body, Kind, require_document
from syncjobs.sandbox.store import Store

_TASK: Mapping[str, Check] = {
    "number": text(20),
    "name": text(),
    "hours": decimal(),
    "productCode": text(40),
    "startDate": date,
    "endDate": date,
}
_MILESTONE: Mapping[str, Check] = {
    "number": text(20),
    "name": text(),
    "amount": decimal(),
    "dueDate": date,
}
_ROLE: Mapping[str, Check] = {
    "number": text(20),
    "role": text(),
    "skill": text(),
    "hours": decimal(),
    "rate": decimal(),
    "startDate": date,
    "endDate": date,
}
STAGES = ("qualified", "proposal", "won", "lost")
_ADDRESS: Mapping[str, Check] = {
    "street": text(),
    "city": text(),
    "postalCode": text(20),
    "country": country,
}


def _own_account(store: Store, body: Body, old: Body | None) -> Body:
    """Resolve accountId or accountNumber into both and a short form of the account."""
    body = dict(body)
    number = body.pop("accountNumber", None)
    if number is not None and (old is None or body.get("accountId") == old.get("accountId")):
        account = require_document(store, "accounts", "number", str(number), 400)
    else:
        account = require_document(store, "accounts", "id", str(body.get("accountId")), 400)
    body["accountId"] = account.id
    body["account"] = {
        "id": account.id,
        "number": account.body["number"],
        "name": account.body["name"],
    }
    return body


def _full_name(store: Store, body: Body, old: Body | None) -> Body:
    body = _own_account(store, body, old)
    parts = (body.get("firstName"), body.get("lastName"))
    body["name"] = " ".join(part for part in parts if part)
    return body


def _won_at(store: Store, body: Body, old: Body | None) -> Body:
    body = _own_account(store, body, old)
    if body["stage"] == "won" and not body.get("wonAt"):
        body["wonAt"] = store.stamp()
    return body


_SHARED: Mapping[str, Check] = {"externalReference": text(), "createdAt": moment}
_LINK: Mapping[str, Check] = {"accountId": text(40), "accountNumber": text(40)}

KINDS = (
    Kind(
        "accounts",
        {
            **_SHARED,
            "number": text(40),
            "name": text(),
            "legalName": text(),
            "email": email,
            "phone": text(40),
            "vatNumber": text(20),
            "currency": currency,
            "paymentTerms": text(20),
            "taxCode": text(20),
            "address": nested(_ADDRESS),
            "status": choice("active", "inactive"),
            "ownerName": text(),
            "healthStatus": choice("healthy", "at_risk"),
            "renewalFlag": flag,
            "openEscalations": integer,
        },
        required=("number", "name", "currency"),
        unique=("number",),
        indexed=("externalReference", "email"),
        defaults={"status": "active"},
    ),
    Kind(
        "contacts",
        {
            **_SHARED,
            **_LINK,
            "firstName": text(80),
            "lastName": text(80),
            "email": email,
            "phone": text(40),
            "jobTitle": text(),
        },
        required=("email", "lastName"),
        unique=("email",),
        indexed=("externalReference",),
        natural="email",
        prepare=_full_name,
    ),
    Kind(
        "opportunities",
        {
            **_SHARED,
            **_LINK,
            "number": text(40),
            "name": text(),
            "stage": choice(*STAGES),
            "amount": decimal(),
            "currency": currency,
            "closeDate": date,
            "wonAt": moment,
            "projectCode": text(40),
            "engagementId": text(40),
            "contractNumber": text(40),
            "billingType": choice("time_and_materials", "fixed_price"),
            "paymentTerms": text(20),
            "budgetHours": decimal(),
            "productCode": text(40),
            "tasks": listing(nested(_TASK)),
            "milestones": listing(nested(_MILESTONE)),
            "roles": listing(nested(_ROLE)),
            "startDate": date,
            "endDate": date,
            "ownerName": text(),
            "projectStatus": text(40),
            "invoiceStatus": choice("none", "draft", "posted", "paid"),
            "invoicedAmount": decimal(),
            "paidAmount": decimal(),
            "lastInvoiceNumber": text(40),
        },
        required=("number", "name", "currency"),
        unique=("number",),
        indexed=("externalReference", "stage", "projectCode"),
        defaults={"stage": "qualified", "invoiceStatus": "none"},
        amount="amount",
        prepare=_won_at,
    ),
    Kind(
        "notes",
        {**_SHARED, **_LINK, "subject": text(), "body": text(2000), "status": text(40)},
        required=("subject",),
        unique=("externalReference",),
        natural="externalReference",
        prepare=_own_account,
    ),
    Kind(
        "tasks",
        {
            **_SHARED,
            **_LINK,
            "subject": text(),
            "dueDate": date,
            "status": choice("open", "done"),
            "contractNumber": text(40),
        },
        required=("subject", "dueDate"),
        unique=("externalReference",),
        indexed=("contractNumber",),
        defaults={"status": "open"},
        natural="externalReference",
        prepare=_own_account,
    ),
)
