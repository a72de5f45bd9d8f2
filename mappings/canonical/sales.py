"""From opportunity to contract."""

from mappings.canonical.fields import Field, ObjectSchema

ENGAGEMENT = Field(
    "engagement", "text", "Engagement", "The identifier that all systems share for one engagement"
)

# What was sold, part by part: each becomes a task, a milestone, or demand for somebody.
_SOLD = (
    Field(
        "tasks",
        "list",
        "Tasks",
        items=(
            Field("number", "text", "Number", "Within the opportunity", required=True),
            Field("name", "text", "Name", required=True),
            Field("planned_hours", "decimal", "Planned", unit="h"),
            Field("service_item", "text", "Service item"),
            Field("start_date", "date", "Start"),
            Field("end_date", "date", "End"),
        ),
    ),
    Field(
        "milestones",
        "list",
        "Milestones",
        items=(
            Field("number", "text", "Number", "Within the opportunity", required=True),
            Field("name", "text", "Name", required=True),
            Field("amount", "money", "Amount", unit="currency"),
            Field("due_date", "date", "Due"),
        ),
    ),
    Field(
        "demand",
        "list",
        "Demand",
        "Whom the work needs",
        items=(
            Field("number", "text", "Number", "Within the opportunity", required=True),
            Field("role", "text", "Role", required=True),
            Field("skill", "text", "Skill"),
            Field("planned_hours", "decimal", "Planned", unit="h"),
            Field("rate", "money", "Rate per hour", unit="currency"),
            Field("start_date", "date", "Start"),
            Field("end_date", "date", "End"),
        ),
    ),
)

OPPORTUNITY = ObjectSchema(
    name="opportunity",
    label="Opportunity",
    version=1,
    natural_key=("number",),
    owner_kind="crm",
    help="A deal that may become a project.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("name", "text", "Name", required=True),
        Field("customer", "reference", "Customer", required=True, reference_to="customer"),
        Field("stage", "enum", "Stage", required=True, choices=("open", "won", "lost")),
        Field("amount", "money", "Amount", unit="currency"),
        Field("currency", "text", "Currency", "ISO 4217"),
        Field("close_date", "date", "Close date"),
        Field("start_date", "date", "Start"),
        Field("end_date", "date", "End"),
        Field("project_code", "text", "Project code", "The code that the project will have"),
        Field("contract_number", "text", "Contract number"),
        Field("billing_type", "enum", "Billing", choices=("time_and_materials", "fixed_price")),
        Field(
            "service_item",
            "reference",
            "Service item",
            "What its work is sold as",
            reference_to="service_item",
        ),
        Field("budget_hours", "decimal", "Budget", unit="h"),
        Field("payment_terms", "text", "Payment terms"),
        Field("tax_code", "text", "Tax code"),
        *_SOLD,
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

QUOTE = ObjectSchema(
    name="quote",
    label="Quote",
    version=1,
    natural_key=("number",),
    owner_kind="crm",
    help="What a customer was offered, line by line.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("name", "text", "Name"),
        Field("customer", "reference", "Customer", required=True, reference_to="customer"),
        Field("opportunity", "reference", "Opportunity", reference_to="opportunity"),
        Field(
            "status", "enum", "Status", choices=("draft", "sent", "accepted", "declined", "expired")
        ),
        Field("issue_date", "date", "Issued"),
        Field("valid_until", "date", "Valid until"),
        Field("currency", "text", "Currency", "ISO 4217"),
        Field("total", "money", "Total", "Without tax", unit="currency"),
        Field("tax_code", "text", "Tax code"),
        Field(
            "lines",
            "list",
            "Lines",
            items=(
                Field("description", "text", "Description"),
                Field("service_item", "text", "Service item"),
                Field("quantity", "decimal", "Quantity"),
                Field("unit_price", "money", "Unit price", unit="currency"),
                Field("amount", "money", "Amount", unit="currency"),
            ),
        ),
        ENGAGEMENT,
    ),
)

# What the contract system says; what the ERP bills by is in the fields of its own.
_TERMS = (
    Field("project", "reference", "Project", reference_to="project", owner_kind="contracts"),
    Field("agreed_value", "money", "Agreed value", unit="currency", owner_kind="contracts"),
    Field("agreed_end", "date", "Agreed end", owner_kind="contracts"),
    Field("budget_hours", "decimal", "Budget", unit="h", owner_kind="contracts"),
    Field("billing_rule", "text", "Agreed billing", owner_kind="contracts"),
    Field("time_obligation", "text", "Obligation of time", owner_kind="contracts"),
    Field("milestone_obligation", "text", "Obligation of milestones", owner_kind="contracts"),
    Field("renewal_on", "date", "Renewal due", owner_kind="contracts"),
    Field("renewed_on", "date", "Renewed on", owner_kind="contracts"),
)

CONTRACT = ObjectSchema(
    name="contract",
    label="Contract",
    version=1,
    natural_key=("number",),
    owner_kind="erp",
    help="What was agreed, with its amendments and statements of work.",
    fields=(
        Field("number", "text", "Number", required=True),
        Field("name", "text", "Name"),
        Field("customer", "reference", "Customer", required=True, reference_to="customer"),
        Field("status", "enum", "Status", choices=("draft", "active", "ended")),
        Field("start_date", "date", "Start"),
        Field("end_date", "date", "End"),
        Field("value", "money", "Value", unit="currency"),
        Field("currency", "text", "Currency", "ISO 4217"),
        Field("tax_code", "text", "Tax code"),
        Field("billing_schedule", "text", "Billing schedule"),
        Field("amendment_required", "boolean", "Amendment required"),
        Field(
            "amendments",
            "list",
            "Amendments",
            items=(
                Field("number", "text", "Number", required=True),
                Field("status", "text", "Status"),
                Field("signed_on", "date", "Signed on"),
            ),
        ),
        Field(
            "statements_of_work",
            "list",
            "Statements of work",
            items=(
                Field("number", "text", "Number", required=True),
                Field("name", "text", "Name"),
                Field("status", "text", "Status"),
                Field("approved_on", "date", "Approved on"),
                Field("value", "money", "Value", unit="currency"),
            ),
        ),
        *_TERMS,
        ENGAGEMENT,
    ),
)

OBJECTS = (OPPORTUNITY, QUOTE, CONTRACT)
