"""What an expression may cost. Pure."""

from typing import Final

MAX_SOURCE: Final = 2_000
MAX_DEPTH: Final = 24
MAX_NODES: Final = 140
MAX_TEXT: Final = 10_000
MAX_ITEMS: Final = 10_000
# List members that one expression, and all expressions on one record, may look at.
MAX_STEPS: Final = 20_000
MAX_RECORD_STEPS: Final = 30_000


class ExpressionError(ValueError):
    """An expression that is wrong, too large, or failed on a record. Fit to show."""


class Budget:
    """Steps that are left."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Take steps away. Raises ExpressionError when none are left."""
        if steps > self.left:
            self.left = 0
            raise ExpressionError("It does too much for one record; simplify it.")
        self.left -= steps
