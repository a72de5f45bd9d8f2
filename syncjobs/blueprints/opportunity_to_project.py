"""A won opportunity becomes customer and contract in the ERP, a project with tasks and milestones
in the PSA, and demand in staffing.

Demand is an assignment that is requested: nobody is on it yet. Who is found goes under its number.
"""

from typing import Any, Final

from syncjobs.blueprints.reads import (
    CUSTOMERS,
    ERP_CONTRACTS,
    ERP_CUSTOMERS,
    MILESTONES,
    OPPORTUNITIES,
    PROJECTS,
    RESOURCES,
    SERVICE_ITEMS,
    TASKS,
)

_CONTRACT_FIELDS: Final = [
    "name", "customer", "status", "start_date", "end_date", "value", "currency",
    "billing_schedule", "engagement",
]  # fmt: skip
_PROJECT_FIELDS: Final = [
    "name", "customer", "contract", "status", "currency", "budget_hours", "start_date",
    "end_date", "billing_type", "service_item", "engagement",
]  # fmt: skip
_PROJECT: Final[dict[str, Any]] = {
    "object": "project",
    "mapping": "project-from-opportunity",
    "fill_only": _PROJECT_FIELDS,
}
# What the PSA and the planners make of these is theirs from then on.
_TASK_FIELDS: Final = [
    "name", "project", "service_item", "billable", "planned_hours", "start_date", "end_date",
    "status", "engagement",
]  # fmt: skip
_MILESTONE_FIELDS: Final = [
    "name", "project", "amount", "currency", "status", "due_date", "contract", "engagement",
]  # fmt: skip
_DEMAND_FIELDS: Final = [
    "project", "role", "skill", "planned_hours", "rate", "currency", "start_date", "end_date",
    "status",
]  # fmt: skip


def _each(name: str, label: str, object_: str, fields: list[str], role: str) -> dict[str, Any]:
    """Return a step that makes one record of each member of the opportunity's list."""
    return {
        "name": name,
        "label": label,
        "derive": {
            "object": object_,
            "mapping": f"{name}-from-opportunity",
            "fill_only": fields,
        },
        "role": role,
        "mapping": f"{name}-out",
        "mode": "create",
        "match": True,
        "after": ["project"],
        "optional": True,
    }


ACTIVATION: Final[list[dict[str, Any]]] = [
    {
        "name": "activation",
        "label": "Project activation",
        "require": [
            {
                "path": "customer",
                "op": "exists_in",
                "role": "erp",
                "missing": "customer in the ERP for project {key}",
            },
            {
                "path": "customer.tax_code",
                "op": "present",
                "missing": "tax setting of customer {key} in the ERP",
            },
            {
                "path": "contract",
                "op": "exists_in",
                "role": "erp",
                "missing": "contract in the ERP for project {key}",
            },
            {
                "path": "contract.status",
                "op": "equals",
                "value": "active",
                "missing": "active contract {key} in the ERP",
            },
            {
                "path": "contract.billing_schedule",
                "op": "present",
                "missing": "billing schedule of contract {key}",
            },
        ],
        "message": "A project starts only when the ERP can bill it.",
        "alert": "finance",
    },
    {
        "name": "service_item",
        "label": "Service item",
        "when": [{"path": "service_item", "op": "present"}],
        "require": [
            {
                "path": "service_item",
                "op": "exists_in",
                "role": "erp",
                "missing": "service item {value}",
            },
            {
                "path": "service_item.status",
                "op": "equals",
                "value": "active",
                "missing": "service item {key}, which is not active",
            },
        ],
        "message": "A project starts only when the ERP has the item that its work is billed as.",
        "alert": "finance",
    },
]

BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "opportunity_to_project",
    "name": "Opportunity to project",
    "summary": "A won opportunity becomes a customer and contract in the ERP, then a project with "
    "its tasks and milestones in the PSA, which starts when the ERP can bill it, and demand in "
    "staffing.",
    "version": 2,
    "priority": 20,
    "reads": [
        CUSTOMERS,
        ERP_CUSTOMERS,
        ERP_CONTRACTS,
        SERVICE_ITEMS,
        RESOURCES,
        PROJECTS,
        OPPORTUNITIES,
        TASKS,
        {**MILESTONES, "optional": True},
    ],
    "trigger": {
        "events": ["opportunity.won"],
        "when": [{"path": "project_code", "op": "present"}],
    },
    "extension_points": {
        "activation": {
            "label": "Activation gate",
            "help": "What must be valid in the ERP before a project starts.",
            "default": ACTIVATION,
        }
    },
    "steps": [
        {
            "name": "customer",
            "label": "Customer in the ERP",
            "record": "customer",
            "role": "erp",
            "mapping": "customer-out",
            "mode": "upsert",
            "match": True,
        },
        {
            "name": "contract",
            "label": "Contract in the ERP",
            "derive": {
                "object": "contract",
                "mapping": "contract-from-opportunity",
                "fill_only": _CONTRACT_FIELDS,
            },
            "role": "erp",
            "mapping": "contract-out",
            "mode": "create",
            "match": True,
            "after": ["customer"],
            "optional": True,
        },
        {
            "name": "project",
            "label": "Project in the PSA",
            "derive": _PROJECT,
            "related": ["customer"],
            "role": "psa",
            "mapping": "project-out",
            "mode": "create",
            "match": True,
            "after": ["customer", "contract"],
        },
        _each("task", "Tasks in the PSA", "task", _TASK_FIELDS, "psa"),
        _each("milestone", "Milestones in the PSA", "milestone", _MILESTONE_FIELDS, "psa"),
        _each("demand", "Demand in staffing", "assignment", _DEMAND_FIELDS, "staffing"),
        {
            "name": "activate",
            "label": "Project activated",
            "derive": _PROJECT,
            "when": [{"path": "status", "op": "equals", "value": "draft"}],
            "role": "psa",
            "mapping": "project-active-out",
            "mode": "update",
            "after": ["project"],
            "gates": {"$point": "activation"},
            "optional": True,
        },
        {
            "name": "crm_status",
            "label": "Project status in the CRM",
            "record": "self",
            "role": "crm",
            "mapping": "opportunity-project-out",
            "mode": "update",
            "collect": {
                "projects": {"type": "project", "field": "opportunity", "equals": "number"}
            },
            "after": ["activate"],
            "optional": True,
        },
    ],
}
