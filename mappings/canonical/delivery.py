"""Projects, their tasks and milestones, and the people on them."""

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
            "service_item",
            "reference",
            "Service item",
            "What its work is billed as",
            reference_to="service_item",
        ),
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

TASK = ObjectSchema(
    name="task",
    label="Task",
    version=1,
    natural_key=("number",),
    owner_kind="psa",
    help="A part of a project that time is written on.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("name", "text", "Name", required=True),
        Field("project", "reference", "Project", required=True, reference_to="project"),
        Field(
            "parent", "reference", "Parent", "The task that it is a part of", reference_to="task"
        ),
        Field("resource", "reference", "Resource", reference_to="resource"),
        Field("service_item", "reference", "Service item", reference_to="service_item"),
        Field("billable", "boolean", "Billable"),
        Field("planned_hours", "decimal", "Planned", unit="h"),
        Field("start_date", "date", "Start"),
        Field("end_date", "date", "End"),
        Field("status", "enum", "Status", choices=("open", "in_progress", "done", "cancelled")),
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
        Field(
            "skills",
            "list",
            "Skills",
            personal=True,
            items=(
                Field("name", "text", "Name", required=True),
                Field("level", "text", "Level"),
            ),
        ),
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
    help="Who works on what, from when, at which rate. Requested: somebody is still looked for.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("project", "reference", "Project", required=True, reference_to="project"),
        Field(
            "resource",
            "reference",
            "Resource",
            "Nobody yet where it is requested",
            reference_to="resource",
        ),
        Field("role", "text", "Role"),
        Field("skill", "text", "Skill", "What they must know"),
        Field("start_date", "date", "Start"),
        Field("end_date", "date", "End"),
        Field("rate", "money", "Rate per hour", unit="currency"),
        _CURRENCY,
        Field("job_code", "text", "Job code", "What the ERP books the work under"),
        Field("planned_hours", "decimal", "Planned", unit="h"),
        Field("cost_rate", "money", "Cost per hour", unit="currency", personal=True),
        Field("planned_cost", "money", "Planned cost", unit="currency"),
        Field("status", "enum", "Status", choices=("requested", "planned", "confirmed", "ended")),
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

OBJECTS = (PROJECT, TASK, RESOURCE, ASSIGNMENT, MILESTONE)
