"""Posted invoices and payments are told back to CRM and PSA."""

from typing import Any, Final

from syncjobs.blueprints.reads import INVOICES, OPPORTUNITIES, PAYMENTS, PROJECTS, RELEASED

BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "invoice_status",
    "name": "Invoice and payment status",
    "summary": "What the ERP posts and receives is shown on the opportunity and the project.",
    "version": 1,
    "priority": 20,
    "reads": [PROJECTS, OPPORTUNITIES, INVOICES, PAYMENTS],
    "trigger": {"events": ["invoice.posted", "payment.received"]},
    "extension_points": {},
    "steps": [
        {
            "name": "crm_billing",
            "label": "Billing status in the CRM",
            "record": {
                "invoice": "project.opportunity",
                "payment": "invoice.project.opportunity",
            },
            "collect": {"invoices": {**RELEASED, "equals": "project_code"}},
            "role": "crm",
            "mapping": "opportunity-billing-out",
            "mode": "update",
            "optional": True,
        },
        {
            "name": "psa_billing",
            "label": "Billing status in the PSA",
            "record": {"invoice": "project", "payment": "invoice.project"},
            "collect": {"invoices": {**RELEASED, "equals": "code"}},
            "role": "psa",
            "mapping": "project-billing-out",
            "mode": "update",
            "optional": True,
        },
    ],
}
