"""A completed milestone is told to the CRM and invoiced in the ERP."""

from typing import Any, Final

from syncjobs.blueprints.reads import (
    CUT_OFF,
    ERP_CONTRACTS,
    ERP_CUSTOMERS,
    INVOICES,
    MILESTONES,
    OPPORTUNITIES,
    PROJECTS,
)

_NEEDS_AMENDMENT: Final[dict[str, Any]] = {
    "path": "origin.amendment_required",
    "op": "equals",
    "value": True,
}
AMENDMENT: Final[list[dict[str, Any]]] = [
    {
        "name": "amendment",
        "label": "Signed amendment",
        "when": [_NEEDS_AMENDMENT],
        "require": [
            {
                "path": "contract.amendment_required",
                "op": "equals",
                "value": False,
                "missing": "signed amendment of contract {key}",
            }
        ],
        "message": "This milestone may be invoiced only under a signed amendment.",
        "alert": "finance",
        "then": "approve",
    },
    {
        "name": "contract_reference",
        "label": "Contract reference",
        "require": [
            {"path": "contract", "op": "known", "missing": "contract for invoice {key}"},
        ],
        "message": "An invoice needs the contract that it is under.",
        "alert": "finance",
        "then": "approve",
    },
]

BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "milestone_to_invoice",
    "name": "Milestone to invoice",
    "summary": "A completed milestone is told to the CRM at once and invoiced in the ERP, held "
    "while a required amendment is not signed.",
    "version": 2,
    "priority": 10,
    "reads": [ERP_CUSTOMERS, ERP_CONTRACTS, PROJECTS, OPPORTUNITIES, MILESTONES, INVOICES],
    "trigger": {"events": ["milestone.completed"]},
    "cycle": {
        "date": "completed_at",
        "approved_at": "completed_at",
        "entity": "entity",
        "rule": {"$point": "cut_off"},
    },
    "extension_points": {
        "cut_off": CUT_OFF,
        "amendment": {
            "label": "Amendment hold",
            "help": "What must be signed before a milestone is invoiced.",
            "default": AMENDMENT,
        },
    },
    "steps": [
        {
            "name": "crm_status",
            "label": "Delivery status in the CRM",
            "record": "project.opportunity",
            "role": "crm",
            "mapping": "opportunity-milestone-out",
            "mode": "update",
            "optional": True,
        },
        {
            "name": "invoice",
            "label": "Draft invoice",
            "derive": {
                "object": "invoice",
                "mapping": "invoice-from-milestone",
                "fill_only": ["status", "customer", "contract", "currency", "engagement"],
                "related": ["project"],
            },
            "role": "erp",
            "mapping": "invoice-out",
            "mode": "create",
            "match": True,
            "gates": {"$point": "amendment"},
        },
        {
            "name": "line",
            "label": "Invoice line",
            "record": "self",
            "role": "erp",
            "mapping": "milestone-line-out",
            "mode": "upsert",
            "after": ["invoice"],
        },
    ],
}
