"""Why a claimed delivery does not go out now: it waits, is not needed, or a gate holds it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.utils import timezone

from syncjobs.engine.flows import definition_of
from syncjobs.engine.issues import Cause
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.gates import NEXT_CYCLE, REJECT, WARN, Context, GateResult, evaluate, holds
from syncjobs.neighbours import Neighbourhood, watch_delivery, watch_ref

# After this, a wait for another record is told to somebody.
PATIENCE: Final = timedelta(hours=1)
EARLIER: Final = "Waits for an earlier step."
DELETED: Final = "It was deleted before it was written."
WITHDRAWN: Final = "It was withdrawn in its source before it was written."


def context_of(job: Job, world: Neighbourhood) -> Context:
    """Return what the job's gates and conditions look at."""
    roles = definition_of(job.delivery.workflow_version).roles
    return Context(job.record, job.origin, roles, world)


def gate_results(job: Job, world: Neighbourhood) -> list[GateResult]:
    """Ask every gate of the job's step."""
    context = context_of(job, world)
    return [evaluate(gate, context) for gate in job.step.gates]


def must_wait(job: Job, open_before: Collection[int]) -> Outcome | None:
    """Wait for earlier steps, and for a record that others named and nobody has sent yet."""
    before = [id_ for id_ in job.delivery.after if id_ in open_before]
    if before:
        return Outcome(
            job,
            "wait",
            text=EARLIER,
            watch=tuple(watch_delivery(id_) for id_ in before),
        )
    if job.record.version == 0:
        return Outcome(
            job,
            "wait",
            text=f"Waits for {_named(job.record.type, job.record.key)} to be read.",
            watch=(job.record.watch_key,),
            cause=_overdue(job, job.record.type, job.record.key),
        )
    return None


def _named(type_: str, key: str) -> str:
    return f"{type_.replace('_', ' ')} {key}"


def _overdue(job: Job, type_: str, key: str) -> Cause | None:
    """Something that has waited for long needs a person; before that it is no exception."""
    delivery = job.delivery
    if timezone.now() - delivery.created_at < PATIENCE:
        return None
    return Cause(
        kind="dependency_missing",
        client_id=delivery.client_id,
        same=(delivery.connection_id, type_, key),
        detail={
            "record_type": type_.replace("_", " "),
            "key": key,
            "connection": delivery.connection.name,
        },
        connection_id=delivery.connection_id,
        workflow_id=delivery.workflow_id,
    )


def is_not_needed(job: Job, world: Neighbourhood) -> Outcome | None:
    """Leave out what its condition no longer calls for, or what is there and stays as it is."""
    step = job.step
    if job.delivery.verify:
        return None  # what an earlier start left there must be found out first
    if step.when and not holds(step.when, context_of(job, world)):
        return Outcome(job, "find_unchanged", text="Not needed any more.")
    if job.record.deleted and job.external_id is None:
        return Outcome(job, "find_unchanged", text=DELETED)
    if job.withdrawn:
        return Outcome(job, "find_unchanged", text=WITHDRAWN)
    if step.mode in ("create", "match") and job.external_id is not None:
        return Outcome(job, "find_unchanged", text="It is there already.")
    return None


def must_be_held(job: Job, world: Neighbourhood) -> Outcome | None:
    """Hold or reject what a gate does not let through; a warning is said with what is written."""
    if not job.step.gates:
        return None
    released = set(job.delivery.released_gates)
    found = [
        result
        for result in gate_results(job, world)
        if not result.passed and result.name not in released and result.then != NEXT_CYCLE
    ]
    rejected = [result for result in found if result.then == REJECT]
    if rejected:
        return _rejected(job, rejected)
    job.warning = " ".join(f"{one.label}: {_named_all(one)}." for one in found if one.then == WARN)
    refused = [result for result in found if result.then != WARN]
    if not refused:
        return None
    missing = "; ".join(text for result in refused for text in result.missing)
    return Outcome(
        job,
        "hold",
        text=f"Missing: {missing}"[:200],
        # The cause itself may be withdrawn meanwhile.
        watch=tuple(
            {key: None for one in refused for key in one.watch} | {job.origin.watch_key: None}
        ),
        refused_by=tuple(refused),
        cause=missing_cause(job, refused[0]),
    )


def _named_all(result: GateResult) -> str:
    return f"missing {', '.join(result.missing)}"


def _rejected(job: Job, rejected: list[GateResult]) -> Outcome:
    text = " ".join(f"{one.label}: {_named_all(one)}." for one in rejected)
    cause = missing_cause(job, rejected[0], kind="gate_rejected")
    return Outcome(job, "fail", text=text, error_class="rejected", attempt=True, cause=cause)


def missing_cause(job: Job, refused: GateResult, kind: str = "missing_prerequisite") -> Cause:
    """Return the exception that a gate raises: one for each thing that is missing."""
    delivery = job.delivery
    return Cause(
        kind=kind,
        client_id=delivery.client_id,
        same=(refused.name, *refused.missing),
        detail={
            "gate": refused.label,
            "missing": ", ".join(refused.missing),
            "message": refused.message,
            "alert": refused.alert,
            "then": refused.then,
            "wanted": [dict(one) for one in refused.wanted],
        },
        workflow_id=delivery.workflow_id,
    )


def wait_for_there(job: Job, *records: tuple[str, str]) -> Outcome:
    """Wait until these records, (type, key), exist in the job's target."""
    delivery = job.delivery
    type_, key = records[0]
    return Outcome(
        job,
        "wait",
        text=f"Waits for {_named(type_, key)} in {delivery.connection.name}.",
        watch=tuple(watch_ref(delivery.connection_id, *one) for one in records),
        cause=_overdue(job, type_, key),
    )
