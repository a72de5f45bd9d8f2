"""Work that was not done by when it was promised. Who knows of it registers a counter: tiers are
told what happened and look for nothing themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from branding.commercial.months import Month


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise that was not kept. key: what names it for good; day: of the client's own time
    zone, the one on which it was due.
    """

    key: int
    day: date


# Client id → its time zone, and the month, to client id → what was due in it and late.
Counter = Callable[[Mapping[int, str], Month], Mapping[int, Sequence[Breach]]]
_counters: Final[list[Counter]] = []


def register_breaches(counter: Counter) -> None:
    """Let a counter be asked; from AppConfig.ready()."""
    _counters.append(counter)


def breaches_in(zones: Mapping[int, str], month: Month) -> dict[int, list[Breach]]:
    """Return client id → the month's breaches, the earliest first; nobody asked, nothing done."""
    found: dict[int, list[Breach]] = {client_id: [] for client_id in zones}
    for counter in _counters if zones else ():
        for client_id, some in counter(zones, month).items():
            found[client_id] += some
    return {key: sorted(some, key=lambda one: (one.day, one.key)) for key, some in found.items()}
