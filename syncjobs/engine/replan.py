"""Plans again for a cause whose step could not be derived when its event was raised."""

from django.db import transaction

from governance.deadlocks import again_after_deadlock
from syncjobs.engine import ledger
from syncjobs.engine.blocking import DELETED, WITHDRAWN
from syncjobs.engine.claim import Claim
from syncjobs.engine.flows import Flow, definition_of
from syncjobs.engine.issues import Cause as IssueCause
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.engine.live import Derived, LiveMappings, Subject, derive
from syncjobs.engine.plan import Cause, Planned, Raised, plan
from syncjobs.engine.release import lock_to_hold
from syncjobs.engine.withdrawn import is_withdrawn
from syncjobs.engine.world import load_paths, neighbourhood
from syncjobs.models import Run
from tenants.accounts.models import Client


def needs_replan(job: Job) -> bool:
    """Say whether the row stands for a record that is yet to be derived."""
    rule = job.step.derive
    return rule is not None and job.record.type != rule.object


def replan(job: Job, *, worker: str) -> None:
    """Plan the whole flow again for the cause, or keep the row waiting for what is missing.

    Nothing is made of a cause that was deleted or withdrawn meanwhile.
    """
    if job.origin.deleted or is_withdrawn(job):
        text = DELETED if job.origin.deleted else WITHDRAWN
        ledger.record([Outcome(job, "find_unchanged", text=text)], worker=worker)
        return
    derived = _derive(job)
    if derived.records is not None:
        _plan_and_end(job, worker)
    elif not derived.waits_for:
        ledger.record([_failed(job, derived)], worker=worker)


@again_after_deadlock
def _derive(job: Job) -> Derived:
    """Derive; where something is missing, the row waits for it."""
    with transaction.atomic():
        ledger.lock_claims([_claim(job)])
        lock_to_hold()
        derived = _try(job)
        if derived.records is None and derived.waits_for:
            waits = Outcome(job, "wait", text=derived.text[:200], watch=derived.waits_for)
            ledger.record_blocked([waits])
    return derived


@again_after_deadlock
def _plan_and_end(job: Job, worker: str) -> None:
    """Plan, then end the row, in one transaction: neither happens without the other."""
    with transaction.atomic():
        if not ledger.lock_claims([_claim(job)]):
            return
        planned = _plan(job)
        done = Outcome(job, "find_unchanged", text="Planned again.")
        ledger.record([done], worker=worker)
        planned.finish(job.delivery.client_id)


def _claim(job: Job) -> Claim:
    return Claim(job.delivery.pk, job.lease_no)


def _try(job: Job) -> Derived:
    rule = job.step.derive
    assert rule is not None
    client_id = job.delivery.client_id
    world = neighbourhood(client_id, [job.origin])
    load_paths(world, client_id, [(job.origin, rule.related)])
    subject = Subject(job.origin, job.origin, rule.related, job.delivery.variables)
    return derive(rule, LiveMappings(client_id).get(rule.mapping), subject, world)


def _failed(job: Job, derived: Derived) -> Outcome:
    delivery, rule = job.delivery, job.step.derive
    assert rule is not None
    return Outcome(
        job,
        "fail",
        text=derived.text[:200],
        error_class="rejected",
        attempt=True,
        cause=IssueCause(
            kind="mapping_problem",
            client_id=delivery.client_id,
            same=(rule.mapping, derived.rule, derived.target),
            detail={
                "mapping": rule.mapping,
                "target": derived.target or rule.object,
                "rule": derived.rule,
                "reason": derived.text,
            },
            workflow_id=delivery.workflow_id,
        ),
    )


def _plan(job: Job) -> Planned:
    delivery = job.delivery
    version = delivery.workflow_version
    flow = Flow(
        delivery.workflow_id, version.pk, delivery.workflow.priority, definition_of(version)
    )
    cause = Cause(
        client_id=delivery.client_id,
        trigger=Run.Trigger.RELEASE,
        correlation=delivery.correlation,
        zone=Client.objects.values_list("time_zone", flat=True).get(pk=delivery.client_id),
    )
    event = min(flow.definition.events)
    return plan([Raised(event, job.origin, delivery.event_id)], cause, [flow])
