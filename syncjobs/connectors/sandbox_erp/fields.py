"""What Ledgerline ERP's objects hold."""

from typing import Final

_STAMPS: Final = ("id", "lastModified", "etag")

CUSTOMER_TARGET: Final = (
    "number", "name", "legalName", "email", "phone", "taxRegistrationNumber", "taxCode",
    "currency", "paymentTerms", "address.line1", "address.city", "address.postCode",
    "address.countryCode", "blocked", "externalReference",
)  # fmt: skip
CONTACT_TARGET: Final = (
    "customerId", "customerNumber", "firstName", "lastName", "email", "phone", "position",
    "externalReference",
)  # fmt: skip
CONTRACT_TARGET: Final = (
    "customerId", "customerNumber", "number", "title", "engagementId", "status", "startDate",
    "endDate", "value", "currency", "taxCode", "amendmentRequired", "amendments",
    "billingFrequency", "externalReference",
)  # fmt: skip
INVOICE_TARGET: Final = (
    "customerId", "customerNumber", "externalReference", "contractNumber", "projectCode",
    "engagementId", "period", "currency", "kind", "notes",
)  # fmt: skip
LINE_TARGET: Final = (
    "invoiceId", "invoiceReference", "externalReference", "kind", "description", "itemCode",
    "quantity", "unitPrice", "lineAmount", "workDate", "originalPeriod", "resourceNumber",
)  # fmt: skip
JOB_TARGET: Final = (
    "number", "projectCode", "resourceNumber", "jobCode", "billRate", "costRate", "currency",
    "startDate", "endDate", "externalReference",
)  # fmt: skip
CUSTOMER: Final = (*_STAMPS, *CUSTOMER_TARGET, "taxStatus")
CONTACT: Final = (*_STAMPS, *CONTACT_TARGET)
CONTRACT: Final = (*_STAMPS, *CONTRACT_TARGET)
TAX_CODE: Final = (*_STAMPS, "code", "description", "rate")
SERVICE_ITEM: Final = (*_STAMPS, "code", "description", "unit", "blocked")
INVOICE: Final = (
    *_STAMPS, *INVOICE_TARGET, "status", "number", "issueDate", "dueDate", "netAmount",
    "taxAmount", "totalAmount", "paidAmount", "lineCount", "postedAt",
)  # fmt: skip
LINE: Final = (
    *_STAMPS, *LINE_TARGET, "customerNumber", "contractNumber", "projectCode", "engagementId",
    "currency",
)  # fmt: skip
JOB: Final = (*_STAMPS, *JOB_TARGET)
PAYMENT: Final = (
    *_STAMPS, "number", "invoiceId", "invoiceNumber", "invoiceReference", "customerNumber",
    "projectCode", "amount", "currency", "receivedOn", "method",
)  # fmt: skip
