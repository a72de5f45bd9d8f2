"""Keeps a run's counters and state true to its deliveries."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from syncjobs.engine.objects import update
from syncjobs.engine.rows import decode, execute, fetch
from syncjobs.engine.transitions import move_row
from syncjobs.models import Run
from syncjobs.state import BLOCKED, DELIVERY, MOVING, NEEDS_PERSON, RUN
from tenants.context import current_schema
from tenants.rows import columns_of, made_of

_DROPPED: Final = DELIVERY.closed - {"delivered", "unchanged"}
_OF_DELIVERIES: Final = (Run.Kind.WORKFLOW, Run.Kind.REPLAY, Run.Kind.BACKFILL)
_MOVES: Final = {target: move for move, (_, target) in RUN.moves.items() if move != "cancel"}


# A large run is counted again only after so many times what counting it took.
_REST: Final = 100.0
# A drain's first seconds count nothing: most are over by then, and their end counts once.
_FIRST_SECONDS: Final = 1.0
_rests: dict[tuple[str, int], float] = {}
_put_off: set[tuple[str, int]] = set()
_not_before: ContextVar[float] = ContextVar("_not_before", default=0.0)


@contextmanager
def counted_at_the_end() -> Iterator[None]:
    """For a drain, which calls `refresh_put_off` at its end."""
    before = _not_before.set(monotonic() + _FIRST_SECONDS)
    try:
        yield
    finally:
        _not_before.reset(before)


def refresh_soon(run_ids: Iterable[int]) -> None:
    """Refresh these runs, but for those in which work goes on and that were just counted.

    For the hot path: counting costs by the run's size. What is put off is counted by
    `refresh_put_off` at the drain's end.
    """
    schema, now = current_schema(), monotonic()
    wanted = set(run_ids)
    is_early = now < _not_before.get()
    due = {id_ for id_ in wanted if not is_early and _rests.get((schema, id_), 0.0) <= now}
    _put_off.update((schema, id_) for id_ in wanted - due)
    moving = refresh_runs(due)
    if len(_rests) > 1_000:
        _rests.clear()
    rest = monotonic() + _REST * (monotonic() - now)
    for id_ in due:
        if id_ in moving:
            _rests[schema, id_] = rest
        else:
            _rests.pop((schema, id_), None)


def resume_runs(run_ids: Iterable[int]) -> None:
    """Say of these runs that they go on, and count them: what others brought let some of their
    deliveries go. Were the worker that sees these through to die, `ENDED` would find the runs.

    Call it under the lock to release.
    """
    ids = sorted(set(run_ids))
    if ids:
        params = {"ids": ids, "from": RUN.sources("resume"), "to": RUN.target("resume")}
        execute(_RESUME, params)
        refresh_soon(ids)


def ended() -> dict[str, Any]:
    """Return the parameters of `ENDED`."""
    return {
        "kinds": [str(kind) for kind in _OF_DELIVERIES],
        "going": RUN.start,
        "moving": sorted(MOVING),
    }


def over() -> list[int]:
    """Return the runs that are over and of which nobody has noted it: their worker died."""
    return [id_ for (id_,) in fetch(ENDED, ended())]


def refresh_put_off(found: Collection[int]) -> None:
    """Refresh what was put off in this schema, and what `ENDED` found."""
    schema = current_schema()
    ours = {id_ for where, id_ in _put_off if where == schema}
    if ours or found:
        with transaction.atomic():
            refresh_runs({*ours, *found})
    _put_off.difference_update([(schema, id_) for id_ in ours])


def refresh_runs(run_ids: Iterable[int]) -> set[int]:
    """Count the deliveries of these runs and set each run's state from the counts.

    Returns the runs in which something moves still.
    """
    ids = sorted(set(run_ids))
    if not ids:
        return set()
    moving: set[int] = set()
    for *row, counted in fetch(_COUNTED, {"ids": ids}):
        run, counts = made_of(Run, row), decode(counted)
        _refresh(run, counts)
        if any(state in MOVING for state in counts):
            moving.add(run.pk)
    return moving


def _refresh(run: Run, counts: Mapping[str, int]) -> None:
    blocked = sum(counts.get(state, 0) for state in BLOCKED)
    failed = sum(counts.get(state, 0) for state in NEEDS_PERSON)
    moving = sum(counts.get(state, 0) for state in MOVING)
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


_RESUME: Final = """
    UPDATE syncjobs_run SET state = %(to)s, ended_at = NULL WHERE id = ANY(ARRAY(
        SELECT id FROM syncjobs_run
        WHERE id = ANY(%(ids)s::bigint[]) AND state = ANY(%(from)s::text[])
        ORDER BY id FOR NO KEY UPDATE))
"""
# What is over: it counts as running, and nothing moves in it; but for comparisons, which have no
# deliveries of their own, and what a backfill still plans into. With the parameters of `ended`.
ENDED: Final = """
    SELECT r.id FROM syncjobs_run r
    WHERE r.kind = ANY(%(kinds)s::text[]) AND r.state = %(going)s
      AND NOT r.detail ? 'comparing'
      AND NOT EXISTS (SELECT 1 FROM syncjobs_workflow w
                      WHERE w.id = r.workflow_id AND w.backfill ->> 'run' = r.id::text)
      AND NOT EXISTS (SELECT 1 FROM syncjobs_delivery d
                      WHERE d.run_id = r.id AND d.state = ANY(%(moving)s::text[]))
"""
_COUNTED: Final = f"""
    SELECT {columns_of(Run, "t")}, (
        SELECT coalesce(json_object_agg(d.state, d.number), '{{}}') FROM (
            SELECT state, count(*) AS number FROM syncjobs_delivery
            WHERE run_id = t.id GROUP BY state) d)
    FROM syncjobs_run t WHERE t.id = ANY(%(ids)s::bigint[]) ORDER BY t.id FOR NO KEY UPDATE
"""  # noqa: S608  our own constants
