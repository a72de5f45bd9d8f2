"""An amended or renewed contract changes billing, budget and the sales team's diary."""

from typing import Any, Final

from syncjobs.blueprints.reads import (
    AGREEMENTS,
    CUSTOMERS,
    ERP_CONTRACTS,
    ERP_CUSTOMERS,
    PROJECTS,
)

MONEY: Final[list[dict[str, Any]]] = [
    {
        "name": "money_approval",
        "label": "Approval of changed money",
        "when": [{"path": "agreed_value", "op": "present"}],
        "require": [
            {
                "path": "agreed_value",
                "op": "same_as",
                "other": "value",
                "missing": "approval of the new value {value} of contract {key}",
            }
        ],
        "message": "The value of the contract changes. Somebody must approve it before the ERP "
        "bills by it: ask for its release with the reason, and others sign it.",
        "alert": "finance",
        "then": "approve",
    }
]

BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "contract_changes",
    "name": "Contract changes",
    "summary": "Amended and renewed terms go to the ERP's billing rules and the project's budget; "
    "the CRM gets a task for the renewal. What changes money waits for an approval.",
    "version": 2,
    "priority": 20,
    "reads": [CUSTOMERS, ERP_CUSTOMERS, ERP_CONTRACTS, PROJECTS, AGREEMENTS],
    "trigger": {"events": ["contract.amended", "contract.renewed"]},
    "extension_points": {
        "approval": {
            "label": "Approval gate",
            "help": "What must be approved before changed terms go to the ERP.",
            "default": MONEY,
        }
    },
    "steps": [
        {
            "name": "erp_terms",
            "label": "Billing rules in the ERP",
            "record": "self",
            "role": "erp",
            "mapping": "contract-terms-out",
            "mode": "update",
            "gates": {"$point": "approval"},
        },
        {
            "name": "psa_budget",
            "label": "Budget in the PSA",
            "record": "project",
            "collect": {"contracts": {"type": "contract", "field": "project", "equals": "code"}},
            "role": "psa",
            "mapping": "project-budget-out",
            "mode": "update",
            "after": ["erp_terms"],
            "optional": True,
        },
        {
            "name": "crm_renewal",
            "label": "Renewal task in the CRM",
            "record": "self",
            "when": [{"path": "renewal_on", "op": "present"}],
            "role": "crm",
            "mapping": "renewal-task-out",
            "mode": "upsert",
            "match": True,
            "optional": True,
        },
    ],
}
