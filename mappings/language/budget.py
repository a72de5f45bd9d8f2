"""What an expression may cost. Pure."""

MAX_SOURCE = 2_000
MAX_DEPTH = 24
MAX_NODES = 140
MAX_TEXT = 10_000
MAX_ITEMS = 10_000
MAX_STEPS = 20_000


class ExpressionError(ValueError):
    """An expression that is wrong, too large, or failed on a record. Fit to show."""


class Budget:
    """Steps left for one evaluation."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def spend(self, steps: int = 1) -> None:
        """Take steps away. Raises ExpressionError when none are left."""
        self.left -= steps
        if self.left < 0:
            raise ExpressionError("The expression does too much for one record; simplify it.")
