"""The life of a mapping version: the one table. Pure."""

from types import MappingProxyType
from typing import Final, Literal

State = Literal["draft", "proposed", "live", "retired"]
Move = Literal["propose", "publish", "retire"]

# A proposal that was turned down can be made again, and an earlier version can come back;
# a live one can only make room for another.
TRANSITIONS: Final = MappingProxyType[tuple[State, Move], State](
    {
        ("draft", "propose"): "proposed",
        ("draft", "publish"): "live",
        ("proposed", "propose"): "proposed",
        ("proposed", "publish"): "live",
        ("retired", "propose"): "proposed",
        ("live", "retire"): "retired",
    }
)


class BadMove(ValueError):
    """A version can't make that step from where it is. Fit to show."""


def next_state(state: str, move: Move) -> State:
    """Return the state after a move. Raises BadMove."""
    for (known, step), after in TRANSITIONS.items():
        if (known, step) == (state, move):
            return after
    raise BadMove(f"A version that is {state} can't be {move.rstrip('e')}ed.")
