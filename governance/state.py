"""The life of a change request: the one table, and no other code that sets a status."""

from types import MappingProxyType
from typing import Final, Literal

from governance.errors import BadTransition

Status = Literal[
    "draft",
    "submitted",
    "approved",
    "scheduled",
    "applied",
    "rejected",
    "withdrawn",
    "expired",
    "rolled_back",
]
Move = Literal[
    "submit",
    "edit",
    "void",
    "reopen",
    "approve",
    "reject",
    "withdraw",
    "expire",
    "schedule",
    "hold",
    "go_alone",
    "pass",
    "rush",
    "apply",
    "roll_back",
]

LABELS: Final = MappingProxyType(
    {
        "draft": "Draft",
        "submitted": "Waiting for approval",
        "approved": "Approved",
        "scheduled": "Scheduled",
        "applied": "Live",
        "rejected": "Rejected",
        "withdrawn": "Withdrawn",
        "expired": "Expired",
        "rolled_back": "Rolled back",
    }
)

# "void" and "edit" send a request back to be signed again, whatever it had gathered; "reopen" sends
# it back with its signatures, when a rule asks for more. "rush" is the emergency: live now, signed
# afterwards. "go_alone" is the policy "solo": nobody else is there. "pass" is a rule that asks for
# no signature.
TRANSITIONS: Final = MappingProxyType[tuple[Status, Move], Status](
    {
        ("draft", "submit"): "submitted",
        ("draft", "edit"): "draft",
        ("draft", "withdraw"): "withdrawn",
        ("submitted", "edit"): "submitted",
        ("submitted", "void"): "submitted",
        ("submitted", "approve"): "approved",
        ("submitted", "go_alone"): "approved",
        ("submitted", "pass"): "approved",
        ("submitted", "rush"): "applied",
        ("approved", "rush"): "applied",
        ("scheduled", "rush"): "applied",
        ("submitted", "reject"): "rejected",
        ("submitted", "withdraw"): "withdrawn",
        ("submitted", "expire"): "expired",
        ("approved", "edit"): "submitted",
        ("approved", "void"): "submitted",
        ("approved", "reopen"): "submitted",
        ("approved", "reject"): "rejected",
        ("approved", "withdraw"): "withdrawn",
        ("approved", "expire"): "expired",
        ("approved", "schedule"): "scheduled",
        ("approved", "apply"): "applied",
        ("scheduled", "edit"): "submitted",
        ("scheduled", "void"): "submitted",
        ("scheduled", "reopen"): "submitted",
        ("scheduled", "reject"): "rejected",
        ("scheduled", "withdraw"): "withdrawn",
        ("scheduled", "expire"): "expired",
        ("scheduled", "schedule"): "scheduled",
        ("scheduled", "hold"): "approved",
        ("scheduled", "apply"): "applied",
        ("applied", "roll_back"): "rolled_back",
    }
)
_PAST: Final = MappingProxyType[Move, str](
    {
        "submit": "submitted",
        "edit": "edited",
        "void": "sent back",
        "reopen": "sent back",
        "approve": "approved",
        "reject": "rejected",
        "withdraw": "withdrawn",
        "expire": "expired",
        "schedule": "scheduled",
        "hold": "taken off the schedule",
        "go_alone": "approved by its author alone",
        "pass": "let in without signatures",
        "rush": "made live as an emergency",
        "apply": "applied",
        "roll_back": "rolled back",
    }
)
OPEN: Final = frozenset[str]({"draft", "submitted", "approved", "scheduled"})
CLOSED: Final = frozenset(LABELS) - OPEN


def may(status: str, move: Move) -> bool:
    """Say whether the table has that way."""
    return (status, move) in TRANSITIONS


def next_status(status: str, move: Move) -> Status:
    """Return where `move` leads. Raises BadTransition, saying why in plain words."""
    for (before, way), after in TRANSITIONS.items():
        if before == status and way == move:
            return after
    word = LABELS.get(status, status).lower()
    raise BadTransition(f"This change is {word}, so it cannot be {_PAST[move]}.")
