"""What waits in a partner's schema. A turn asks for all of it in a few statements.

Most turns find a page to read or some deliveries, and nothing else. Asked for thing by thing,
that is a dozen statements a turn, which cost more than a small partner's records do. What is
found here is looked at again, and locked, by whoever does it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils import timezone

from governance.state import OPEN as OPEN_REQUESTS
from syncjobs.engine.claim import AGED, DUE, LAPSED, deliverable, lapsed
from syncjobs.engine.release import STALE, stale
from syncjobs.engine.rows import fetch
from syncjobs.engine.runs import ENDED, ended
from syncjobs.intake.arrivals import ARRIVALS_DUE
from syncjobs.intake.comparing import COMPARES_DUE
from syncjobs.intake.polling import STREAMS_DUE
from syncjobs.state import CONNECTION, INBOUND, UNUSABLE, WORKFLOW

_MOST_STREAMS: Final = 20
_MOST_BEHIND: Final = 5


@dataclass(frozen=True, slots=True)
class Chores:
    """Which of the things that come before all work have anything to do."""

    leases: bool
    gates: bool
    aged: bool
    changes: bool
    reviews: bool
    schedules: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What is live: the streams for which something came, and those to be read now, both in the
    order in which their records refer to each other; and whether any delivery is due."""

    arrivals: list[int]
    streams: list[int]
    sends: bool


@dataclass(frozen=True, slots=True)
class Behind:
    """What is done where no live work is: the workflows whose backfill may go on, the streams
    whose full comparison is due or goes on, whether a preview, a report or a workflow that
    compares is due; and the runs that are over and of which nobody has noted it: their worker
    died.
    """

    workflows: list[int]
    compares: list[int]
    background: bool
    ended: list[int]


def begin() -> tuple[Chores, Work]:
    """Return what is to be done first, and what is live where none of that is to be done."""
    params = {"now": timezone.now(), "active": WORKFLOW.start}
    (found,) = fetch(_BEGIN, params | lapsed() | stale() | _live())
    *waits, arrivals, streams, sends = found
    return Chores(*waits), Work(arrivals, streams, sends)


def due_work() -> Work:
    """Return what is live."""
    (found,) = fetch(_WORK, _live())
    return Work(*found)


def due_behind() -> Behind:
    """Return what is done where no live work is."""
    params = {"unusable": sorted(UNUSABLE), "limit": _MOST_BEHIND}
    (found,) = fetch(_BEHIND, params | _background(timedelta(0)) | ended())
    return Behind(*found)


def has_background(waited: timedelta) -> bool:
    """Say whether a preview, a report or a workflow that compares was due so long ago."""
    return bool(fetch(f"SELECT {_BACKGROUND}", _background(waited))[0][0])


def _live() -> dict[str, object]:
    off = {"received": INBOUND.start, "off": CONNECTION.target("disable")}
    return deliverable() | off | {"limit": _MOST_STREAMS}


def _background(waited: timedelta) -> dict[str, object]:
    return {
        "waited": waited.total_seconds(),
        "active": WORKFLOW.start,
        "open": sorted(OPEN_REQUESTS),
    }


_LIVE: Final = f"ARRAY({ARRIVALS_DUE}), ARRAY({STREAMS_DUE}), EXISTS (SELECT 1 {DUE})"
_WORK: Final = f"SELECT {_LIVE}"
_BEGIN: Final = f"""
    SELECT EXISTS (SELECT 1 FROM syncjobs_delivery WHERE {LAPSED}),
        EXISTS (SELECT 1 FROM syncjobs_delivery WHERE {STALE}),
        EXISTS (SELECT 1 FROM syncjobs_delivery WHERE {AGED}),
        EXISTS (SELECT 1 FROM governance_changerequest
            WHERE status = 'scheduled' AND scheduled_for <= %(now)s),
        EXISTS (SELECT 1 FROM governance_changerequest
            WHERE emergency AND status = 'applied' AND reviewed_at IS NULL
              AND review_due_at <= %(now)s),
        EXISTS (SELECT 1 FROM syncjobs_workflow
            WHERE state = %(active)s AND next_run_at <= statement_timestamp()),
        {_LIVE}
"""  # noqa: S608  our own constants
_BEFORE: Final = "statement_timestamp() - %(waited)s * interval '1 second'"
_BACKGROUND: Final = f"""
    (EXISTS (SELECT 1 FROM governance_change g
            JOIN governance_changerequest r ON r.id = g.request_id
            WHERE g.impact_due_at <= {_BEFORE} AND r.status = ANY(%(open)s::text[]))
        OR EXISTS (SELECT 1 FROM branding_evidencereport WHERE due_at <= {_BEFORE})
        OR EXISTS (SELECT 1 FROM syncjobs_workflow w
            JOIN syncjobs_workflowversion v ON v.id = w.version_id
            WHERE w.state = %(active)s AND w.next_run_at <= {_BEFORE}
              AND v.definition #> '{{comparisons,0}}' IS NOT NULL))
"""  # noqa: S608  our own constants
_BEHIND: Final = f"""
    SELECT ARRAY(
            SELECT id FROM syncjobs_workflow
            WHERE state = %(active)s AND next_backfill_at <= statement_timestamp()
            ORDER BY next_backfill_at LIMIT %(limit)s),
        ARRAY({COMPARES_DUE}), {_BACKGROUND}, ARRAY({ENDED})
"""  # noqa: S608  our own constants
