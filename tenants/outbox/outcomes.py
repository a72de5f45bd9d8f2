"""What came of trying to send a mail, and when the next try is. Pure."""

import random
from dataclasses import dataclass
from typing import Final

from tenants.outbox.state import Move

MOST_ATTEMPTS: Final = 8
_MINUTE, _HOUR = 60, 3600
_WAITS: Final = (
    _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR,
)  # fmt: skip
_SPREAD: Final = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """`move` says which way; `sender` which server took it; `error` why none did, in words
    that an owner can act on, without anybody's credentials."""

    move: Move
    error: str = ""
    subject: str = ""
    sender: str = ""


def accepted(subject: str, sender: str) -> Outcome:
    """A server said that it has the mail."""
    return Outcome("accept", subject=subject, sender=sender)


def not_needed() -> Outcome:
    """What it was to tell is no longer so, or there is nobody to tell."""
    return Outcome("drop")


def wait_before(attempt: int) -> float:
    """Seconds until the try after the `attempt`th (from 1), spread so that tries don't clump."""
    wait = _WAITS[min(attempt, len(_WAITS)) - 1]
    return wait * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311  no secret
