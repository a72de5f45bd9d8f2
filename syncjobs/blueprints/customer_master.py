"""Customers and contacts, kept the same in CRM and ERP."""

from typing import Any, Final

from syncjobs.blueprints.reads import CONTACTS, CUSTOMERS, ERP_CUSTOMERS

BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "customer_master",
    "name": "Customer master",
    "summary": "Customers are the same in CRM and ERP; the tax setting is the ERP's word, all "
    "else the CRM's.",
    "version": 1,
    "priority": 20,
    "reads": [CUSTOMERS, CONTACTS, ERP_CUSTOMERS],
    "trigger": {"events": ["customer.changed"]},
    "extension_points": {},
    "steps": [
        {
            "name": "erp_customer",
            "label": "Customer in the ERP",
            "record": "self",
            "role": "erp",
            "mapping": "customer-out",
            "mode": "upsert",
            "match": True,
            "gates": [
                {
                    "name": "complete_customer",
                    "label": "Complete customer",
                    "require": [
                        {
                            "path": "currency",
                            "op": "present",
                            "missing": "currency of customer {key}",
                        }
                    ],
                    "message": "The ERP cannot keep a customer without a currency.",
                    "alert": "support_agent",
                }
            ],
        },
        {
            "name": "crm_account",
            "label": "Account in the CRM",
            "record": "self",
            "role": "crm",
            "mapping": "account-out",
            "mode": "create",
            "match": True,
        },
    ],
}
