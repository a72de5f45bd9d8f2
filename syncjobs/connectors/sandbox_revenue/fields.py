"""What Tally Revenue's objects hold."""

from typing import Final

EVIDENCE_TARGET: Final = (
    "externalReference", "kind", "contractNumber", "obligation", "projectCode", "amount",
    "currency", "occurredOn",
)  # fmt: skip
EVIDENCE: Final = EVIDENCE_TARGET
RECOGNITION: Final = (
    "number", "contractNumber", "obligation", "projectCode", "period", "amount", "currency",
    "recognisedOn",
)  # fmt: skip
