"""What an endpoint can listen to, and what one must be allowed to see for it."""

from collections.abc import Collection
from typing import Final

from syncjobs.events import EVENTS
from tenants.nouns import in_words

# Raised when the layout of a body changes in a way that a receiver must know of.
BODY_VERSION: Final = 1
TEST: Final = "webhook.test"
EXCEPTION_OPENED: Final = "exception.opened"
EXCEPTION_RESOLVED: Final = "exception.resolved"
HOLD_PLACED: Final = "hold.placed"
HOLD_RELEASED: Final = "hold.released"
RUN_FAILED: Final = "run.failed"
CHANGE_DECIDED: Final = "change.decided"

# Kind → the permission without which nobody lets a program hear of it.
NEEDS: Final[dict[str, str]] = {
    **dict.fromkeys(EVENTS, "records.view"),
    **dict.fromkeys((EXCEPTION_OPENED, EXCEPTION_RESOLVED), "exceptions.view"),
    **dict.fromkeys((HOLD_PLACED, HOLD_RELEASED), "exceptions.view"),
    RUN_FAILED: "workflows.view",
    CHANGE_DECIDED: "changes.view",
}
KINDS: Final = tuple(NEEDS)
GROUPS: Final[tuple[tuple[str, str], ...]] = (
    ("Business events", "records.view"),
    ("Exceptions and holds", "exceptions.view"),
    ("Runs", "workflows.view"),
    ("Change requests", "changes.view"),
)


def kinds_for(permissions: Collection[str]) -> list[str]:
    """Return what somebody with these permissions may let a program hear of."""
    return [kind for kind, needed in NEEDS.items() if needed in permissions]


def kind_words(kind: str) -> str:
    """Return how people read a kind, in the partner's own nouns."""
    words = kind.replace(".", " ").replace("_", " ").capitalize()
    return in_words(words.replace("Sow ", "Statement of work "))
