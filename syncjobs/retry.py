"""What follows an error: read from its class, never from its message. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

BASE_SECONDS: Final = 2.0
CAP_SECONDS: Final = 300.0
# A system that keeps asking for a pause is obeyed longer than one that keeps failing.
MAX_ATTEMPTS: Final = {"transient": 8, "rate_limited": 40, "unknown": 5, "conflict": 3}
MAX_UNFINISHED_STARTS: Final = 3
# What is held or waits is asked again then, though nothing that it waits for was seen to come.
RECHECK_SECONDS: Final = 1_800
LONGEST_PAUSE: Final = 3600.0
LOOK_UP_AFTER: Final = 3.0
# Where the system itself answered that it failed, and when to come back.
LOOK_UP_ANSWERED: Final = 1.0
# What a system that is out gives; it counts for the breaker.
OUTAGE: Final = frozenset({"transient", "unknown"})
# Answers of the system itself; 502 and 504 are a gateway's, behind which it may still be at work.
OWN_ANSWERS: Final = frozenset({500, 503})


@dataclass(frozen=True, slots=True)
class Decision:
    """A move of the delivery's machine, and in how many seconds it may be tried again.

    `verify`: the target must be asked first what the last attempt left there.
    """

    move: str
    delay: float = 0.0
    verify: bool = False


def backoff(attempt: int, draw: Callable[[], float], cap: float = CAP_SECONDS) -> float:
    """Return seconds to wait after `attempt` (from 1): exponential, capped, with full jitter.

    `draw` gives a number from 0 up to 1.
    """
    ceiling = min(cap, BASE_SECONDS * 2.0 ** min(attempt - 1, 20))
    return ceiling * draw()


def decide(
    kind: str,
    *,
    attempt: int,
    retry_after: float | None,
    draw: Callable[[], float],
    status: int = 0,
    is_out: bool = False,
    tries: int = 0,
) -> Decision:
    """Return what follows an error of class `kind` in the given attempt (from 1).

    `status`: of the answer, 0 for none. `is_out`: the call wrote nothing, and the system's last
    answer was a failure, or its breaker was not closed: that it is still out says nothing of the
    delivery, so an outage uses up nobody's patience, however often it is looked for its end.
    `tries`: how many the step has of its own, 0 for those of the class. A lost answer keeps those
    of its class: they are questions, not writes.
    """
    if kind == "config":
        return Decision("give_back")  # nothing passes until somebody mends the connection
    limit = MAX_ATTEMPTS.get(kind)
    if limit is None:  # permanent, rejected
        return Decision("fail")
    if tries and kind != "unknown":
        limit = tries
    is_out = is_out and kind in OUTAGE
    if attempt >= limit and not is_out:
        return Decision("park", verify=True) if kind == "unknown" else Decision("fail")
    delay = backoff(attempt, draw, LONGEST_OPEN if is_out else CAP_SECONDS)
    if retry_after is not None:
        # The system's own wish, plus a little so that not all come back in the same instant.
        delay = min(retry_after, LONGEST_PAUSE) + min(delay, 0.1 * retry_after)
    if kind == "unknown":
        # A look-up straight after a time-out can come before the target has committed. Who says
        # when to come back has ended the call, whatever it did before.
        has_ended = retry_after is not None and status in OWN_ANSWERS
        least = LOOK_UP_ANSWERED if has_ended else LOOK_UP_AFTER
        return Decision("lose_answer", max(delay, least), verify=True)
    return Decision("retry_later", delay)


def after_lost_lease(unfinished_starts: int, *, may_have_sent: bool) -> Decision:
    """Return what follows a worker that never came back: asked first, or parked as poison.

    `may_have_sent`: what is about to be sent is noted before; without a note nothing was, and
    the target is not asked. The start counts all the same: preparing it can be what kills.
    """
    if unfinished_starts >= MAX_UNFINISHED_STARTS:
        return Decision("park", verify=may_have_sent)
    return Decision("lose_lease" if may_have_sent else "give_back", verify=may_have_sent)


# --- the breaker in front of a connection ------------------------------------------------

TRIP_AFTER: Final = 5
OPEN_SECONDS: Final = 15.0
# So long at the most goes by before a system that is back is used again: one call a minute asks
# little of one that is down.
LONGEST_OPEN: Final = 60.0


def trips(failures: int) -> bool:
    """Say whether this many failures in a row open the breaker."""
    return failures >= TRIP_AFTER


def open_for(failures: int) -> float:
    """Return for how many seconds the breaker stays open: after the failures that open it, and
    twice as long with each probe that fails then.
    """
    rounds = max(0, failures - TRIP_AFTER)
    return min(LONGEST_OPEN, OPEN_SECONDS * 2.0 ** min(rounds, 10))
