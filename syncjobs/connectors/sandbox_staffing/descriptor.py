"""Harbor Staffing's REST interface, version 1."""

from typing import Final

from syncjobs.connectors.plain_rest import plain_object, plain_system
from syncjobs.connectors.sandbox_staffing import fields

SYSTEM: Final = plain_system(
    key="sandbox_staffing",
    label="Harbor Staffing",
    kind="staffing",
    summary="People with their availability, and who is planned on what at which price; "
    "requests for people.",
    objects=(
        plain_object("/v1/people", "People", "resource", fields.PERSON),
        plain_object("/v1/assignments", "Assignments", "assignment", fields.ASSIGNMENT),
        plain_object(
            "/v1/requests",
            "Requests",
            "",
            fields.REQUEST,
            fields.REQUEST,
            ("externalReference", "number"),
        ),
    ),
)
