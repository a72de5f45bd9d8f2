"""How far a run of comparisons has come: what the ended ones found, as it is kept in the run.

Comparison by comparison, so that another worker goes on with the next one where this one died.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone

from syncjobs.engine.issues import Cause, Occurrence
from syncjobs.models import Run
from syncjobs.state import RUN

# What was compared longer ago is compared again: the systems have changed since.
HOLDS_FOR: Final = timedelta(hours=2)
_KEY: Final = "done"


@dataclass(slots=True)
class Found:
    """What a run of comparisons found so far. ended: the names of those that are through."""

    read: int = 0
    ended: list[str] = field(default_factory=list)
    told: list[dict[str, object]] = field(default_factory=list)
    issues: list[Occurrence] = field(default_factory=list)
    billed: dict[tuple[str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    hours: dict[tuple[str, str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))


def keep(run: Run, found: Found) -> None:
    """Note in the run what is through. A run that was ended elsewhere is left as it is."""
    issues = [[list(one.cause.same), dict(one.cause.detail), one.text] for one in found.issues]
    done = {
        "at": timezone.now().isoformat(),
        "read": found.read,
        "ended": found.ended,
        "told": found.told,
        "issues": issues,
        "billed": [[*place, str(amount)] for place, amount in found.billed.items()],
        "hours": [[*place, str(hours)] for place, hours in found.hours.items()],
    }
    run.detail = {**run.detail, _KEY: done}
    Run.objects.filter(pk=run.pk, state=RUN.start).update(detail=run.detail)


def kept_in(run: Run, kind: str) -> Found:
    """Return what is through already, of this run or of the one that it goes on with."""
    done = run.detail.get(_KEY)
    found = Found()
    if not done:
        return found
    found.read, found.ended, found.told = done["read"], done["ended"], done["told"]
    for same, detail, text in done["issues"]:
        cause = Cause(kind, run.client_id, tuple(same), detail, workflow_id=run.workflow_id)
        found.issues.append(Occurrence(cause, text))
    found.billed.update({(one, two): Decimal(amount) for one, two, amount in done["billed"]})
    found.hours.update({(a, b, c): Decimal(hours) for a, b, c, hours in done["hours"]})
    return found


def left_by(run: Run) -> dict[str, Any]:
    """Return what the run before this one left, for this run's detail; nothing after a good one,
    under another version, or when it is too long ago."""
    rows = Run.objects.filter(workflow=run.workflow, stream=None).exclude(pk=run.pk)
    last = rows.filter(trigger=run.trigger).order_by("-pk").first()
    if last is None or last.workflow_version_id != run.workflow_version_id:
        return {}
    done = last.detail.get(_KEY)
    since = (timezone.now() - HOLDS_FOR).isoformat()
    return {_KEY: done} if done and done["at"] >= since else {}
