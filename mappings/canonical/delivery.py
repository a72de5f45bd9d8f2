"""Projects, the people on them, and what they did."""

from mappings.canonical.fields import Field, ObjectSchema
from mappings.canonical.sales import ENGAGEMENT

_CURRENCY = Field("currency", "text", "Currency", "ISO 4217")

PROJECT = ObjectSchema(
    name="project",
    label="Project",
    version=1,
    natural_key=("code",),
    owner_kind="psa",
    help="The engagement as it is delivered.",
    fields=(
        Field("code", "text", "Code", required=True),
        Field("name", "text", "Name", required=True),
        Field("customer", "reference", "Customer", reference_to="customer"),
        Field("contract", "reference", "Contract", reference_to="contract"),
        Field("opportunity", "reference", "Opportunity", reference_to="opportunity"),
        Field("status", "enum", "Status", choices=("draft", "active", "closed")),
        _CURRENCY,
        Field("budget_hours", "decimal", "Budget", unit="h"),
        Field("start_date", "date", "Start"),
        Field("end_date", "date", "End"),
        Field("billing_type", "enum", "Billing", choices=("time_and_materials", "fixed_price")),
        Field(
            "billing_status",
            "text",
            "Billing status",
            "Written back from the ERP",
            owner_kind="erp",
        ),
        ENGAGEMENT,
    ),
)

RESOURCE = ObjectSchema(
    name="resource",
    label="Resource",
    version=1,
    natural_key=("number",),
    owner_kind="psa",
    help="A person whose time is sold.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("name", "text", "Name", required=True, personal=True),
        Field("email", "text", "E-mail", personal=True),
        Field("role", "text", "Role"),
        Field("cost_rate", "money", "Cost per hour", unit="currency", personal=True),
        Field("bill_rate", "money", "Rate per hour", unit="currency"),
        _CURRENCY,
        Field(
            "available_hours",
            "decimal",
            "Available",
            "Hours that can be planned in the current period",
            unit="h",
            owner_kind="staffing",
        ),
        Field("status", "enum", "Status", choices=("active", "inactive")),
    ),
)

ASSIGNMENT = ObjectSchema(
    name="assignment",
    label="Assignment",
    version=1,
    natural_key=("number",),
    owner_kind="staffing",
    help="Who works on what, from when, at which rate.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("project", "reference", "Project", required=True, reference_to="project"),
        Field("resource", "reference", "Resource", required=True, reference_to="resource"),
        Field("role", "text", "Role"),
        Field("start_date", "date", "Start"),
        Field("end_date", "date", "End"),
        Field("rate", "money", "Rate per hour", unit="currency"),
        _CURRENCY,
        Field("job_code", "text", "Job code", "What the ERP books the work under"),
        Field("planned_hours", "decimal", "Planned", unit="h"),
        Field("cost_rate", "money", "Cost per hour", unit="currency", personal=True),
        Field("planned_cost", "money", "Planned cost", unit="currency"),
        Field("status", "enum", "Status", choices=("planned", "confirmed", "ended")),
    ),
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
        Field(
            "status",
            "enum",
            "Status",
            required=True,
            choices=("draft", "submitted", "approved", "rejected", "invoiced"),
        ),
        Field("approved_at", "datetime", "Approved at"),
        Field("description", "text", "Description"),
        Field("entity", "text", "Entity", "The legal entity that bills"),
        ENGAGEMENT,
    ),
)

MILESTONE = ObjectSchema(
    name="milestone",
    label="Milestone",
    version=1,
    natural_key=("number",),
    owner_kind="psa",
    help="A step of a project that is billed when it is done.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("project", "reference", "Project", required=True, reference_to="project"),
        Field("name", "text", "Name", required=True),
        Field("amount", "money", "Amount", unit="currency"),
        _CURRENCY,
        Field("status", "enum", "Status", required=True, choices=("open", "completed", "invoiced")),
        Field("due_date", "date", "Due"),
        Field("completed_at", "datetime", "Completed at"),
        Field("amendment_required", "boolean", "Needs a signed amendment"),
        Field("amendment", "text", "Amendment", "Number of the amendment that it needs"),
        Field("contract", "reference", "Contract", reference_to="contract"),
        Field("entity", "text", "Entity"),
        ENGAGEMENT,
    ),
)

OBJECTS = (PROJECT, RESOURCE, ASSIGNMENT, TIME_ENTRY, MILESTONE)
