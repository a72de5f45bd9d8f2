"""What Clover CRM's objects hold."""

from typing import Final

_ACCOUNT: Final = ("account.id", "account.number", "account.name")
_STAMPS: Final = ("id", "createdAt", "updatedAt", "archived")

ACCOUNT_TARGET: Final = (
    "number", "name", "legalName", "email", "phone", "vatNumber", "currency", "paymentTerms",
    "address.street", "address.city", "address.postalCode", "address.country", "status",
    "ownerName", "externalReference",
)  # fmt: skip
CONTACT_TARGET: Final = (
    "accountId", "firstName", "lastName", "email", "phone", "jobTitle", "externalReference",
)  # fmt: skip
OPPORTUNITY_TARGET: Final = (
    "accountId", "number", "name", "stage", "amount", "currency", "closeDate", "wonAt",
    "projectCode", "engagementId", "contractNumber", "billingType", "paymentTerms", "budgetHours",
    "startDate", "endDate", "ownerName", "projectStatus", "invoiceStatus", "invoicedAmount",
    "paidAmount", "lastInvoiceNumber", "externalReference",
)  # fmt: skip
ACCOUNT: Final = (*_STAMPS, *ACCOUNT_TARGET)
CONTACT: Final = (*_STAMPS, *CONTACT_TARGET, "name", *_ACCOUNT)
OPPORTUNITY: Final = (*_STAMPS, *OPPORTUNITY_TARGET, *_ACCOUNT)
