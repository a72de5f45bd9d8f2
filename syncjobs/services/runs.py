"""What people do with runs."""

from django.db import transaction
from django.utils import timezone

from governance.actors import Actor
from governance.services import audit
from syncjobs import actions
from syncjobs.engine.issues import settle_issues
from syncjobs.engine.release import release_watchers
from syncjobs.engine.runs import refresh_runs
from syncjobs.engine.transitions import move_row, move_rows
from syncjobs.models import Delivery, Run
from syncjobs.neighbours import watch_delivery
from syncjobs.state import DELIVERY, RUN


@transaction.atomic
def cancel_run(actor: Actor, run: Run, *, reason: str = "") -> int:
    """Give up what of a run has not been written; return how many deliveries that is.

    What is being sent this moment ends as it ends. Raises NotPermitted, BadTransition.
    """
    actor.require("workflows.operate", run.client_id)
    row = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    move_row(row, RUN, "cancel", ended_at=timezone.now())
    open_rows = Delivery.objects.filter(run=row, state__in=DELIVERY.sources("cancel"))
    ids = list(open_rows.select_for_update().order_by("id").values_list("pk", flat=True))
    issues = set(
        Delivery.objects.filter(pk__in=ids, issue__isnull=False).values_list("issue_id", flat=True)
    )
    count = move_rows(
        Delivery.objects.filter(pk__in=ids),
        DELIVERY,
        "cancel",
        finished_at=timezone.now(),
        outcome=reason[:200] or "The run was cancelled.",
        issue=None,
    )
    refresh_runs([row.pk])
    audit.record(
        actions.RUN_CANCELLED,
        object_kind="run",
        object_id=row.pk,
        object_label=str(row),
        client_id=row.client_id,
        after={"cancelled": count},
        reason=reason,
    )
    settle_issues(issues)
    release_watchers(row.client_id, [watch_delivery(id_) for id_ in ids])
    return count
