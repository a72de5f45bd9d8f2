"""How fast a run goes and what remains of it, in words. Pure."""

from dataclasses import dataclass
from math import ceil
from typing import Final

WINDOW: Final = 60
_TOO_EARLY: Final = 5
# Of fewer nobody can say how long the rest takes, but for a rest that is as small.
_TOO_FEW: Final = 10


@dataclass(frozen=True, slots=True)
class Pace:
    """`per_minute`: rounded to two figures. `left`: words, empty where nobody can say."""

    per_minute: int
    left: str


def pace(closed: int, seconds: float, due: int, *, all_planned: bool = True) -> Pace | None:
    """Return the pace of what was closed in the last `seconds`; None where it says nothing.

    `due`: what could go out now. What is held, waits, failed or is due later is not in it: no
    pace finishes that. `all_planned`: False while more of the run comes, of which nobody knows
    how long it takes.
    """
    if not closed or not due or seconds < _TOO_EARLY:
        return None
    rate = closed / seconds
    tells = all_planned and (closed >= min(_TOO_FEW, due) or seconds >= WINDOW)
    return Pace(_rounded(rate * 60), _left(due / rate) if tells else "")


def _rounded(number: float) -> int:
    """Return the number with two figures: more would promise too much."""
    whole = max(round(number), 1)
    return round(whole, 2 - len(str(whole))) if whole > 99 else whole


def _left(seconds: float) -> str:
    minutes = ceil(seconds / 60)
    if minutes <= 1:
        return "less than a minute left"
    if minutes <= 90:
        return f"some {minutes} minutes left"
    hours = ceil(seconds / 3600)
    return f"some {hours} hours left" if hours <= 48 else f"some {ceil(hours / 24)} days left"
