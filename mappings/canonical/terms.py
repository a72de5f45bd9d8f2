"""What was agreed beside the contract itself: orders, obligations, rates, billing schedules."""

from mappings.canonical.fields import Field, ObjectSchema
from mappings.canonical.sales import ENGAGEMENT

_CURRENCY = Field("currency", "text", "Currency", "ISO 4217")

OBLIGATION = ObjectSchema(
    name="obligation",
    label="Obligation",
    version=1,
    natural_key=("number",),
    owner_kind="contracts",
    help="A promise of a contract whose revenue is recognised by itself (IFRS 15, ASC 606).",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("name", "text", "Name", required=True),
        Field("contract", "reference", "Contract", required=True, reference_to="contract"),
        Field("project", "reference", "Project", reference_to="project"),
        Field("satisfied", "enum", "Satisfied", choices=("over_time", "point_in_time")),
        Field(
            "measure",
            "enum",
            "Measure of progress",
            choices=("hours", "cost", "milestones", "elapsed_time"),
        ),
        Field("standalone_price", "money", "Standalone selling price", unit="currency"),
        Field("allocated_amount", "money", "Allocated amount", unit="currency"),
        _CURRENCY,
        Field("start_date", "date", "Start"),
        Field("end_date", "date", "End"),
        Field("progress", "decimal", "Progress", "From 0 to 100", unit="%", owner_kind="revenue"),
        Field("status", "enum", "Status", choices=("open", "satisfied", "cancelled")),
        ENGAGEMENT,
    ),
)

RATE_CARD = ObjectSchema(
    name="rate_card",
    label="Rate card",
    version=1,
    natural_key=("number",),
    owner_kind="psa",
    help="What work costs a customer, by role or person, from a date.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("name", "text", "Name", required=True),
        Field("customer", "reference", "Customer", reference_to="customer"),
        Field("contract", "reference", "Contract", reference_to="contract"),
        Field("currency", "text", "Currency", "ISO 4217", required=True),
        Field("valid_from", "date", "Valid from"),
        Field("valid_until", "date", "Valid until"),
        Field("status", "enum", "Status", choices=("draft", "active", "ended")),
        Field(
            "lines",
            "list",
            "Rates",
            items=(
                Field("role", "text", "Role"),
                Field("resource", "text", "Resource", "Number of the person, if only for one"),
                Field("service_item", "text", "Service item"),
                Field("unit", "enum", "Unit", choices=("hour", "day")),
                Field("rate", "money", "Rate", unit="currency", required=True),
            ),
        ),
    ),
)

PURCHASE_ORDER = ObjectSchema(
    name="purchase_order",
    label="Purchase order",
    version=1,
    natural_key=("number",),
    owner_kind="erp",
    help="The customer's order that invoices are counted against.",
    fields=(
        Field("number", "text", "Number", "As the customer wrote it", required=True),
        Field("customer", "reference", "Customer", required=True, reference_to="customer"),
        Field("contract", "reference", "Contract", reference_to="contract"),
        Field("project", "reference", "Project", reference_to="project"),
        Field("date", "date", "Date"),
        Field("valid_until", "date", "Valid until"),
        Field("amount", "money", "Amount", unit="currency"),
        Field("billed_amount", "money", "Billed so far", unit="currency"),
        _CURRENCY,
        Field("status", "enum", "Status", choices=("open", "used_up", "closed")),
        ENGAGEMENT,
    ),
)

BILLING_SCHEDULE = ObjectSchema(
    name="billing_schedule",
    label="Billing schedule",
    version=1,
    natural_key=("number",),
    owner_kind="erp",
    help="When a contract is billed, and for what.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("name", "text", "Name"),
        Field("contract", "reference", "Contract", required=True, reference_to="contract"),
        Field(
            "basis",
            "enum",
            "Billed by",
            choices=("time_and_materials", "milestones", "fixed_dates", "recurring"),
        ),
        Field(
            "frequency",
            "enum",
            "Frequency",
            choices=("once", "weekly", "monthly", "quarterly", "yearly"),
        ),
        Field("start_date", "date", "Start"),
        Field("end_date", "date", "End"),
        Field("next_date", "date", "Next billing"),
        _CURRENCY,
        Field("entity", "text", "Entity", "The legal entity that bills"),
        Field("status", "enum", "Status", choices=("draft", "active", "ended")),
        Field(
            "lines",
            "list",
            "Dates",
            items=(
                Field("date", "date", "Date", required=True),
                Field("description", "text", "Description"),
                Field("milestone", "text", "Milestone", "Number of the milestone, if by one"),
                Field("amount", "money", "Amount", unit="currency"),
            ),
        ),
        ENGAGEMENT,
    ),
)

OBJECTS = (OBLIGATION, RATE_CARD, PURCHASE_ORDER, BILLING_SCHEDULE)
