"""The contract system's objects."""

from syncjobs.sandbox.checks import choice, currency, date, decimal, integer, text
from syncjobs.sandbox.resources import Kind

KINDS = (
    Kind(
        "agreements",
        {
            "number": text(40),
            "title": text(),
            "customerNumber": text(40),
            "projectCode": text(40),
            "currency": currency,
            "agreedValue": decimal(),
            "agreedEnd": date,
            "budgetHours": decimal(),
            "billingRule": choice("monthly", "milestone", "quarterly"),
            "timeObligation": text(40),
            "milestoneObligation": text(40),
            "renewalOn": date,
            "renewedOn": date,
            "termsVersion": integer,
        },
        required=("number", "title", "customerNumber", "currency", "agreedValue"),
        unique=("number",),
        indexed=("customerNumber", "projectCode"),
        defaults={"termsVersion": 1, "renewedOn": None},
        amount="agreedValue",
    ),
)
