"""Places outside the database, besides the folder, where a trail's end is written down. Pure.

Each is optional. What is set up where an installation runs stands in `governance.apps`; higher
apps register theirs in `AppConfig.ready()`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


class SinkFailed(Exception):
    """A place did not take an anchor; the message says why, fit to show to a partner."""


@dataclass(frozen=True, slots=True)
class AnchorLine:
    """A signed statement of which seal is the last. text: the exact JSON that was signed."""

    trail: str
    seal: int
    seal_hash: str
    text: str
    signature: str

    def as_json(self, **more: str) -> str:
        """Return it as one line of the anchors' file, without a space."""
        told = {"statement": self.text, "signature": self.signature, **more}
        return json.dumps(told, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Found:
    """What a place still has of a trail. agreeing: how many anchors bear in their names the hash
    that the chain has; lines: those to be compared as a whole. notes: what else was seen."""

    agreeing: int
    lines: list[str]
    notes: list[str]


Read = Callable[[str, Mapping[int, str], float], Found]


@dataclass(frozen=True, slots=True)
class Sink:
    """One place. every: how long it is left alone after an anchor that it took.

    is_active: whether it is set up, for the schema that is entered. write: gives it a line and
    returns where that is now; raises SinkFailed. local: it is of this schema alone, so that its
    failure says nothing about other schemas.
    read: gives back what it has of a trail, whose seals' hashes are given by number, within so
    many seconds; raises SinkFailed. noted_as: how what `write` returns begins. by_hand: of a place
    that can't be read from here, how people compare it.
    """

    name: str
    label: str
    every: Callable[[], timedelta]
    is_active: Callable[[], bool]
    write: Callable[[AnchorLine], str]
    local: bool = False
    read: Read | None = None
    noted_as: str = ""
    by_hand: str = ""


@dataclass(frozen=True, slots=True)
class PlaceStanding:
    """How a place stands for the trail of the schema that is entered, for people.

    at: when it took the last anchor. failing: since when it takes none. said: why, fit to show.
    """

    label: str
    at: datetime | None
    failing: datetime | None
    said: str


_sinks: dict[str, Sink] = {}
_tellers: list[Callable[[], list[PlaceStanding]]] = []


def register_sink(sink: Sink) -> None:
    """Add a place; one of the same name is replaced."""
    _sinks[sink.name] = sink


def active_sinks() -> list[Sink]:
    """Return the places that are set up for the schema that is entered."""
    return [sink for sink in _sinks.values() if sink.is_active()]


def sink_label(name: str) -> str:
    """Return how people call a place."""
    return _sinks[name].label if name in _sinks else name


def tell_standings_by(teller: Callable[[], list[PlaceStanding]]) -> None:
    """Say who knows how the places stand. One only."""
    _tellers[:] = [teller]


def place_standings() -> list[PlaceStanding]:
    """Return how the places that are set up here stand."""
    return [one for teller in _tellers for one in teller()]
