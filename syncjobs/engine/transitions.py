"""The one place that writes a state, and only along `syncjobs.state`'s tables."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from syncjobs.engine.objects import update
from syncjobs.state import Machine
from syncjobs.telling.moves import tell_move

Row = TypeVar("Row", bound=Model)


def move_row(
    row: Model, machine: Machine, move: str, *, column: str = "state", **changes: Any
) -> None:
    """Move one row and save what changed with it. Raises BadTransition.

    Lock the row first (select_for_update) when anybody else may move it.
    """
    changes[column] = machine.after(getattr(row, column), move)
    for name, value in changes.items():
        setattr(row, name, value)
    update(row, list(changes))
    tell_move(row, move)


def move_rows(
    rows: QuerySet[Row], machine: Machine, move: str, *, column: str = "state", **changes: Any
) -> int:
    """Move every row from which the table has that way; return how many. The rest stay."""
    movable = rows.filter(**{f"{column}__in": machine.sources(move)})
    return movable.update(**{column: machine.target(move)}, **changes)
