"""Keeps a run's counters and state true to its deliveries."""

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from syncjobs.engine.objects import objects, update
from syncjobs.engine.rows import fetch
from syncjobs.engine.transitions import move_row
from syncjobs.models import Run
from syncjobs.state import BLOCKED, DELIVERY, NEEDS_PERSON, RUN
from tenants.context import current_schema

_DROPPED: Final = DELIVERY.closed - {"delivered", "unchanged"}
_OF_DELIVERIES: Final = (Run.Kind.WORKFLOW, Run.Kind.REPLAY)
_MOVING: Final = DELIVERY.open - BLOCKED - NEEDS_PERSON
_MOVES: Final = {target: move for move, (_, target) in RUN.moves.items() if move != "cancel"}


# A large run is counted again only after so many times what counting it took.
_REST: Final = 100.0
_rests: dict[tuple[str, int], float] = {}
_put_off: set[tuple[str, int]] = set()


def refresh_soon(run_ids: Iterable[int]) -> None:
    """Refresh these runs, but for those in which work goes on and that were just counted.

    For the hot path: counting costs by the run's size. What is put off is counted by
    `refresh_put_off` at the drain's end.
    """
    schema, now = current_schema(), monotonic()
    due = {id_ for id_ in run_ids if _rests.get((schema, id_), 0.0) <= now}
    _put_off.update((schema, id_) for id_ in set(run_ids) - due)
    moving = refresh_runs(due)
    if len(_rests) > 1_000:
        _rests.clear()
    rest = monotonic() + _REST * (monotonic() - now)
    for id_ in due:
        if id_ in moving:
            _rests[schema, id_] = rest
        else:
            _rests.pop((schema, id_), None)


def refresh_put_off() -> None:
    """Refresh what was put off in this schema, and what a worker that died had put off: runs
    that count as running and in which nothing moves any more.
    """
    schema = current_schema()
    ours = {id_ for where, id_ in _put_off if where == schema}
    params = {
        "kinds": [str(kind) for kind in _OF_DELIVERIES],
        "going": RUN.start,
        "moving": sorted(_MOVING),
    }
    ended = [id_ for (id_,) in fetch(_ENDED, params)]
    if ours or ended:
        with transaction.atomic():
            refresh_runs({*ours, *ended})
    _put_off.difference_update([(schema, id_) for id_ in ours])


def refresh_runs(run_ids: Iterable[int]) -> set[int]:
    """Count the deliveries of these runs and set each run's state from the counts.

    Returns the runs in which something moves still.
    """
    ids = sorted(set(run_ids))
    if not ids:
        return set()
    counts: dict[int, dict[str, int]] = {id_: {} for id_ in ids}
    for run_id, state, number in fetch(_COUNTS, {"ids": ids}):
        counts[run_id][state] = number
    for run in objects(Run, _THESE, {"ids": ids}):
        _refresh(run, counts[run.pk])
    return {id_ for id_ in ids if any(state in _MOVING for state in counts[id_])}


def _refresh(run: Run, counts: Mapping[str, int]) -> None:
    blocked = sum(counts.get(state, 0) for state in BLOCKED)
    failed = sum(counts.get(state, 0) for state in NEEDS_PERSON)
    moving = sum(counts.get(state, 0) for state in _MOVING)
    changes: dict[str, Any] = {
        "planned": sum(counts.values()),
        "delivered": counts.get("delivered", 0),
        "unchanged": counts.get("unchanged", 0),
        "blocked": blocked,
        "failed": failed,
        "dropped": sum(counts.get(state, 0) for state in _DROPPED),
    }
    state = _state(moving=moving, blocked=blocked, failed=failed, total=sum(counts.values()))
    if state != run.state and RUN.may(run.state, _MOVES[state]):
        changes["ended_at"] = None if state == RUN.start else timezone.now()
        move_row(run, RUN, _MOVES[state], **changes)
        return
    changes = {name: value for name, value in changes.items() if getattr(run, name) != value}
    for name, value in changes.items():
        setattr(run, name, value)
    if changes:
        update(run, list(changes))


def _state(*, moving: int, blocked: int, failed: int, total: int) -> str:
    if moving:
        return RUN.target("resume")
    if failed and failed == total:
        return RUN.target("settle_badly")
    return RUN.target("settle_partly" if blocked or failed else "settle_well")


_THESE: Final = "id = ANY(%(ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
_ENDED: Final = """
    SELECT r.id FROM syncjobs_run r
    WHERE r.kind = ANY(%(kinds)s::text[]) AND r.state = %(going)s
      AND NOT EXISTS (SELECT 1 FROM syncjobs_delivery d
                      WHERE d.run_id = r.id AND d.state = ANY(%(moving)s::text[]))
"""
_COUNTS: Final = """
    SELECT run_id, state, count(*) FROM syncjobs_delivery
    WHERE run_id = ANY(%(ids)s::bigint[]) GROUP BY run_id, state
"""
