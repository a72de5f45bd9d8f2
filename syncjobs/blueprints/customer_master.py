"""Customers and contacts, kept the same in CRM and ERP.

A change is not sent back to the system that told of it. The CRM gets of what it has only the fields
that the ERP owns or has filled in, so that nothing of its own is overwritten by an older value.
"""

from typing import Any, Final

from syncjobs.blueprints.reads import CONTACTS, CUSTOMERS, ERP_CONTACTS, ERP_CUSTOMERS

COMPLETE: Final[list[dict[str, Any]]] = [
    {
        "name": "complete_customer",
        "label": "Complete customer",
        "require": [{"path": "currency", "op": "present", "missing": "currency of customer {key}"}],
        "message": "The ERP cannot keep a customer without a currency.",
        "alert": "support_agent",
    }
]
COMPLETE_CONTACT: Final[list[dict[str, Any]]] = [
    {
        "name": "complete_contact",
        "label": "Complete contact",
        "require": [{"path": "customer", "op": "known", "missing": "customer of contact {key}"}],
        "message": "The ERP cannot keep a contact without its customer.",
        "alert": "support_agent",
    }
]


def _step(name: str, label: str, type_: str, role: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "record": {type_: "self"}, "role": role, **more}


BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "customer_master",
    "name": "Customer master",
    "summary": "Customers and their contacts are the same in CRM and ERP; tax setting, tax number "
    "and payment terms are the ERP's word, all else the CRM's.",
    "version": 2,
    "priority": 20,
    "reads": [CUSTOMERS, CONTACTS, ERP_CUSTOMERS, ERP_CONTACTS],
    "trigger": {"events": ["customer.changed", "contact.changed"]},
    "extension_points": {
        "complete_customer": {
            "label": "Customer gate",
            "help": "What a customer must have before it goes to the ERP.",
            "default": COMPLETE,
        },
        "complete_contact": {
            "label": "Contact gate",
            "help": "What a contact must have before it goes to the ERP.",
            "default": COMPLETE_CONTACT,
        },
    },
    "steps": [
        _step(
            "erp_customer",
            "Customer in the ERP",
            "customer",
            "erp",
            mapping="customer-out",
            mode="upsert",
            match=True,
            not_back=True,
            gates={"$point": "complete_customer"},
        ),
        _step(
            "crm_account",
            "Account in the CRM",
            "customer",
            "crm",
            mapping="account-out",
            mode="create",
            match=True,
        ),
        _step(
            "crm_terms",
            "Tax and terms in the CRM",
            "customer",
            "crm",
            mapping="account-terms-out",
            mode="update",
            not_back=True,
            after=["crm_account"],
            optional=True,
        ),
        _step(
            "erp_contact",
            "Contact in the ERP",
            "contact",
            "erp",
            mapping="contact-out",
            mode="upsert",
            match=True,
            not_back=True,
            gates={"$point": "complete_contact"},
            optional=True,
        ),
        _step(
            "crm_contact",
            "Contact in the CRM",
            "contact",
            "crm",
            mapping="contact-out",
            mode="create",
            match=True,
            optional=True,
        ),
        _step(
            "crm_details",
            "Details of the contact in the CRM",
            "contact",
            "crm",
            mapping="contact-details-out",
            mode="update",
            not_back=True,
            after=["crm_contact"],
            optional=True,
        ),
    ],
}
