"""Tally Revenue's REST interface, version 1."""

from typing import Final

from syncjobs.connectors.plain_rest import plain_object, plain_system
from syncjobs.connectors.sandbox_revenue import fields

SYSTEM: Final = plain_system(
    key="sandbox_revenue",
    label="Tally Revenue",
    kind="revenue",
    summary="Takes evidence of work under a contract and gives recognised revenue back.",
    objects=(
        plain_object("/v1/evidence", "Evidence", "", fields.EVIDENCE, fields.EVIDENCE_TARGET),
        plain_object("/v1/recognitions", "Recognised revenue", "revenue_event", fields.RECOGNITION),
    ),
)
