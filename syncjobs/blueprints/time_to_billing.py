"""Approved time becomes lines of a draft invoice in the ERP."""

from typing import Any, Final

from syncjobs.blueprints.reads import (
    BILLABLE,
    CUT_OFF,
    ERP_CONTRACTS,
    ERP_CUSTOMERS,
    INVOICES,
    PROJECTS,
    RESOURCES,
    TIME,
)

BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "time_to_billing",
    "name": "Time to billing",
    "summary": "Approved billable time becomes lines of the project's draft invoice for the month. "
    "What is approved after the cut-off goes to the next month, with its own date kept.",
    "version": 3,
    "priority": 10,
    "reads": [ERP_CUSTOMERS, ERP_CONTRACTS, RESOURCES, PROJECTS, TIME, INVOICES],
    "trigger": {
        "events": ["time.approved"],
        "when": [{"path": "billable", "op": "equals", "value": True}],
    },
    "cycle": {
        "date": "date",
        "approved_at": "approved_at",
        "entity": "entity",
        "rule": {"$point": "cut_off"},
    },
    "extension_points": {
        "cut_off": CUT_OFF,
        "billable": BILLABLE,
        "agreed_rates": {
            "label": "Agreed rates",
            "help": "What a rate must be, so that a mistyped one is not billed. None by default.",
            "default": [],
        },
    },
    "steps": [
        {
            "name": "invoice",
            "label": "Draft invoice",
            "derive": {
                "object": "invoice",
                "mapping": "invoice-from-time",
                "fill_only": ["status", "customer", "contract", "currency", "engagement"],
                "related": ["project"],
            },
            "role": "erp",
            "mapping": "invoice-out",
            "mode": "create",
            "match": True,
            "gates": {"$point": "billable"},
        },
        {
            "name": "line",
            "label": "Invoice line",
            "record": "self",
            "related": ["resource", "project"],
            "role": "erp",
            "mapping": "time-line-out",
            "mode": "upsert",
            "after": ["invoice"],
            "gates": {"$point": "agreed_rates"},
        },
    ],
}
