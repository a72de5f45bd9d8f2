"""Keeps a run's counters and state true to its deliveries."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db.models import Count
from django.utils import timezone

from syncjobs.engine.transitions import move_row
from syncjobs.models import Delivery, Run
from syncjobs.state import BLOCKED, DELIVERY, NEEDS_PERSON, RUN

_DROPPED: Final = DELIVERY.closed - {"delivered", "unchanged"}
_MOVES: Final = {target: move for move, (_, target) in RUN.moves.items() if move != "cancel"}


def refresh_runs(run_ids: Iterable[int]) -> None:
    """Count the deliveries of these runs and set each run's state from the counts."""
    ids = sorted(set(run_ids))
    if not ids:
        return
    counts: dict[int, dict[str, int]] = {id_: {} for id_ in ids}
    rows = Delivery.objects.filter(run_id__in=ids).order_by().values_list("run_id", "state")
    for run_id, state, number in rows.annotate(number=Count("id")):
        if run_id is not None:
            counts[run_id][state] = number
    for run in Run.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("id"):
        _refresh(run, counts[run.pk])


def _refresh(run: Run, counts: Mapping[str, int]) -> None:
    blocked = sum(counts.get(state, 0) for state in BLOCKED)
    failed = sum(counts.get(state, 0) for state in NEEDS_PERSON)
    moving = sum(counts.get(state, 0) for state in DELIVERY.open - BLOCKED - NEEDS_PERSON)
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
    else:
        Run.objects.filter(pk=run.pk).update(**changes)


def _state(*, moving: int, blocked: int, failed: int, total: int) -> str:
    if moving:
        return RUN.target("resume")
    if failed and failed == total:
        return RUN.target("settle_badly")
    return RUN.target("settle_partly" if blocked or failed else "settle_well")
