"""One answer of the diagnosis."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a check came out; in order of weight."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """A check's name, how it came out, what was seen and, unless ok, what to do."""

    name: str
    level: Level
    seen: str
    to_do: str = ""


def ok(name: str, seen: str) -> Finding:
    """Return that all is well."""
    return Finding(name, Level.OK, seen)


def warn(name: str, seen: str, to_do: str) -> Finding:
    """Return something that works but should change."""
    return Finding(name, Level.WARN, seen, to_do)


def fail(name: str, seen: str, to_do: str) -> Finding:
    """Return something that does not work."""
    return Finding(name, Level.FAIL, seen, to_do)


def worst(findings: Iterable[Finding]) -> Level:
    """Return the heaviest level among the findings."""
    order = list(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)
