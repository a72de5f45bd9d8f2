"""Beacon Desk's REST interface, version 1."""

from typing import Final

from syncjobs.connectors.plain_rest import plain_object, plain_system
from syncjobs.connectors.sandbox_support import fields

SYSTEM: Final = plain_system(
    key="sandbox_support",
    label="Beacon Desk",
    kind="support",
    summary="Support cases and their escalations.",
    objects=(plain_object("/v1/cases", "Cases", "support_case", fields.CASE),),
)
