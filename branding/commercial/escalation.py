"""Whom an exception goes to when its time runs out, step by step. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

MOST_STEPS: Final = 2
LEAST_PERCENT, MOST_PERCENT = 10, 500


class PathError(ValueError):
    """The steps are no path; the message says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """After so much of the time to solve it, an exception goes to the holders of a role."""

    percent: int
    role: str


# Where a client's tier says nothing.
USUAL: Final = (Step(100, "owner"),)


def read(rows: Iterable[Mapping[str, object]]) -> tuple[Step, ...]:
    """Return stored steps."""
    return tuple(Step(int(str(one["percent"])), str(one["role"])) for one in rows)


def stored(path: Iterable[Step]) -> list[dict[str, object]]:
    """Return steps as they are stored and signed."""
    return [{"percent": one.percent, "role": one.role} for one in path]


def check(path: Sequence[Step], roles: Iterable[str]) -> None:
    """Raise PathError unless each step comes later than the one before, to a role that there is."""
    known = set(roles)
    if len(path) > MOST_STEPS:
        raise PathError(f"At most {MOST_STEPS} steps.")
    for one in path:
        if not LEAST_PERCENT <= one.percent <= MOST_PERCENT:
            raise PathError(f"Write {LEAST_PERCENT} to {MOST_PERCENT} percent.")
        if one.role not in known:
            raise PathError("Choose who it goes to.")
    if any(one.percent >= later.percent for one, later in pairwise(path)):
        raise PathError("Each step comes later than the one before.")


def reached(path: Sequence[Step], begun: datetime, due: datetime, now: datetime) -> int:
    """Return how many steps an exception has come to, which has the time from `begun` to `due`."""
    whole = (due - begun).total_seconds()
    passed = 100 * (now - begun).total_seconds() / whole if whole > 0 else MOST_PERCENT
    return sum(one.percent <= passed for one in path)


def words(path: Sequence[Step], names: Mapping[str, str]) -> str:
    """Return such as "at 75 % to Support lead, at 100 % to Owner"."""
    return ", ".join(
        f"at {one.percent} % to {names.get(one.role, 'a former role')}" for one in path
    )
