"""Plans a workflow for records that were there before it, in small steps behind all live work.

A backfill walks the client's records in the order of their ids, takes those whose latest event
the workflow listens to still holds, and plans each as if the event had just been raised, in the
background class. It never plans faster than its own pace, nor while much of what it planned is
still to be written. What a target has already in the same content is found unchanged.

JSON shape of `Workflow.backfill`: {"from": "2026-01-01", "run": id, "after": record id,
"total": n, "done": n, "per_minute": n}.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from governance.deadlocks import again_after_deadlock
from mappings.canonical.upgrades import upgraded
from syncjobs.engine.definition import Definition
from syncjobs.engine.flows import definition_of, flow_of
from syncjobs.engine.plan import Cause, Raised, plan
from syncjobs.engine.rows import database_now, decode, encode, fetch
from syncjobs.engine.transitions import move_row
from syncjobs.events import standing_rules
from syncjobs.models import Delivery, Run, Workflow
from syncjobs.neighbours import Known
from syncjobs.state import CLAIMABLE, RUN

STEP: Final = 100
MOST_OPEN: Final = 300
_LOOK_AGAIN: Final = timedelta(seconds=5)


@again_after_deadlock
@transaction.atomic
def backfill(workflow_id: int) -> bool:
    """Plan the next records of a workflow's backfill; say whether any were looked at."""
    rows = Workflow.objects.select_for_update(of=("self",), skip_locked=True)
    workflow = (
        rows.select_related("client", "version")
        .filter(pk=workflow_id, backfill__isnull=False, next_backfill_at__lte=database_now())
        .first()
    )
    if workflow is None or workflow.backfill is None:
        return False
    state = workflow.backfill
    written = Delivery.objects.filter(run_id=state["run"], state__in=sorted(CLAIMABLE))
    if written.count() > MOST_OPEN:
        _keep(workflow, state, database_now() + _LOOK_AGAIN)
        return False
    found = _find(workflow, state, STEP)
    if not found:
        _end(workflow, state)
        return True
    flow = replace(flow_of(workflow), priority=int(Workflow.Priority.BULK), not_before=None)
    run = Run.objects.get(pk=state["run"])
    cause = Cause(
        client_id=workflow.client_id,
        trigger=run.trigger,
        correlation=run.correlation,
        kind=Run.Kind.BACKFILL,
        actor=run.actor,
        zone=workflow.client.time_zone,
        run_id=run.pk,
    )
    planned = plan(found, cause, [flow])
    done = state["done"] + len(found)
    pause = timedelta(minutes=len(found) / state["per_minute"])
    moved = {**state, "after": found[-1].record.id, "done": done}
    _keep(workflow, moved, database_now() + pause)
    told = f"{done} of about {state['total']} records from {state['from']} on are planned."
    Run.objects.filter(pk=run.pk).update(message=told, read=done)
    planned.finish(workflow.client_id)
    return True


def count_backfill(workflow: Workflow, start: str) -> int:
    """Return how many records a backfill from a day (YYYY-MM-DD) on would plan."""
    params = _params(workflow, {"from": start, "after": 0}, 0)
    return int(fetch(_COUNT, params)[0][0]) if params else 0


def _keep(workflow: Workflow, state: Mapping[str, Any], due: datetime) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(backfill=dict(state), next_backfill_at=due)


def _end(workflow: Workflow, state: Mapping[str, Any]) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(backfill=None, next_backfill_at=None)
    run = Run.objects.select_for_update(of=("self",)).get(pk=state["run"])
    told = f"All {state['done']} records from {state['from']} on were planned."
    Run.objects.filter(pk=run.pk).update(message=told, read=state["done"])
    if run.state == RUN.start and not run.planned:
        move_row(run, RUN, "settle_well", message=told, ended_at=timezone.now())


def _find(workflow: Workflow, state: Mapping[str, Any], limit: int) -> list[Raised]:
    params = _params(workflow, state, limit)
    return [
        Raised(
            event,
            Known(type_, key, upgraded(type_, decode(data), shape), version, deleted=False, id=id_),
            event_id,
        )
        for id_, type_, key, data, shape, version, event, event_id in fetch(_FIND, params)
    ]


def _params(workflow: Workflow, state: Mapping[str, Any], limit: int) -> dict[str, Any]:
    assert workflow.version is not None
    definition = definition_of(workflow.version)
    rules = [
        {
            "event": one.event,
            "type": one.type,
            "field": one.field,
            "allowed": sorted(one.values),
        }
        for one in standing_rules(definition.events)
    ]
    return {
        "client": workflow.client_id,
        "types": sorted({str(one["type"]) for one in rules}),
        "rules": encode(rules),
        "after": state["after"],
        "from": state["from"],
        "date": _date_field(definition),
        "zone": workflow.client.time_zone,
        "limit": limit,
    }


def _date_field(definition: Definition) -> str:
    """The record's own day, where the definition names one: the day of work, above all."""
    return str((definition.cycle or {}).get("date", "")) if definition.cycle else ""


_RECORDS: Final = """
    FROM syncjobs_canonicalrecord r
    CROSS JOIN LATERAL (
        SELECT e.id, e.type FROM syncjobs_event e
        JOIN jsonb_to_recordset(%(rules)s::jsonb) AS x(
            event text, type text, field text, allowed text[])
          ON x.event = e.type AND x.type = r.type
         AND (x.field = '' OR r.data ->> x.field = ANY(x.allowed))
        WHERE e.record_id = r.id ORDER BY e.id DESC LIMIT 1) AS e
    WHERE r.client_id = %(client)s AND r.type = ANY(%(types)s::text[]) AND r.id > %(after)s
      AND NOT r.deleted AND r.version > 0
      AND coalesce(left(r.data ->> %(date)s, 10), to_char(
            coalesce(r.source_at, r.created_at) AT TIME ZONE %(zone)s, 'YYYY-MM-DD')) >= %(from)s
"""
_COUNT: Final = "SELECT count(*)" + _RECORDS
_FIND: Final = (
    "SELECT r.id, r.type, r.key, r.data, r.schema_version, r.version, e.type, e.id"
    + _RECORDS
    + " ORDER BY r.id LIMIT %(limit)s"
)
