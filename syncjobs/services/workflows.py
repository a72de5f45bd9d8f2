"""Installing workflows from blueprints, and running, pausing and trying them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from governance import correlation
from governance.actions import Action
from governance.actors import Actor
from governance.deadlocks import again_after_deadlock
from governance.errors import BadTransition
from governance.permits import laying_down
from governance.services import audit
from syncjobs import actions
from syncjobs.connectors.errors import ConnectorError
from syncjobs.engine.claim import Claim
from syncjobs.engine.definition import DefinitionError, parse_definition
from syncjobs.engine.doorbell import ring
from syncjobs.engine.flows import definition_of, flow_of
from syncjobs.engine.jobs import Job
from syncjobs.engine.known import known
from syncjobs.engine.plan import Cause, Raised, plan
from syncjobs.engine.prepare import load_jobs, prepare_in_turn
from syncjobs.engine.release import ring_in_turn
from syncjobs.engine.schedules import next_firing, wake
from syncjobs.engine.systems import Systems
from syncjobs.engine.transitions import move_row
from syncjobs.fingerprint import fingerprint
from syncjobs.models import (
    Blueprint,
    Connection,
    Delivery,
    Event,
    Run,
    Workflow,
    WorkflowVersion,
)
from syncjobs.services.blueprints import resolve
from syncjobs.state import BLOCKED, CLAIMABLE, RUN, WORKFLOW
from tenants.accounts.models import Client
from tenants.nouns import in_words
from tenants.outbox.doorbell import ring_after_commit

KIND = "workflow"
DRY_RUN_ROWS = 50
DRY_RUN_EVENTS = 20
ONLY_LOOKED_FOR = "It is only looked for there; nothing is written."


@again_after_deadlock
@transaction.atomic
def install_workflow(
    actor: Actor,
    *,
    client: Client,
    blueprint: str,
    bindings: Mapping[str, Connection],
    name: str = "",
    overrides: Mapping[str, object] | None = None,
    priority: int | None = None,
    pk: int | None = None,
) -> Workflow:
    """Install a blueprint for a client: mappings and streams that it needs, then version 1.

    People propose it (`workflow_changes`); this is for an approved change, and for setting a
    partner up. `bindings`: role (crm, psa, erp) → one of the client's connections. `overrides`:
    values for the blueprint's extension points. Raises NotPermitted, Ungoverned, ValidationError
    with what is missing.
    """
    actor.require("workflows.manage", client.pk)
    with laying_down(actor, KIND, pk or "new"):
        return _install(actor, client, blueprint, bindings, name, overrides or {}, priority, pk)


def _install(
    actor: Actor,
    client: Client,
    blueprint: str,
    bindings: Mapping[str, Connection],
    name: str,
    overrides: Mapping[str, object],
    priority: int | None,
    pk: int | None,
) -> Workflow:
    source = Blueprint.objects.filter(slug=blueprint).first()
    if source is None:
        raise ValidationError(f"There is no blueprint {blueprint}.")
    title = name or source.name
    if Workflow.objects.filter(client=client, name=title).exists():
        raise ValidationError(in_words("This client has a workflow of that name already."))
    definition = resolved(actor, source, client, bindings, overrides)
    workflow = Workflow.objects.create(
        pk=pk,
        client=client,
        blueprint=source,
        name=title,
        bindings={role: one.pk for role, one in bindings.items()},
        overrides=dict(overrides),
        priority=priority or int(definition.get("priority") or Workflow.Priority.NORMAL),
        mode=source.definition.get("mode", Workflow.Mode.REAL_TIME),
        schedule=source.definition.get("schedule", ""),
    )
    workflow.next_run_at = next_firing(workflow)
    version = WorkflowVersion.objects.create(
        workflow=workflow,
        number=1,
        definition=definition,
        hash=fingerprint(definition),
        created_by=actor.label[:200],
    )
    workflow.version = version
    workflow.save(update_fields=["version", "next_run_at"])
    ring_in_turn()
    _audit(actions.WORKFLOW_INSTALLED, workflow, after={"blueprint": blueprint, "version": 1})
    return workflow


def resolved(
    actor: Actor,
    source: Blueprint,
    client: Client,
    bindings: Mapping[str, Connection],
    overrides: Mapping[str, object],
) -> dict[str, Any]:
    """Return the definition that a blueprint gives for these systems, all that it needs made.

    Raises ValidationError with what is missing."""
    wrong = [one.name for one in bindings.values() if one.client_id != client.pk]
    if wrong:
        raise ValidationError(f"{', '.join(wrong)} belongs to another {in_words('client')}.")
    definition = resolve(actor, source, bindings, overrides)
    try:
        parse_definition(definition)
    except DefinitionError as error:
        raise ValidationError(str(error)) from error
    return definition


@transaction.atomic
def pause_workflow(actor: Actor, workflow: Workflow, *, reason: str) -> None:
    """Stop the workflow's writes; what comes in meanwhile waits, in order.

    Raises NotPermitted, BadTransition when it is paused already.
    """
    pause_locked(_locked(actor, workflow), reason)


def pause_locked(row: Workflow, reason: str) -> None:
    """Pause a workflow that the caller has locked and may pause. Raises BadTransition."""
    move_row(row, WORKFLOW, "pause")
    _audit(actions.WORKFLOW_PAUSED, row, reason=reason)
    ring_after_commit()


@transaction.atomic
def resume_workflow(actor: Actor, workflow: Workflow) -> None:
    """Let the workflow write again, starting with what waited. Raises as `pause_workflow`."""
    row = _locked(actor, workflow)
    move_row(row, WORKFLOW, "resume", next_run_at=next_firing(row))
    _audit(actions.WORKFLOW_RESUMED, row)
    ring_after_commit()
    ring()


def require_active(workflow: Workflow) -> None:
    """Raise BadTransition for a workflow that is paused."""
    if workflow.state != WORKFLOW.start:
        raise BadTransition(in_words("The workflow is paused. Resume it first."))


def _locked(actor: Actor, workflow: Workflow) -> Workflow:
    actor.require("workflows.operate", workflow.client_id)
    rows = Workflow.objects.select_for_update(of=("self",)).select_related("client", "version")
    return rows.get(pk=workflow.pk)


@again_after_deadlock
@transaction.atomic
def run_now(actor: Actor, workflow: Workflow) -> Run:
    """Read the workflow's sources now and deliver what is due; return the run that says so.

    Raises NotPermitted; BadTransition while it is paused.
    """
    row = _locked(actor, workflow)
    require_active(row)
    count, retried = wake(row)
    if row.version is not None and definition_of(row.version).comparisons:
        Workflow.objects.filter(pk=row.pk).update(next_run_at=timezone.now())
    run = Run.objects.create(
        client_id=row.client_id,
        kind=Run.Kind.WORKFLOW,
        trigger=Run.Trigger.PERSON if actor.kind == "person" else Run.Trigger.API,
        workflow=row,
        workflow_version=row.version,
        actor=actor.label[:200],
        correlation=correlation.current().correlation_id,
    )
    told = f"{count} sources are read now; {retried} deliveries were waiting for their turn."
    if row.version is not None and definition_of(row.version).comparisons:
        told += " The comparison begins now, as a run of its own."
    move_row(run, RUN, "settle_well", message=told, ended_at=timezone.now())
    _audit(actions.WORKFLOW_STARTED, row, after={"run": run.pk})
    ring()
    return run


@dataclass(frozen=True, slots=True)
class DryRunRow:
    """One request that would be sent now, or why none would be."""

    record: str
    step: str
    method: str = ""
    path: str = ""
    body: object = None
    problem: str = ""


def dry_run(actor: Actor, workflow: Workflow) -> list[DryRunRow]:
    """Show what the workflow would send for what is queued and for its latest events.

    At most 50 requests; none is sent and nothing is changed. Raises NotPermitted.
    """
    actor.require("workflows.operate", workflow.client_id)
    with transaction.atomic():
        _plan_latest(workflow)
        ready, decided = prepare_in_turn(load_jobs(_queued(workflow)))
        transaction.set_rollback(True)
    rows = [
        DryRunRow(one.job.record.key, one.job.step.label, problem=one.text)
        for one in decided
        if one.move != "find_unchanged"
    ]
    with Systems() as systems:
        rows += [_previewed(job, systems) for job in ready]
    audit.record(
        actions.WORKFLOW_DRY_RUN,
        object_kind="workflow",
        object_id=workflow.pk,
        object_label=workflow.name,
        client_id=workflow.client_id,
        after={"requests": len(ready)},
    )
    return rows


def _queued(workflow: Workflow) -> list[Claim]:
    due = Delivery.objects.filter(workflow=workflow, state__in=sorted(CLAIMABLE | BLOCKED))
    return [
        Claim(id_, 0) for id_ in due.order_by("-id").values_list("pk", flat=True)[:DRY_RUN_ROWS]
    ]


def _plan_latest(workflow: Workflow) -> None:
    """Plan for the latest events as if they had just been raised."""
    row = Workflow.objects.select_related("version", "client").get(pk=workflow.pk)
    flow = flow_of(row)
    events = Event.objects.filter(client_id=row.client_id, type__in=sorted(flow.definition.events))
    latest = list(events.select_related("record").order_by("-id")[:DRY_RUN_EVENTS])
    cause = Cause(
        client_id=row.client_id,
        trigger=Run.Trigger.PERSON,
        correlation=correlation.current().correlation_id,
        kind=Run.Kind.DRY_RUN,
        zone=row.client.time_zone,
    )
    plan([Raised(one.type, known(one.record), one.pk) for one in latest], cause, [flow])


def _previewed(job: Job, systems: Systems) -> DryRunRow:
    assert job.write is not None
    if job.step.mode == "match":
        return DryRunRow(job.record.key, job.step.label, problem=ONLY_LOOKED_FOR)
    try:
        shown = systems.open(job.delivery.connection).request_preview(job.write)
    except ConnectorError as error:
        return DryRunRow(job.record.key, job.step.label, problem=error.message)
    return DryRunRow(
        job.record.key,
        job.step.label,
        str(shown.get("method", "")),
        str(shown.get("path", "")),
        shown.get("body"),
    )


def _audit(
    action: Action,
    workflow: Workflow,
    *,
    reason: str = "",
    after: Mapping[str, object] | None = None,
) -> None:
    audit.record(
        action,
        object_kind="workflow",
        object_id=workflow.pk,
        object_label=workflow.name,
        client_id=workflow.client_id,
        after=after,
        reason=reason,
    )
