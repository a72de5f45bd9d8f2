"""Clover CRM's REST interface, version 2: bearer token, cursor in the body, camelCase."""

from typing import Final

from syncjobs.connectors.plain_rest import plain_object, plain_system
from syncjobs.connectors.sandbox_crm import fields

_BY_NUMBER: Final = ("externalReference", "number")

SYSTEM: Final = plain_system(
    key="sandbox_crm",
    label="Clover CRM",
    kind="crm",
    summary="Accounts, contacts and opportunities, with project and invoice status written back; "
    "notes and tasks.",
    objects=(
        plain_object(
            "/v2/accounts",
            "Accounts",
            "customer",
            fields.ACCOUNT,
            fields.ACCOUNT_TARGET,
            _BY_NUMBER,
        ),
        plain_object(
            "/v2/contacts",
            "Contacts",
            "contact",
            fields.CONTACT,
            fields.CONTACT_TARGET,
            ("externalReference", "email"),
        ),
        plain_object(
            "/v2/opportunities",
            "Opportunities",
            "opportunity",
            fields.OPPORTUNITY,
            fields.OPPORTUNITY_TARGET,
            _BY_NUMBER,
        ),
        plain_object("/v2/notes", "Notes", "", fields.NOTE, fields.NOTE_TARGET),
        plain_object("/v2/tasks", "Tasks", "", fields.TASK, fields.TASK_TARGET),
    ),
)
