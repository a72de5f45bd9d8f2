"""The life of a host name: the one table, and no other code that names a next state. Pure.

pending: nobody has shown that it is theirs. verified: proved, and not pointing here yet.
active: served. failing: served still, its proof has vanished. removed: not served; the end.
"""

from types import MappingProxyType
from typing import Final, Literal

from governance.errors import BadTransition

Move = Literal["prove", "activate", "lose", "expire", "vouch", "remove"]

LABELS: Final = MappingProxyType(
    {
        "pending": "Waiting for proof",
        "verified": "Proved",
        "active": "Active",
        "failing": "Failing",
        "removed": "Removed",
    }
)
# "vouch" is the operator's: they answer for a name without proof, also for one taken out before.
TRANSITIONS: Final = MappingProxyType[tuple[str, Move], str](
    {
        ("pending", "prove"): "verified",
        ("pending", "vouch"): "active",
        ("pending", "remove"): "removed",
        ("verified", "activate"): "active",
        ("verified", "lose"): "pending",
        ("verified", "vouch"): "active",
        ("verified", "remove"): "removed",
        ("active", "lose"): "failing",
        ("active", "remove"): "removed",
        ("failing", "prove"): "active",
        ("failing", "expire"): "removed",
        ("failing", "vouch"): "active",
        ("failing", "remove"): "removed",
        ("removed", "vouch"): "active",
    }
)
_PAST: Final = MappingProxyType[Move, str](
    {
        "prove": "proved",
        "activate": "put into service",
        "lose": "found without proof",
        "expire": "given up",
        "vouch": "put into service",
        "remove": "removed",
    }
)
# A name is served in these, and belongs to one partner alone in those.
SERVED: Final = frozenset({"active", "failing"})
HELD: Final = SERVED | {"verified"}


def may(state: str, move: Move) -> bool:
    """Say whether the table has that way."""
    return (state, move) in TRANSITIONS


def after(state: str, move: Move) -> str:
    """Return where `move` leads. Raises BadTransition, saying why in plain words."""
    found = TRANSITIONS.get((state, move))
    if found is None:
        word = LABELS.get(state, state).lower()
        raise BadTransition(f"This domain is {word}, so it cannot be {_PAST[move]}.")
    return found
