"""What Clover CRM's objects hold."""

from typing import Final

_ACCOUNT: Final = ("account.id", "account.number", "account.name")

ACCOUNT_TARGET: Final = (
    "number", "name", "legalName", "email", "phone", "vatNumber", "currency", "paymentTerms",
    "taxCode", "address.street", "address.city", "address.postalCode", "address.country", "status",
    "ownerName", "healthStatus", "renewalFlag", "openEscalations", "externalReference",
)  # fmt: skip
CONTACT_TARGET: Final = (
    "accountId", "firstName", "lastName", "email", "phone", "jobTitle", "externalReference",
)  # fmt: skip
OPPORTUNITY_TARGET: Final = (
    "accountId", "number", "name", "stage", "amount", "currency", "closeDate", "wonAt",
    "projectCode", "engagementId", "contractNumber", "billingType", "paymentTerms", "budgetHours",
    "productCode", "tasks", "milestones", "roles", "startDate", "endDate", "ownerName",
    "projectStatus", "invoiceStatus", "invoicedAmount", "paidAmount", "lastInvoiceNumber",
    "externalReference",
)  # fmt: skip
NOTE_TARGET: Final = ("accountId", "subject", "body", "status", "externalReference")
TASK_TARGET: Final = (
    "accountId", "subject", "dueDate", "status", "contractNumber", "externalReference",
)  # fmt: skip
ACCOUNT: Final = ACCOUNT_TARGET
CONTACT: Final = (*CONTACT_TARGET, "name", *_ACCOUNT)
OPPORTUNITY: Final = (*OPPORTUNITY_TARGET, *_ACCOUNT)
NOTE: Final = (*NOTE_TARGET, *_ACCOUNT)
TASK: Final = (*TASK_TARGET, *_ACCOUNT)
