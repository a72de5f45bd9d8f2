"""A month in the words of each vendor: the rows that are imported into the systems."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from syncjobs.sandbox.story.expenses import Expense
from syncjobs.sandbox.story.firm import Customer, Engagement
from syncjobs.sandbox.story.month import Entry, Month

Row = dict[str, Any]
_CRM_STAGES = {"running": "won"}


def _day(month: Month, day: int) -> dt.date:
    return month.first + dt.timedelta(days=day - 1)


def starts(month: Month, engagement: Engagement) -> dt.date:
    """Running work began some months ago, work that was just won begins next month."""
    if engagement.state == "running":
        ago = 60 + 13 * (int(engagement.number) % 10)
        return month.first - dt.timedelta(days=ago)
    return month.following


def ends(month: Month, engagement: Engagement) -> dt.date:
    if engagement.ends:
        return _day(month, engagement.ends)
    return starts(month, engagement) + dt.timedelta(days=420)


def accounts(month: Month) -> list[Row]:
    """CRM accounts, customers and prospects alike."""
    return [
        {
            "number": one.number,
            "name": one.name,
            "legalName": one.legal_name,
            "email": f"accounts@{one.domain}.example",
            "phone": one.phone,
            "vatNumber": one.vat,
            "currency": month.firm.currency,
            "paymentTerms": one.terms,
            "address": {
                "street": one.street,
                "city": one.city,
                "postalCode": one.postal_code,
                "country": one.country,
            },
        }
        for one in month.firm.customers
    ]


def contacts(month: Month) -> list[Row]:
    """One contact for each account."""
    found = []
    for one in month.firm.customers:
        first, last, title = one.contact
        slug = "".join(ch for ch in f"{first}.{last}".lower() if ch.isalpha() or ch == ".")
        found.append(
            {
                "accountNumber": one.number,
                "firstName": first,
                "lastName": last,
                "jobTitle": title,
                "email": f"{slug}@{one.domain}.example",
                "phone": one.phone,
            }
        )
    if month.rows_a_day:
        # Somebody entered the first one again, in capitals.
        found.append({**found[0], "email": str(found[0]["email"]).upper()})
    return found


def opportunities(month: Month) -> list[Row]:
    """Everything in the pipeline, with what was won before."""
    terms = {one.number: one.terms for one in month.firm.customers}
    return [_opportunity(month, one, terms[one.customer]) for one in month.firm.engagements]


def _opportunity(month: Month, one: Engagement, terms: str) -> Row:
    row: Row = {
        "number": f"OPP-{one.number}",
        "name": one.name,
        "accountNumber": one.customer,
        "stage": _CRM_STAGES.get(one.state, one.state),
        "amount": str(one.value),
        "currency": month.firm.currency,
        "paymentTerms": terms,
        "billingType": "fixed_price" if one.fixed_price else "time_and_materials",
        "ownerName": one.manager or "Sales desk",
        "closeDate": _day(month, 20).isoformat(),
    }
    if one.state not in ("running", "won"):
        return row
    signed = _day(month, 12) if one.state == "won" else starts(month, one) - dt.timedelta(days=9)
    return {
        **row,
        "closeDate": signed.isoformat(),
        "wonAt": f"{signed}T14:20:00+00:00",
        "projectCode": one.code,
        "engagementId": f"ENG-{one.number}",
        "contractNumber": f"CT-{one.number}",
        "budgetHours": _budget(one),
        "startDate": starts(month, one).isoformat(),
        "endDate": ends(month, one).isoformat(),
        **(_sold(month, one) if one.state == "won" else {}),
    }


def _sold(month: Month, one: Engagement) -> Row:
    """What was just won, part by part: tasks, milestones, and whom it needs."""
    hours = Decimal(_budget(one))
    due = month.following + dt.timedelta(days=60)
    grades = month.firm.roles[1:3]
    return {
        "tasks": [
            {"number": str(n), "name": name, "hours": _share(hours, len(one.tasks))}
            for n, name in enumerate(one.tasks, 1)
        ],
        "milestones": [
            {
                "number": str(n),
                "name": milestone.name,
                "amount": str(milestone.amount),
                "dueDate": (due + dt.timedelta(days=60 * n)).isoformat(),
            }
            for n, milestone in enumerate(one.milestones, 1)
        ],
        "roles": [
            {
                "number": str(n),
                "role": grade.name,
                "hours": _share(hours, len(grades)),
                "rate": str(grade.bill),
            }
            for n, grade in enumerate(grades, 1)
        ],
    }


def _share(hours: Decimal, parts: int) -> str:
    return str((hours / parts).quantize(Decimal("0.01")))


def _budget(one: Engagement) -> str:
    return f"{int(one.value / 150)}.00"


def projects(month: Month) -> list[Row]:
    """PSA projects of running engagements, and the internal one."""
    internal = {
        "Code": month.internal_project,
        "Name": "Internal time",
        "Currency": month.firm.currency,
        "Status": "Active",
        "BillingType": "TimeAndMaterials",
    }
    customers = {one.number: one.name for one in month.firm.customers}
    return [
        internal,
        *(
            {
                "Code": one.code,
                "Name": one.name,
                "ClientCode": one.customer,
                "ClientName": customers[one.customer],
                "ContractNumber": f"CT-{one.number}",
                "EngagementId": f"ENG-{one.number}",
                "Status": "Active",
                "Currency": month.firm.currency,
                "BudgetHours": _budget(one),
                "StartDate": starts(month, one).isoformat(),
                "EndDate": ends(month, one).isoformat(),
                "BillingType": "FixedPrice" if one.fixed_price else "TimeAndMaterials",
                "ProjectManager": one.manager,
            }
            for one in month.firm.engagements
            if one.state == "running"
        ),
    ]


def resources(month: Month) -> list[Row]:
    """Everybody on the payroll."""
    return [
        {
            "Number": one.number,
            "FirstName": one.first,
            "LastName": one.last,
            "Email": one.email,
            "Role": one.role.name,
            "Grade": one.role.grade,
            "Office": one.entity.office,
            "CostRate": str(one.role.cost),
            "BillRate": str(one.role.bill),
            "Currency": month.firm.currency,
        }
        for one in month.people
    ]


def assignments(month: Month) -> list[Row]:
    """Who is on which project at which price."""
    return [
        {
            "Number": one.number,
            "ProjectCode": one.project,
            "ResourceNumber": one.person.number,
            "Role": one.person.role.name,
            "StartDate": month.first.isoformat(),
            "EndDate": (month.following + dt.timedelta(days=89)).isoformat(),
            "Rate": str(one.rate),
            "Currency": month.firm.currency,
        }
        for one in month.assignments
    ]


def time_entries(month: Month) -> list[Row]:
    """Every row of the time sheets, approved or not."""
    managers = {one.code: one.manager for one in month.firm.engagements}
    return [_time_entry(month, one, managers.get(one.project, "")) for one in month.entries]


def _time_entry(month: Month, one: Entry, manager: str) -> Row:
    row: Row = {
        "Number": one.number,
        "ProjectCode": one.project,
        "ResourceNumber": one.person.number,
        "Task": one.task,
        "WorkDate": one.date.isoformat(),
        "Hours": str(one.hours),
        "Rate": str(one.rate),
        "Currency": month.firm.currency,
        "Billable": one.billable,
        "State": one.state,
        "Notes": one.note,
        "Entity": one.person.entity.name,
    }
    if one.approved_at:
        row |= {"ApprovedAt": one.approved_at.isoformat(), "ApprovedBy": manager or "Office"}
    return row


def expenses(month: Month) -> list[Row]:
    """Every row of the expense reports, approved or not."""
    return [_expense(month, one) for one in month.expenses]


def _expense(month: Month, one: Expense) -> Row:
    row: Row = {
        "Number": one.number,
        "ProjectCode": one.project,
        "ResourceNumber": one.person.number,
        "Category": one.category,
        "ExpenseDate": one.date.isoformat(),
        "Cost": str(one.cost),
        "TaxAmount": str(one.tax),
        "BillAmount": str(one.amount),
        "Currency": month.firm.currency,
        "Billable": one.billable,
        "State": one.state,
        "Receipt": f"receipts/{one.number}",
        "Entity": one.person.entity.name,
    }
    if one.approved_at:
        row |= {"ApprovedAt": one.approved_at.isoformat(), "ApprovedBy": "Office"}
    return row


def milestones(month: Month) -> list[Row]:
    """Milestones of running engagements, done or planned."""
    found = []
    for one in month.firm.engagements:
        if one.state != "running":
            continue
        for n, milestone in enumerate(one.milestones, 1):
            done = _day(month, milestone.day) if milestone.day else None
            found.append(
                {
                    "Number": f"MS-{one.number}-{n}",
                    "ProjectCode": one.code,
                    "Name": milestone.name,
                    "Amount": str(milestone.amount),
                    "Currency": month.firm.currency,
                    "Status": "Completed" if done else "Planned",
                    "DueDate": (done or month.following + dt.timedelta(days=20)).isoformat(),
                    "CompletedAt": f"{done}T15:00:00+00:00" if done else None,
                    "AmendmentRequired": bool(milestone.amendment),
                    "ContractNumber": f"CT-{one.number}",
                }
            )
    return found


def erp_customers(month: Month) -> list[Row]:
    """Customers that the ERP had before the integration.

    In a full month somebody has also made the newest one there by hand, before its contract.
    """
    by_hand = [one for one in month.firm.customers if not one.in_erp][:1]
    there = [one for one in month.firm.customers if one.in_erp]
    return [_erp_customer(month, one) for one in [*there, *(by_hand if month.rows_a_day else ())]]


def _erp_customer(month: Month, one: Customer) -> Row:
    return {
        "number": one.number,
        "name": one.name,
        "legalName": one.legal_name,
        "email": f"accounts@{one.domain}.example",
        "phone": one.phone,
        "taxRegistrationNumber": one.vat,
        "currency": month.firm.currency,
        "paymentTerms": one.terms,
        "address": {
            "line1": one.street,
            "city": one.city,
            "postCode": one.postal_code,
            "countryCode": one.country,
        },
    }


def erp_contacts(month: Month) -> list[Row]:
    """Who pays the invoices at the first customer: known to the ERP alone."""
    one = next(one for one in month.firm.customers if one.in_erp)
    return [
        {
            "customerNumber": one.number,
            "lastName": "Accounts Payable",
            "email": f"payables@{one.domain}.example",
            "position": "Accounts payable",
        }
    ]


def erp_contracts(month: Month) -> list[Row]:
    """Contracts of running engagements, with their amendments."""
    return [
        {
            "number": f"CT-{one.number}",
            "customerNumber": one.customer,
            "title": one.name,
            "engagementId": f"ENG-{one.number}",
            "status": "active",
            "startDate": starts(month, one).isoformat(),
            "endDate": ends(month, one).isoformat(),
            "value": str(one.value),
            "currency": month.firm.currency,
            "billingFrequency": "milestone" if one.fixed_price else "monthly",
            "amendments": list(_amendments(month, one)),
            "amendmentRequired": any(milestone.amendment for milestone in one.milestones),
        }
        for one in month.firm.engagements
        if one.state == "running"
    ]


def _amendments(month: Month, one: Engagement) -> Iterable[Row]:
    for milestone in one.milestones:
        if milestone.amendment == "A2":
            signed = (starts(month, one) + dt.timedelta(days=30)).isoformat()
            text = "First extension of scope"
            yield {"number": "A1", "status": "signed", "signedOn": signed, "description": text}
        if milestone.amendment:
            yield {
                "number": milestone.amendment,
                "status": "sent",
                "signedOn": None,
                "description": milestone.name,
            }
