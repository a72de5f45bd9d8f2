"""What Harbor Staffing's objects hold."""

from typing import Final

PERSON: Final = ("number", "name", "email", "availableHours", "active")
ASSIGNMENT: Final = (
    "number", "projectCode", "personNumber", "role", "jobCode", "startDate", "endDate",
    "plannedHours", "costRate", "billRate", "currency", "status",
)  # fmt: skip
REQUEST: Final = (
    "number", "projectCode", "role", "skill", "startDate", "endDate", "plannedHours", "billRate",
    "currency", "status", "externalReference",
)  # fmt: skip
