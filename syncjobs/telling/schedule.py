"""When a message is tried again, and when an endpoint is given up. Pure."""

from datetime import datetime, timedelta
from typing import Final

# After each attempt that failed; eight attempts in all, the last after 27 hours and a half.
WAITS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
MOST_TRIES: Final = len(WAITS) + 1
GIVE_UP_AFTER: Final = timedelta(days=5)
# And so many messages were tried in vain since, the first time this long ago: two failures days
# apart, or a short outage after quiet days, are no reason.
LEAST_IN_VAIN: Final = 5
TRIED_BEFORE: Final = timedelta(hours=12)
# How long an endpoint is left alone, with all that waits for it, after it said no or nothing.
REST: Final = timedelta(seconds=5)
REST_UNANSWERED: Final = timedelta(seconds=60)
LONGEST_REST: Final = timedelta(hours=1)


def next_try(tries: int, now: datetime) -> datetime | None:
    """Return when a message that failed `tries` times is due again; None after the last."""
    return now + WAITS[tries - 1] if 0 < tries < MOST_TRIES else None


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Say whether an endpoint that has just failed once more has failed for long enough."""
    return failing_since is not None and now - failing_since >= GIVE_UP_AFTER


def rest_of(status: int, retry_after: str, now: datetime) -> datetime:
    """Return until when an endpoint rests after a failure; `status` 0 for no answer."""
    rest = REST if status else REST_UNANSWERED
    if retry_after.isascii() and retry_after.isdecimal():
        rest = max(rest, timedelta(seconds=min(int(retry_after[:9]), LONGEST_REST.total_seconds())))
    return now + rest
