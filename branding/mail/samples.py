"""Each kind of mail with values of nobody: for the previews, and the tests. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_HERE: Final = "https://portal.example/"

SAMPLES: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "invitation": {
            "name": "Nina Brandt",
            "invited_by": "Sam Ellery",
            "days": 3,
            "link": _HERE + "welcome/MQ/sample/",
        },
        "password_reset": {
            "name": "Nina Brandt",
            "days": 3,
            "link": _HERE + "welcome/MQ/sample/",
        },
        "new_device": {
            "name": "Nina Brandt",
            "device": "Firefox on Windows",
            "address": "203.0.113.7",
            "at": "21 November 2026, 09:14 UTC",
            "link": _HERE + "account/",
        },
        "approval_asked": {
            "title": "Bill travel time at half rate",
            "author": "Sam Ellery",
            "client": "Alder Consulting",
            "reason": "Agreed in the October review.",
            "money": True,
            "expires": "28 November 2026",
            "emergency": "Invoices are posted twice.",
            "escalated": False,
            "link": _HERE + "approvals/12/",
        },
        "change_comment": {
            "name": "Nina Brandt",
            "title": "Bill travel time at half rate",
            "author": "Sam Ellery",
            "text": "@nina@alder.example does October count already?",
            "link": _HERE + "approvals/12/",
        },
        "exception_digest": {
            "name": "Nina Brandt",
            "open": 7,
            "late": 2,
            "new": 3,
            "more": 5,
            "items": [
                {
                    "title": "The ERP refuses our credentials",
                    "about": "Alder Consulting · past due · 16,499.50 EUR",
                    "link": _HERE + "exceptions/41/",
                },
                {
                    "title": "Tax setting of customer C-1001 is missing",
                    "about": "Birch Systems · 4 times",
                    "link": _HERE + "exceptions/44/",
                },
            ],
            "link": _HERE + "exceptions/",
            "off_link": _HERE + "mail/",
        },
        "escalation": {
            "name": "Nina Brandt",
            "count": 2,
            "more": 0,
            "items": [
                {
                    "title": "The ERP refuses our credentials",
                    "about": "Alder Consulting · past due · 16,499.50 EUR",
                    "link": _HERE + "exceptions/41/",
                },
                {
                    "title": "Tax setting of customer C-1001 is missing",
                    "about": "Birch Systems · 4 times",
                    "link": _HERE + "exceptions/44/",
                },
            ],
            "link": _HERE + "exceptions/?show=escalated",
            "off_link": _HERE + "mail/",
        },
        "statement_ready": {
            "name": "Nina Brandt",
            "client": "Alder Consulting",
            "number": 1042,
            "month": "October 2026",
            "total": "EUR 1,240.00",
            "link": _HERE + "usage/statements/1042/",
        },
        "report_ready": {
            "name": "Nina Brandt",
            "title": "Workbook (XLSX), 1 October 2026 to 31 October 2026",
            "changes": 42,
            "problem": "",
            "days": 90,
            "link": _HERE + "evidence/",
        },
        "security": {
            "name": "Nina Brandt",
            "title": "A second factor was added",
            "text": "It is: Authenticator app.",
            "address": "203.0.113.7",
            "at": "21 November 2026, 09:14 UTC",
            "link": _HERE + "account/",
        },
        "incident": {
            "name": "Nina Brandt",
            "at": "21 November 2026, 09:14 UTC",
            "others": 1,
            "more": 0,
            "items": [
                {
                    "title": "The ERP cannot be reached",
                    "about": "Alder Consulting",
                    "link": _HERE + "exceptions/41/",
                },
                {
                    "title": "Time to billing is paused",
                    "about": "Birch Systems",
                    "link": _HERE + "workflows/7/",
                },
            ],
            "over": ["The PSA cannot be reached"],
            "link": _HERE + "exceptions/",
            "off_link": _HERE + "mail/",
        },
        "audit_anchor": {
            "seal": 1204,
            "hash": "9f2c4e71" * 8,
            "parts": ['{"statement":"(what was sealed)",', '"signature":"(by whom)"}'],
        },
        "endpoint_stopped": {
            "name": "Alex Moreau",
            "endpoint": "Data warehouse",
            "reason": "Nothing had arrived for five days.",
            "link": "https://example.com/",
        },
        "domain_news": {
            "name": "Nina Brandt",
            "title": "portal.example.com needs your attention",
            "text": "The record that proves your domain is no longer there: no TXT record was "
            "found. It is served for 7 more days. Put the record back to keep it.",
            "link": _HERE + "domains/",
        },
        "test": {"name": "Nina Brandt", "host": "smtp.example.com"},
    }
)
