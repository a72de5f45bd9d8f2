"""An escalated case is noted on the account, whose renewal is flagged while it lasts."""

from typing import Any, Final

from syncjobs.blueprints.reads import CASES, CUSTOMERS

BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "support_to_health",
    "name": "Support to account health",
    "summary": "Escalated cases are noted on the customer's account; its renewal is flagged until "
    "they are resolved.",
    "version": 1,
    "priority": 20,
    "reads": [CUSTOMERS, CASES],
    "trigger": {"events": ["case.escalated", "case.resolved"]},
    "extension_points": {},
    "steps": [
        {
            "name": "account_note",
            "label": "Note on the account",
            "record": "self",
            "role": "crm",
            "mapping": "case-note-out",
            "mode": "upsert",
            "match": True,
        },
        {
            "name": "account_health",
            "label": "Health of the account",
            "record": "customer",
            "collect": {
                "cases": {
                    "type": "support_case",
                    "field": "customer",
                    "equals": "number",
                    "where": {"field": "status", "values": ["escalated"]},
                }
            },
            "role": "crm",
            "mapping": "account-health-out",
            "mode": "update",
            "optional": True,
        },
    ],
}
