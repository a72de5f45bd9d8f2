"""The life of a mail: the one table, and no other code that sets a state. Pure."""

from types import MappingProxyType
from typing import Final, Literal

from governance.errors import BadTransition

Move = Literal["claim", "accept", "retry", "fail", "bounce", "drop", "send_again"]

LABELS: Final = MappingProxyType(
    {
        "queued": "Waiting",
        "sending": "Being sent",
        "sent": "Sent",
        "failed": "Failed",
        "bounced": "Mailbox refused it",
        "dropped": "Not needed any more",
    }
)
START: Final = "queued"
# A mail whose worker died is claimed again out of "sending", once its lease has ended.
TRANSITIONS: Final = MappingProxyType[tuple[str, Move], str](
    {
        ("queued", "claim"): "sending",
        ("sending", "claim"): "sending",
        ("sending", "accept"): "sent",
        ("sending", "retry"): "queued",
        ("sending", "fail"): "failed",
        ("sending", "bounce"): "bounced",
        ("sending", "drop"): "dropped",
        ("failed", "send_again"): "queued",
        ("bounced", "send_again"): "queued",
    }
)
ENDED: Final = frozenset({"sent", "failed", "bounced", "dropped"})


def after(state: str, move: Move) -> str:
    """Return where `move` leads. Raises BadTransition, saying why in plain words."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        word = LABELS.get(state, state).lower()
        raise BadTransition(f"This mail is “{word}”; that is not possible now.") from None
