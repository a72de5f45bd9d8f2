"""The PSA's objects. Only numbers of people, time, expenses and milestones are unique here."""

from collections.abc import Mapping

from syncjobs.sandbox.checks import (
    Check,
    choice,
    currency,
    date,
    decimal,
    email,
    flag,
    integer,
    moment,
    text,
)
from syncjobs.sandbox.problems import FieldProblem, Refused, invalid
from syncjobs.sandbox.resources import Body, Kind, require_document
from syncjobs.sandbox.store import Document, Store

_SHARED: Mapping[str, Check] = {"ExternalRef": text(), "CreatedAt": moment}
_PROJECT: Mapping[str, Check] = {"ProjectId": integer, "ProjectCode": text(40)}
_RESOURCE: Mapping[str, Check] = {"ResourceId": integer, "ResourceNumber": text(40)}


def _link(store: Store, body: Body, old: Body | None, owner: str, kind: str, by: str) -> Document:
    """Fill `<Owner>Id` and `<Owner><By>` from whichever was given (or changed)."""
    key, natural = f"{owner}Id", f"{owner}{by}"
    renamed = old is not None and body.get(natural) != old.get(natural)
    if body.get(key) is not None and not renamed:
        found = require_document(store, kind, "id", str(body[key]), 400)
    elif body.get(natural):
        found = require_document(store, kind, by, str(body[natural]), 400)
    else:
        raise invalid(FieldProblem(key, "is required", "REQUIRED"))
    body[key], body[natural] = int(found.id), found.body[by]
    return found


def _of_project(store: Store, body: Body, old: Body | None) -> Body:
    body = dict(body)
    project = _link(store, body, old, "Project", "projects", "Code")
    if body.get("EngagementId") is None:
        body["EngagementId"] = project.body.get("EngagementId")
    return body


def _of_project_and_person(store: Store, body: Body, old: Body | None) -> Body:
    body = _of_project(store, body, old)
    _link(store, body, old, "Resource", "resources", "Number")
    return body


def _time(store: Store, body: Body, old: Body | None) -> Body:
    body = _of_project_and_person(store, body, old)
    project = store.get("projects", str(body["ProjectId"]))
    if old is None and project and project.body["Status"] == "Closed":
        message = f"Project {body['ProjectCode']} is closed; it takes no more time."
        wrong = FieldProblem("ProjectId", "is closed", "PROJECT_CLOSED")
        raise Refused(422, "state", message, (wrong,))
    resource = store.get("resources", str(body["ResourceId"]))
    body["ResourceName"] = resource.body["Name"] if resource else None
    if body["State"] == "Approved" and not body.get("ApprovedAt"):
        body["ApprovedAt"] = store.stamp()
    return body


def _expense(store: Store, body: Body, old: Body | None) -> Body:
    body = _of_project_and_person(store, body, old)
    if body["State"] == "Approved" and not body.get("ApprovedAt"):
        body["ApprovedAt"] = store.stamp()
    return body


def _milestone(store: Store, body: Body, old: Body | None) -> Body:
    body = _of_project(store, body, old)
    if body["Status"] == "Completed" and not body.get("CompletedAt"):
        body["CompletedAt"] = store.stamp()
    return body


def _person(_store: Store, body: Body, _old: Body | None) -> Body:
    name = f"{body.get('FirstName') or ''} {body.get('LastName') or ''}".strip()
    return {**body, "Name": name}


_BILLING = choice("None", "Drafted", "Invoiced", "Paid")

KINDS = (
    Kind(
        "projects",
        {
            **_SHARED,
            "Code": text(40),
            "Name": text(),
            "ClientCode": text(40),
            "ClientName": text(),
            "ContractNumber": text(40),
            "EngagementId": text(40),
            "Status": choice("Draft", "Active", "Closed"),
            "Currency": currency,
            "BudgetHours": decimal(),
            "StartDate": date,
            "EndDate": date,
            "BillingType": choice("TimeAndMaterials", "FixedPrice"),
            "BillingStatus": _BILLING,
            "InvoicedAmount": decimal(),
            "PaidAmount": decimal(),
            "LastInvoice": text(40),
            "ProjectManager": text(),
            "PlannedHours": decimal(),
            "PlannedCost": decimal(),
        },
        required=("Code", "Name", "Currency"),
        indexed=("Code", "ExternalRef", "Status", "ClientCode"),
        defaults={"Status": "Draft", "BillingStatus": "None"},
        natural="Code",
    ),
    Kind(
        "resources",
        {
            **_SHARED,
            "Number": text(40),
            "FirstName": text(80),
            "LastName": text(80),
            "Email": email,
            "Role": text(),
            "Grade": text(40),
            "Office": text(80),
            "CostRate": decimal(),
            "BillRate": decimal(),
            "Currency": currency,
            "Active": flag,
            "PlannedHours": decimal(),
            "UtilizationBaseline": decimal(),
        },
        required=("Number", "LastName", "Currency"),
        unique=("Number",),
        indexed=("ExternalRef", "Email"),
        defaults={"Active": True},
        natural="Number",
        prepare=_person,
    ),
    Kind(
        "assignments",
        {
            **_SHARED,
            **_PROJECT,
            **_RESOURCE,
            "Number": text(40),
            "Role": text(),
            "StartDate": date,
            "EndDate": date,
            "Rate": decimal(),
            "Currency": currency,
            "JobCode": text(40),
            "PlannedHours": decimal(),
            "EngagementId": text(40),
        },
        required=("Number", "Currency"),
        indexed=("Number", "ExternalRef", "ProjectCode"),
        natural="Number",
        prepare=_of_project_and_person,
    ),
    Kind(
        "tasks",
        {
            **_SHARED,
            **_PROJECT,
            "Number": text(40),
            "Name": text(),
            "PlannedHours": decimal(),
            "ServiceItem": text(20),
            "Billable": flag,
            "Status": choice("Open", "InProgress", "Done", "Cancelled"),
            "StartDate": date,
            "EndDate": date,
            "EngagementId": text(40),
        },
        required=("Number", "Name"),
        unique=("Number",),
        indexed=("ExternalRef", "ProjectCode", "Status"),
        defaults={"Status": "Open", "Billable": True},
        natural="Number",
        prepare=_of_project,
    ),
    Kind(
        "timeEntries",
        {
            **_SHARED,
            **_PROJECT,
            **_RESOURCE,
            "Number": text(40),
            "Task": text(),
            "WorkDate": date,
            "Hours": decimal(),
            "Rate": decimal(),
            "Currency": currency,
            "Billable": flag,
            "State": choice("Draft", "Submitted", "Approved", "Invoiced"),
            "ApprovedAt": moment,
            "ApprovedBy": text(),
            "Notes": text(500),
            "Entity": text(80),
            "EngagementId": text(40),
            "InvoiceRef": text(),
        },
        required=("Number", "WorkDate", "Hours", "Currency"),
        unique=("Number",),
        indexed=("ExternalRef", "ProjectCode", "State"),
        defaults={"State": "Draft", "Billable": True},
        natural="Number",
        prepare=_time,
    ),
    Kind(
        "expenses",
        {
            **_SHARED,
            **_PROJECT,
            **_RESOURCE,
            "Number": text(40),
            "Category": text(80),
            "ExpenseDate": date,
            "Cost": decimal(),
            "TaxAmount": decimal(),
            "BillAmount": decimal(),
            "Currency": currency,
            "Billable": flag,
            "Reimbursable": flag,
            "State": choice("Draft", "Submitted", "Approved", "Invoiced"),
            "ApprovedAt": moment,
            "ApprovedBy": text(),
            "Notes": text(500),
            "Receipt": text(),
            "Entity": text(80),
            "EngagementId": text(40),
        },
        required=("Number", "ExpenseDate", "BillAmount", "Currency"),
        unique=("Number",),
        indexed=("ExternalRef", "ProjectCode", "State"),
        defaults={"State": "Draft", "Billable": True, "Reimbursable": True},
        natural="Number",
        amount="BillAmount",
        prepare=_expense,
    ),
    Kind(
        "milestones",
        {
            **_SHARED,
            **_PROJECT,
            "Number": text(40),
            "Name": text(),
            "Amount": decimal(),
            "Currency": currency,
            "Status": choice("Planned", "InProgress", "Completed"),
            "DueDate": date,
            "CompletedAt": moment,
            "AmendmentRequired": flag,
            "ContractNumber": text(40),
            "EngagementId": text(40),
            "BillingStatus": _BILLING,
        },
        required=("Number", "Name", "Amount", "Currency"),
        unique=("Number",),
        indexed=("ExternalRef", "ProjectCode", "Status"),
        defaults={"Status": "Planned", "AmendmentRequired": False, "BillingStatus": "None"},
        natural="Number",
        amount="Amount",
        prepare=_milestone,
    ),
)


def shown(document: Document) -> Body:
    """An object as the API shows it."""
    body = {"IsDeleted": False, "CreatedAt": document.updated, **document.body}
    return {"Id": int(document.id), **body, "ModifiedAt": document.updated}
