"""What Beacon Desk's objects hold."""

from typing import Final

CASE: Final = (
    "number", "subject", "customerNumber", "projectCode", "severity", "status", "escalatedAt",
)  # fmt: skip
