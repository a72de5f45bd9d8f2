"""What follows delivery: revenue that was recognised, and cases of support."""

from mappings.canonical.fields import Field, ObjectSchema
from mappings.canonical.sales import ENGAGEMENT

REVENUE_EVENT = ObjectSchema(
    name="revenue_event",
    label="Revenue event",
    version=1,
    natural_key=("number",),
    owner_kind="revenue",
    help="Revenue of one contract and obligation that was recognised in a period.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("contract", "reference", "Contract", required=True, reference_to="contract"),
        Field("obligation", "text", "Obligation"),
        Field("project", "reference", "Project", reference_to="project"),
        Field("period", "text", "Period", "Year and month, such as 2026-10"),
        Field("amount", "money", "Amount", required=True, unit="currency"),
        Field("currency", "text", "Currency", "ISO 4217"),
        Field("recognised_on", "date", "Recognised on"),
        ENGAGEMENT,
    ),
)

SUPPORT_CASE = ObjectSchema(
    name="support_case",
    label="Support case",
    version=1,
    natural_key=("number",),
    owner_kind="support",
    help="Something that a customer asked for help with.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("name", "text", "Subject", required=True),
        Field("customer", "reference", "Customer", required=True, reference_to="customer"),
        Field("project", "reference", "Project", reference_to="project"),
        Field("severity", "enum", "Severity", choices=("low", "normal", "high", "critical")),
        Field("status", "enum", "Status", choices=("open", "escalated", "resolved")),
        Field("escalated_at", "datetime", "Escalated at"),
        ENGAGEMENT,
    ),
)

OBJECTS = (REVENUE_EVENT, SUPPORT_CASE)
