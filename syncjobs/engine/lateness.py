"""What is later than its workflow promises: one exception a workflow, which closes by itself."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils import timezone

from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_workflow
from syncjobs.engine.objects import objects
from syncjobs.models import Delivery, Workflow
from syncjobs.state import DELIVERY, ISSUE, WORKFLOW

LATE: Final = "deliveries_late"
# Paused, it is late with nothing new; what was told before is still closed when it is over.
_PROMISED: Final = """
    sla_seconds IS NOT NULL AND (state = %(active)s OR id IN (
        SELECT i.workflow_id FROM syncjobs_issue i
        WHERE i.kind = %(kind)s AND i.state = ANY(%(open)s::text[])))
    ORDER BY id
"""


def late_deliveries(workflow: Workflow) -> QuerySet[Delivery]:
    """Return what has been open for longer than the workflow promises; none without a promise."""
    rows = Delivery.objects.filter(workflow=workflow, state__in=sorted(DELIVERY.open))
    if workflow.sla_seconds is None:
        return rows.none()
    return rows.filter(created_at__lt=timezone.now() - timedelta(seconds=workflow.sla_seconds))


def tell_late() -> int:
    """Raise what is late and close what no longer is; return for how many workflows it is."""
    params = {"active": WORKFLOW.start, "kind": LATE, "open": sorted(ISSUE.open)}
    return sum(map(_tell, objects(Workflow, _PROMISED, params)))


@transaction.atomic
def _tell(workflow: Workflow) -> bool:
    rows = late_deliveries(workflow)
    count, oldest = rows.count(), rows.aggregate(oldest=Min("created_at"))["oldest"]
    if not count:
        settle_workflow(workflow.pk, LATE, keep=())
        return False
    raise_issues([_occurrence(workflow, count, oldest)])
    return True


def _occurrence(workflow: Workflow, count: int, oldest: datetime) -> Occurrence:
    assert workflow.sla_seconds is not None
    promised = workflow.sla_seconds / 3600
    hours = "1 hour" if promised == 1 else f"{promised:g} hours"
    waiting = "1 delivery has" if count == 1 else f"{count} deliveries have"
    said = f"{waiting} waited longer, the first since {oldest:%Y-%m-%d %H:%M} UTC."
    cause = Cause(
        kind=LATE,
        client_id=workflow.client_id,
        same=(workflow.pk,),
        detail={"workflow": workflow.name, "hours": hours, "message": said},
        workflow_id=workflow.pk,
    )
    # It goes on; it is no new occurrence each time that somebody looks.
    return Occurrence(cause, said, counts=False)
