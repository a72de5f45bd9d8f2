"""What people did on a project: the hours and the expenses that are billed."""

from mappings.canonical.fields import Field, ObjectSchema
from mappings.canonical.sales import ENGAGEMENT

_CURRENCY = Field("currency", "text", "Currency", "ISO 4217")
_STATUS = Field(
    "status",
    "enum",
    "Status",
    required=True,
    choices=("draft", "submitted", "approved", "rejected", "invoiced"),
)

TIME_ENTRY = ObjectSchema(
    name="time_entry",
    label="Time entry",
    version=1,
    natural_key=("number",),
    owner_kind="psa",
    help="Hours that somebody worked on a day.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("project", "reference", "Project", required=True, reference_to="project"),
        Field("resource", "reference", "Resource", reference_to="resource"),
        Field("task", "text", "Task"),
        Field("date", "date", "Date", "The day of work, in the project's zone", required=True),
        Field("hours", "decimal", "Hours", unit="h", required=True),
        Field("rate", "money", "Rate per hour", unit="currency"),
        Field("amount", "money", "Amount", "Hours × rate, rounded half up", unit="currency"),
        _CURRENCY,
        Field("billable", "boolean", "Billable"),
        _STATUS,
        Field("approved_at", "datetime", "Approved at"),
        Field("description", "text", "Description"),
        Field("entity", "text", "Entity", "The legal entity that bills"),
        ENGAGEMENT,
    ),
)

EXPENSE = ObjectSchema(
    name="expense",
    label="Expense",
    version=1,
    natural_key=("number",),
    owner_kind="psa",
    help="What somebody spent for a project on a day.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("project", "reference", "Project", required=True, reference_to="project"),
        Field("resource", "reference", "Resource", reference_to="resource"),
        Field("category", "text", "Category", "Such as travel, hotel or mileage"),
        Field("date", "date", "Date", "The day of the receipt", required=True),
        Field("cost", "money", "Cost", "What was paid, with tax", unit="currency"),
        Field("tax_amount", "money", "Tax", "The tax within the cost", unit="currency"),
        Field(
            "amount",
            "money",
            "Amount",
            "What the customer is charged, without tax",
            unit="currency",
            required=True,
        ),
        _CURRENCY,
        Field("billable", "boolean", "Billable"),
        Field("reimbursable", "boolean", "Reimbursable", "Paid back to the person"),
        _STATUS,
        Field("approved_at", "datetime", "Approved at"),
        Field("description", "text", "Description"),
        Field("receipt", "text", "Receipt", "Where the receipt is kept"),
        Field("entity", "text", "Entity", "The legal entity that bills"),
        ENGAGEMENT,
    ),
)

OBJECTS = (TIME_ENTRY, EXPENSE)
