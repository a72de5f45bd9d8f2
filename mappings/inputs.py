"""What a rule may know besides the record, and how it ends. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Struct, field

from mappings.documents import Problem

Record = Mapping[str, object]


class Inputs(Struct, frozen=True):
    """All that a run may know besides the record.

    references: (object type, value) → what stands for it on the other side: the target
    system's id on the way out, the canonical key on the way in.
    unclear: (object type, value) → the keys of the several records that it may mean.
    values: value map → its table. variables: names that `var()` reads, such as the period.
    """

    references: Mapping[tuple[str, str], str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    variables: Mapping[str, object] = field(default_factory=dict)
    unclear: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)


class Stop(Exception):
    """A rule can't give a value, for the reason in `problem`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.message)


class _Skipped:
    """The type of `SKIPPED`."""

    def __repr__(self) -> str:
        return "left out"


SKIPPED: Final = _Skipped()


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One step of a rule, for the preview: its name and what came out."""

    name: str
    value: object
