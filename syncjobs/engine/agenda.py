"""What waits in a partner's schema. A turn asks for all of it in a few statements.

Most turns find a page to read or some deliveries, and nothing else. Asked for thing by thing,
that is a dozen statements a turn, which cost more than a small partner's records do. What is
found here is looked at again, and locked, by whoever does it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from governance.state import OPEN as OPEN_REQUESTS
from syncjobs.engine.claim import AGED, DUE, LAPSED, deliverable, lapsed
from syncjobs.engine.release import STALE, stale
from syncjobs.engine.rows import fetch
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


def chores() -> Chores:
    """Return what is to be done first."""
    params = {"now": timezone.now(), "active": WORKFLOW.start}
    (found,) = fetch(_CHORES, params | lapsed() | stale())
    return Chores(*found)


def due_work() -> tuple[list[int], list[int], bool]:
    """Return the streams for which something came, and those to be read now, both in the order
    in which their records refer to each other; and whether any delivery is due."""
    params = deliverable() | {
        "received": INBOUND.start,
        "off": CONNECTION.target("disable"),
        "limit": _MOST_STREAMS,
    }
    ((arrivals, streams, sends),) = fetch(_WORK, params)
    return arrivals, streams, sends


def due_behind() -> tuple[list[int], list[int]]:
    """Return the workflows whose backfill may go on, and the streams whose full comparison is due
    or goes on: what is done where no live work is."""
    params = {
        "now": timezone.now(),
        "active": WORKFLOW.start,
        "unusable": sorted(UNUSABLE),
        "limit": _MOST_BEHIND,
    }
    ((workflows, streams),) = fetch(_BEHIND, params)
    return workflows, streams


def has_background(before: datetime) -> bool:
    """Say whether a preview, a report or a workflow that compares was due before a moment."""
    params = {"before": before, "active": WORKFLOW.start, "open": sorted(OPEN_REQUESTS)}
    return bool(fetch(_BACKGROUND, params)[0][0])


_CHORES: Final = f"""
    SELECT EXISTS (SELECT 1 FROM syncjobs_delivery WHERE {LAPSED}),
        EXISTS (SELECT 1 FROM syncjobs_delivery WHERE {STALE}),
        EXISTS (SELECT 1 FROM syncjobs_delivery WHERE {AGED}),
        EXISTS (SELECT 1 FROM governance_changerequest
            WHERE status = 'scheduled' AND scheduled_for <= %(now)s),
        EXISTS (SELECT 1 FROM governance_changerequest
            WHERE emergency AND status = 'applied' AND reviewed_at IS NULL
              AND review_due_at <= %(now)s),
        EXISTS (SELECT 1 FROM syncjobs_workflow
            WHERE state = %(active)s AND next_run_at <= %(now)s)
"""  # noqa: S608  our own constants
_WORK: Final = f"SELECT ARRAY({ARRIVALS_DUE}), ARRAY({STREAMS_DUE}), EXISTS (SELECT 1 {DUE})"
_BEHIND: Final = f"""
    SELECT ARRAY(
            SELECT id FROM syncjobs_workflow
            WHERE state = %(active)s AND next_backfill_at <= %(now)s
            ORDER BY next_backfill_at LIMIT %(limit)s),
        ARRAY({COMPARES_DUE})
"""  # noqa: S608  our own constants
_BACKGROUND: Final = """
    SELECT EXISTS (SELECT 1 FROM governance_change g
            JOIN governance_changerequest r ON r.id = g.request_id
            WHERE g.impact_due_at <= %(before)s AND r.status = ANY(%(open)s::text[]))
        OR EXISTS (SELECT 1 FROM branding_evidencereport WHERE due_at <= %(before)s)
        OR EXISTS (SELECT 1 FROM syncjobs_workflow w
            JOIN syncjobs_workflowversion v ON v.id = w.version_id
            WHERE w.state = %(active)s AND w.next_run_at <= %(before)s
              AND v.definition #> '{comparisons,0}' IS NOT NULL)
"""
