"""Control totals as data. Pure.

A control holds when every project's source, less what is left out for a reason, equals its
target to the cent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

ZERO = Decimal("0.00")
ByProject = dict[str, Decimal]


@dataclass(frozen=True)
class Control:
    """One comparison. `left_out` is source money that must not be in the target, and why."""

    name: str
    kind: str  # the canonical object that the money is of
    source: ByProject
    target: ByProject
    left_out: ByProject = field(default_factory=dict)
    why: str = ""

    @property
    def differences(self) -> ByProject:
        """Per project, what the target has too much (or too little)."""
        keys = {*self.source, *self.target, *self.left_out}
        found = {
            key: self.target.get(key, ZERO)
            - self.source.get(key, ZERO)
            + self.left_out.get(key, ZERO)
            for key in keys
        }
        return {key: value for key, value in sorted(found.items()) if value}

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


@dataclass(frozen=True)
class Audit:
    """All controls of a client, and what else is wrong in its systems (empty when nothing)."""

    currency: str
    controls: list[Control]
    faults: list[str]

    @property
    def holds(self) -> bool:
        """Whether every control holds and no fault was found."""
        return not self.faults and all(one.holds for one in self.controls)


def total(amounts: Mapping[str, Decimal]) -> Decimal:
    """The sum over all projects."""
    return sum(amounts.values(), ZERO)
