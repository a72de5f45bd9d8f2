"""What blueprints share: what is read of each role, in the order in which records refer to each
other, and the extension points of billing.
"""

from typing import Any, Final

CUSTOMERS: Final[dict[str, Any]] = {"role": "crm", "mapping": "account-in", "position": 10}
CONTACTS: Final[dict[str, Any]] = {
    "role": "crm",
    "mapping": "contact-in",
    "position": 12,
    "optional": True,
}
ERP_CUSTOMERS: Final[dict[str, Any]] = {"role": "erp", "mapping": "customer-in", "position": 14}
ERP_CONTACTS: Final[dict[str, Any]] = {
    "role": "erp",
    "mapping": "contact-in",
    "position": 15,
    "optional": True,
}
ERP_CONTRACTS: Final[dict[str, Any]] = {
    "role": "erp",
    "mapping": "contract-in",
    "position": 16,
    "optional": True,
}
SERVICE_ITEMS: Final[dict[str, Any]] = {
    "role": "erp",
    "mapping": "service-item-in",
    "position": 17,
    "optional": True,
}
RESOURCES: Final[dict[str, Any]] = {"role": "psa", "mapping": "resource-in", "position": 18}
PROJECTS: Final[dict[str, Any]] = {"role": "psa", "mapping": "project-in", "position": 20}
OPPORTUNITIES: Final[dict[str, Any]] = {"role": "crm", "mapping": "opportunity-in", "position": 22}
TASKS: Final[dict[str, Any]] = {
    "role": "psa",
    "mapping": "task-in",
    "position": 24,
    "optional": True,
}
MILESTONES: Final[dict[str, Any]] = {"role": "psa", "mapping": "milestone-in", "position": 26}
TIME: Final[dict[str, Any]] = {"role": "psa", "mapping": "time-entry-in", "position": 28}
EXPENSES: Final[dict[str, Any]] = {"role": "psa", "mapping": "expense-in", "position": 29}
INVOICES: Final[dict[str, Any]] = {"role": "erp", "mapping": "invoice-in", "position": 30}
PAYMENTS: Final[dict[str, Any]] = {
    "role": "erp",
    "mapping": "payment-in",
    "position": 32,
    "optional": True,
}

# Every invoice of a project that finance has released, for totals that are written back.
RELEASED: Final[dict[str, Any]] = {
    "type": "invoice",
    "field": "project",
    "where": {"field": "status", "values": ["posted", "paid"]},
    "latest_by": "external_number",
}

CUT_OFF: Final[dict[str, Any]] = {
    "label": "Billing cut-off",
    "help": "Day of the following month (1 to 28), time and zone; entities may have their own.",
    "default": {"day": 3, "time": "18:00", "version": "1"},
}

BILLABLE: Final[dict[str, Any]] = {
    "label": "Billing gate",
    "help": "What must be known before work is billed.",
    "default": [
        {
            "name": "billable_project",
            "label": "Project that can be billed",
            "require": [
                {
                    "path": "customer",
                    "op": "exists_in",
                    "role": "erp",
                    "missing": "customer in the ERP for invoice {key}",
                },
                {
                    "path": "contract",
                    "op": "known",
                    "missing": "contract for invoice {key}",
                },
            ],
            "message": "Work is billed under a contract only.",
            "alert": "finance",
            "then": "approve",
        }
    ],
}

PEOPLE: Final[dict[str, Any]] = {"role": "staffing", "mapping": "person-in", "position": 19}
STAFFED: Final[dict[str, Any]] = {"role": "staffing", "mapping": "assignment-in", "position": 25}
AGREEMENTS: Final[dict[str, Any]] = {
    "role": "contracts",
    "mapping": "agreement-in",
    "position": 21,
}
RECOGNISED: Final[dict[str, Any]] = {
    "role": "revenue",
    "mapping": "recognition-in",
    "position": 34,
}
CASES: Final[dict[str, Any]] = {"role": "support", "mapping": "case-in", "position": 36}
