"""Sending again what was written under a change that was rolled back. The app that writes
registers how in `AppConfig.ready()`; a kind without a registration wrote nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from governance.actors import Actor
    from governance.models import Change


@dataclass(frozen=True)
class Resent:
    """records: how many had gone out. planned: how many of them are under way again; the others
    were waiting to go out anyhow. runs: by their numbers, in which they are."""

    records: int = 0
    planned: int = 0
    runs: tuple[int, ...] = ()

    def __add__(self, other: "Resent") -> "Resent":
        runs = tuple(dict.fromkeys([*self.runs, *other.runs]))
        return Resent(self.records + other.records, self.planned + other.planned, runs)


@dataclass(frozen=True)
class Replay:
    """count: how many records went out under the change. run: sends these again, as a person
    with the right to would, and returns what came of it."""

    count: "Callable[[Change], int]"
    run: "Callable[[Actor, Change], Resent]"


_NOTHING = Replay(count=lambda change: 0, run=lambda actor, change: Resent())
_replays: dict[str, Replay] = {}


def register_replay(kind: str, replay: Replay) -> None:
    """Say how to send again what was written under changes of a kind."""
    _replays[kind] = replay


def replay_for(kind: str) -> Replay:
    """Return how; for a kind that writes nothing, one that finds nothing."""
    return _replays.get(kind, _NOTHING)
