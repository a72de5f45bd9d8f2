"""What Inkwell Contracts's objects hold."""

from typing import Final

AGREEMENT: Final = (
    "number", "title", "customerNumber", "projectCode", "currency", "agreedValue",
    "agreedEnd", "budgetHours", "billingRule", "timeObligation", "milestoneObligation",
    "renewalOn", "renewedOn", "termsVersion",
)  # fmt: skip
