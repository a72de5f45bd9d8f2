"""What a file would do, row by row: worked out by doing it and taking it back.

So a preview says exactly what the services would say, and nothing is true of the preview
that is not true of the import.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from django.db import transaction

from governance.actors import Actor
from tenants.tables.reading import Line

State = Literal["new", "changed", "same", "refused"]
ORDER: Final[tuple[State, ...]] = ("refused", "new", "changed", "same")


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one line: `title` says of what, `text` how or why not."""

    number: int
    state: State
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file would do. `target`: the page that shows the outcome, where it is not the list."""

    lines: Sequence[Line]
    rows: Sequence[Row]
    target: str = ""
    counts: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", Counter(row.state for row in self.rows))

    @property
    def is_sound(self) -> bool:
        """Whether it can go in: no row is refused, and there is something to do."""
        return not self.counts["refused"] and bool(self.counts["new"] + self.counts["changed"])

    @property
    def content_hash(self) -> str:
        """Names exactly this content and this outcome."""
        content = [[line.number, sorted(line.cells.items())] for line in self.lines]
        outcome = [[row.number, row.state, row.title, row.text] for row in self.rows]
        text = json.dumps([content, outcome], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


Run = Callable[[Actor, Sequence[Line]], Plan]


def preview(actor: Actor, run: Run, lines: Sequence[Line]) -> Plan:
    """Return what the lines would do; nothing of it stays."""
    with transaction.atomic():
        plan = run(actor, lines)
        transaction.set_rollback(True)
    return plan


def apply(actor: Actor, run: Run, lines: Sequence[Line], content_hash: str) -> tuple[Plan, bool]:
    """Do all of it, or nothing: when a row is refused, or it is not what was previewed.

    Returns the plan, and whether it went in.
    """
    with transaction.atomic():
        plan = run(actor, lines)
        done = plan.is_sound and plan.content_hash == content_hash
        if not done:
            transaction.set_rollback(True)
    return plan, done
