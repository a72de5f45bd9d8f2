"""Invoices and payments."""

from mappings.canonical.fields import Field, ObjectSchema
from mappings.canonical.sales import ENGAGEMENT

_CURRENCY = Field("currency", "text", "Currency", "ISO 4217")

INVOICE = ObjectSchema(
    name="invoice",
    label="Invoice",
    version=1,
    natural_key=("number",),
    owner_kind="erp",
    help="What a customer is asked to pay for one project and period.",
    fields=(
        Field("number", "text", "Reference", "Our reference, kept by the ERP", required=True),
        Field("customer", "reference", "Customer", reference_to="customer"),
        Field("project", "reference", "Project", reference_to="project"),
        Field("contract", "reference", "Contract", reference_to="contract"),
        Field("period", "text", "Billing period", "Year and month, such as 2026-10"),
        Field(
            "status", "enum", "Status", choices=("draft", "released", "posted", "paid", "cancelled")
        ),
        Field("issue_date", "date", "Issued"),
        Field("due_date", "date", "Due"),
        _CURRENCY,
        Field("total", "money", "Total", unit="currency"),
        Field("paid_total", "money", "Paid", unit="currency"),
        Field("external_number", "text", "Invoice number", "The number that the ERP gave"),
        Field(
            "lines",
            "list",
            "Lines",
            items=(
                Field("description", "text", "Description"),
                Field("quantity", "decimal", "Quantity"),
                Field("unit_price", "money", "Unit price", unit="currency"),
                Field("amount", "money", "Amount", unit="currency"),
                Field("reference", "text", "Reference", "The time entry or milestone"),
            ),
        ),
        ENGAGEMENT,
    ),
)

PAYMENT = ObjectSchema(
    name="payment",
    label="Payment",
    version=1,
    natural_key=("number",),
    owner_kind="erp",
    help="Money that came in for an invoice.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("invoice", "reference", "Invoice", reference_to="invoice"),
        Field("customer", "reference", "Customer", reference_to="customer"),
        Field("date", "date", "Date"),
        Field("amount", "money", "Amount", required=True, unit="currency"),
        _CURRENCY,
        Field("status", "enum", "Status", choices=("received", "reconciled", "returned")),
    ),
)

OBJECTS = (INVOICE, PAYMENT)
