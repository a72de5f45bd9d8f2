"""Approved expenses become lines of the same draft invoice as the time."""

from typing import Any, Final

from syncjobs.blueprints.reads import (
    BILLABLE,
    CUT_OFF,
    ERP_CONTRACTS,
    ERP_CUSTOMERS,
    EXPENSES,
    INVOICES,
    PROJECTS,
    RESOURCES,
)

BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "expense_to_billing",
    "name": "Expense to billing",
    "summary": "Approved billable expenses become lines of the project's draft invoice for the "
    "month. What is approved after the cut-off goes to the next month, with its own date kept.",
    "version": 2,
    "priority": 10,
    "reads": [ERP_CUSTOMERS, ERP_CONTRACTS, RESOURCES, PROJECTS, EXPENSES, INVOICES],
    "trigger": {
        "events": ["expense.approved"],
        "when": [{"path": "billable", "op": "equals", "value": True}],
    },
    "cycle": {
        "date": "date",
        "approved_at": "approved_at",
        "entity": "entity",
        "rule": {"$point": "cut_off"},
    },
    "extension_points": {"cut_off": CUT_OFF, "billable": BILLABLE},
    "steps": [
        {
            "name": "invoice",
            "label": "Draft invoice",
            "derive": {
                "object": "invoice",
                "mapping": "invoice-from-expense",
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
            "mapping": "expense-line-out",
            "mode": "upsert",
            "after": ["invoice"],
        },
    ],
}
