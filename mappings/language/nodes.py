"""What an expression is made of."""

from dataclasses import dataclass
from decimal import Decimal

Value = str | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, decimal, true, false or null."""

    value: Value


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments. `at`: where it stands in the source."""

    name: str
    arguments: "tuple[Node, ...]"
    at: int


Node = Literal | Call


def paths_of(node: Node) -> list[str]:
    """Return the record paths that an expression reads."""
    if isinstance(node, Literal):
        return []
    own = []
    if node.name in {"field", "sum", "count", "any", "all"} and node.arguments:
        first = node.arguments[0]
        if isinstance(first, Literal) and isinstance(first.value, str):
            own = [first.value]
    return own + [path for argument in node.arguments for path in paths_of(argument)]
