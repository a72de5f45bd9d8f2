"""Lets go what was held or waiting, the moment that what it watches for arrives.

No arrival is missed: whoever sets rows held or waiting looks at the neighbours under the shared
side of a lock, whoever brings something releases under its exclusive side, both until commit.
So either the holder sees what arrived, or the arrival sees the held row.
"""

from collections.abc import Iterable
from typing import Final

from django.db import transaction

from governance.deadlocks import again_after_deadlock
from syncjobs.engine.doorbell import touch
from syncjobs.engine.rows import fetch
from syncjobs.engine.runs import resume_runs
from syncjobs.neighbours import watch_live
from syncjobs.retry import RECHECK_SECONDS
from syncjobs.state import DELIVERY

_SPACE: Final = 7_201  # the advisory lock's first half: which of our locks this is


def lock_to_hold() -> None:
    """Take the shared side until the end of the transaction."""
    fetch(
        "SELECT pg_advisory_xact_lock_shared(%(space)s, hashtext(current_schema()))",
        {"space": _SPACE},
    )


def lock_to_release() -> None:
    """Take the exclusive side until the end of the transaction; rows are locked before it."""
    fetch("SELECT pg_advisory_xact_lock(%(space)s, hashtext(current_schema()))", {"space": _SPACE})


def ring_in_turn() -> None:
    """Ring for the schema from a transaction that may let go more later on.

    Everybody takes the lock before the bell's row; who rang first and then asked for the lock
    would wait in a circle with a worker.
    """
    lock_to_release()
    touch()


def release_watchers(client_id: int | None, keys: Iterable[str]) -> int:
    """Make due every held or waiting delivery of the client, or of all for None, that watches
    one of `keys`.

    Call it last in a transaction that changed records, references or deliveries. Returns how
    many were let go; their gates are asked again before anything is written.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return 0
    lock_to_release()
    released = fetch(
        _RELEASE,
        {
            "from": DELIVERY.sources("release"),
            "to": DELIVERY.target("release"),
            "client": client_id,
            "keys": wanted,
        },
    )
    if released:
        resume_runs(run for (run,) in released if run is not None)
        touch()
    return len(released)


def release_for_live(kind: str, name: str, client_id: int | None) -> None:
    """Let go what is held until a mapping or a value map has another live version.

    `client_id` None: for every client; whoever has one of its own is asked again, and held.
    """
    release_watchers(client_id, [watch_live(kind, name)])


@again_after_deadlock
def recheck(limit: int = 200) -> int:
    """Ask again the gates of rows that nothing has let go for long; return how many.

    A net under `release_watchers`, which passes over rows that somebody else has locked.
    """
    with transaction.atomic():
        lock_to_release()
        found = fetch(_RECHECK, stale() | {"to": DELIVERY.target("release"), "limit": limit})
        resume_runs(run for (run,) in found if run is not None)
    return len(found)


def stale() -> dict[str, object]:
    """Return the parameters of `STALE`."""
    return {"from": DELIVERY.sources("release"), "recheck": RECHECK_SECONDS}


_RELEASE: Final = """
    UPDATE syncjobs_delivery
    SET state = %(to)s, watch = '{}', not_before = statement_timestamp(),
        updated_at = statement_timestamp()
    WHERE id = ANY(ARRAY(
        SELECT id FROM syncjobs_delivery
        WHERE state = ANY(%(from)s::text[]) AND watch && %(keys)s::text[]
          AND (%(client)s::bigint IS NULL OR client_id = %(client)s)
        ORDER BY id FOR UPDATE SKIP LOCKED))
    RETURNING run_id
"""
# What nothing has let go for long.
STALE: Final = """
    state = ANY(%(from)s::text[])
    AND updated_at < statement_timestamp() - %(recheck)s * interval '1 second'
"""
_RECHECK: Final = f"""
    UPDATE syncjobs_delivery
    SET state = %(to)s, watch = '{{}}', not_before = statement_timestamp(),
        updated_at = statement_timestamp()
    WHERE id = ANY(ARRAY(
        SELECT id FROM syncjobs_delivery WHERE {STALE}
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
    RETURNING run_id
"""  # noqa: S608  our own constants
