"""What an expression is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

Value = str | Decimal | bool | None
# Functions whose first argument is the path of a list.
OVER_LISTS: Final = frozenset({"sum", "count", "any", "all"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, decimal, true, false or null."""

    value: Value


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments. `at`: where it stands in the source, from 1."""

    name: str
    arguments: "tuple[Node, ...]"
    at: int


Node = Literal | Call


def nodes_in(node: Node) -> Iterator[Node]:
    """Give a node and everything below it. The parser has bounded how deep that is."""
    yield node
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from nodes_in(argument)


def paths_of(node: Node) -> list[str]:
    """Return the record paths that an expression reads."""
    return [
        one.arguments[0].value
        for one in nodes_in(node)
        if isinstance(one, Call)
        and (one.name == "field" or one.name in OVER_LISTS)
        and one.arguments
        and isinstance(one.arguments[0], Literal)
        and isinstance(one.arguments[0].value, str)
    ]
