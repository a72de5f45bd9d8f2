"""Columns that higher layers add to the list of clients, such as the tier.

The list belongs to the accounts, which know nothing of tiers or workflows: whoever does
registers a column in `AppConfig.ready()`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Values = Callable[[Sequence[int]], Mapping[int, object]]


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, who may see it, client ids → `value` (a few queries for a page) and the
    template that shows it.
    """

    label: str
    permission: str
    values: Values
    template: str


_columns: dict[str, Column] = {}


def register_column(label: str, permission: str, values: Values, template: str) -> None:
    """Add a column; a second one of the same heading takes its place."""
    _columns[label] = Column(label, permission, values, template)


def columns_for(permissions: frozenset[str]) -> list[Column]:
    """Return the columns that somebody with these permissions sees."""
    return [column for column in _columns.values() if column.permission in permissions]
