"""What is counted. Pure data; a new meter is a line here."""

from typing import Final

DELIVERIES: Final = "deliveries"
METERS: Final = {DELIVERIES: "Delivered record versions"}


def require_meter(meter: str) -> None:
    """Raise ValueError for a meter that does not exist."""
    if meter not in METERS:
        raise ValueError(f"{meter!r} is no meter; use {', '.join(METERS)}.")
