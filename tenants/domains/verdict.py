"""From what DNS said to what happens to a domain and when it is looked at again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from tenants.domains.state import Move

FIRST: Final = timedelta(minutes=1)
SLOWEST_WAIT: Final = timedelta(hours=6)
SLOWEST_SILENCE: Final = timedelta(hours=1)
ACTIVE_EVERY: Final = timedelta(hours=6)
FAILING_EVERY: Final = timedelta(hours=1)
# A name that nobody proves is looked at by hand from then on.
PENDING_FOR: Final = timedelta(days=30)


class Proof(Enum):
    """What stands at the record of proof."""

    FOUND = "found"
    DIFFERENT = "different"
    ABSENT = "absent"
    SILENT = "silent"


class Pointing(Enum):
    """Where the name leads."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    NOWHERE = "nowhere"
    SILENT = "silent"


@dataclass(frozen=True)
class Seen:
    """What DNS said: of the proof, of the name, and the values that were not the expected ones."""

    proof: Proof
    pointing: Pointing
    values: tuple[str, ...] = ()
    leads_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """How a domain stands before a check.

    misses: checks in a row that did not bring it further. proved_at: when the proof was last
    seen. failing_since: set while failing.
    """

    state: str
    created_at: datetime
    proved_at: datetime | None = None
    failing_since: datetime | None = None
    misses: int = 0


@dataclass(frozen=True)
class Verdict:
    """What happens: moves in order, and the next check (None: by hand only)."""

    moves: tuple[Move, ...]
    misses: int
    next_check: datetime | None


def judge(standing: Standing, seen: Seen, now: datetime, grace: timedelta) -> Verdict:
    """Return what a check leads to; a DNS server's silence alone takes nothing away for `grace`."""
    moves = _moves(standing, seen, now, grace)
    further = bool(moves) or _is_well(standing, seen)
    misses = 0 if further else standing.misses + 1
    return Verdict(moves, misses, _next(standing, seen, moves, misses, now))


def _moves(standing: Standing, seen: Seen, now: datetime, grace: timedelta) -> tuple[Move, ...]:
    here = seen.pointing is Pointing.HERE
    if seen.proof is Proof.FOUND:
        found: dict[str, tuple[Move, ...]] = {
            "pending": ("prove", "activate") if here else ("prove",),
            "verified": ("activate",) if here else (),
            "failing": ("prove",),
        }
        return found.get(standing.state, ())
    gone = seen.proof is not Proof.SILENT
    if standing.state in {"verified", "active"}:
        silent_since = standing.proved_at or standing.created_at
        return ("lose",) if gone or now - silent_since >= grace else ()
    if standing.state == "failing" and now - (standing.failing_since or now) >= grace:
        return ("expire",)
    return ()


def _is_well(standing: Standing, seen: Seen) -> bool:
    return standing.state == "active" and seen.proof is Proof.FOUND


def _next(
    standing: Standing, seen: Seen, moves: tuple[Move, ...], misses: int, now: datetime
) -> datetime | None:
    if "expire" in moves:
        return None
    silent = seen.proof is Proof.SILENT
    if not moves and standing.state == "pending" and now - standing.created_at >= PENDING_FOR:
        return None
    if "lose" in moves or standing.state == "failing":
        return now + (ACTIVE_EVERY if "prove" in moves else FAILING_EVERY)
    if "activate" in moves or (standing.state == "active" and not silent):
        return now + ACTIVE_EVERY
    return now + wait_after(misses, SLOWEST_SILENCE if silent else SLOWEST_WAIT)


def wait_after(misses: int, most: timedelta) -> timedelta:
    """Return the wait after so many checks without progress: doubled each time, up to `most`."""
    times: int = 2 ** min(max(misses - 1, 0), 16)
    return min(FIRST * times, most)


def proof_text(seen: Seen, record: str, expected: str, wait: timedelta | None) -> str:
    """Return what to tell people about the proof."""
    if seen.proof is Proof.FOUND:
        return "The TXT record is in place."
    if seen.proof is Proof.ABSENT:
        return f"No TXT record found at {record}."
    if seen.proof is Proof.DIFFERENT:
        found = ", ".join(f"“{value}”" for value in seen.values)
        return f"Found {found} at {record}, expected “{expected}”."
    return f"The DNS server did not answer{_again(wait)}."


def pointing_text(seen: Seen, target: str) -> str:
    """Return what to tell people about where the name leads."""
    if seen.pointing is Pointing.HERE:
        return "The name points here."
    if seen.pointing is Pointing.NOWHERE:
        return f"The name does not lead anywhere yet; it must point to {target}."
    if seen.pointing is Pointing.ELSEWHERE:
        return f"The name points to {', '.join(seen.leads_to)}, expected {target}."
    return "Where the name points is not known: the DNS server did not answer."


def _again(wait: timedelta | None) -> str:
    if wait is None:
        return ""
    minutes = max(1, round(wait.total_seconds() / 60))
    if minutes < 60:
        return f"; we try again in {minutes} minute{'s' if minutes > 1 else ''}"
    hours = round(minutes / 60)
    return f"; we try again in {hours} hour{'s' if hours > 1 else ''}"
