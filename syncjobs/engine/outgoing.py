"""Maps a record to what its target gets, or says why it cannot be mapped."""

from collections.abc import Sequence
from typing import Final

from mappings.documents import Problem
from mappings.rules import VALUE_HELD
from syncjobs.connectors.base import Write
from syncjobs.engine.blocking import missing_cause, wait_for_there
from syncjobs.engine.definition import Step
from syncjobs.engine.issues import Cause
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.engine.live import Live, Subject, map_out, value_map_of
from syncjobs.fingerprint import fingerprint
from syncjobs.gates import GateResult
from syncjobs.neighbours import Neighbourhood, watch_live


def no_mapping(job: Job) -> Outcome:
    """Return the outcome of a job whose mapping is not published."""
    delivery = job.delivery
    return Outcome(
        job,
        "fail",
        text=f"There is no published mapping {delivery.mapping}.",
        error_class="config",
        attempt=True,
        cause=Cause(
            kind="mapping_missing",
            client_id=delivery.client_id,
            same=(delivery.mapping,),
            detail={"mapping": delivery.mapping},
            workflow_id=delivery.workflow_id,
        ),
    )


def set_write(job: Job, live: Live, world: Neighbourhood) -> Outcome | None:
    """Map the record and set the job's write; an outcome when nothing is to be sent."""
    delivery, step = job.delivery, job.step
    mapped = map_out(live, subject_of(job), delivery.connection_id, world)
    job.mapping_version = live.version_id
    if mapped.missing:
        return wait_for_there(job, *mapped.missing)
    if mapped.problems and all(one.code == VALUE_HELD for one in mapped.problems):
        return _held_by_check(job, live, mapped.problems)
    if mapped.data is None:
        return _unmapped(job, live, mapped.problems[0])
    if mapped.holds and CHECKS not in delivery.released_gates:
        return _held_by_check(job, live, mapped.holds)
    if step.mode in ("update", "action") and job.external_id is None:
        return wait_for_there(job, (job.record.type, job.record.key))
    if not mapped.data and job.external_id is not None and step.mode != "action":
        return Outcome(job, "find_unchanged", text="There is nothing to tell of it.")
    job.content_hash = fingerprint(mapped.data)
    if _same_there(job):
        return Outcome(job, "find_unchanged", text="The target has this content already.")
    job.write = _write(job, step, mapped.data)
    job.warning = " ".join([job.warning, *(one.message for one in mapped.warnings)]).strip()
    return None


# The name that checks of a mapping have as a gate, so that a person can let a record pass.
CHECKS: Final = "mapping_checks"


def _held_by_check(job: Job, live: Live, failed: Sequence[Problem]) -> Outcome:
    result = GateResult(
        name=CHECKS,
        label=live.name,
        passed=False,
        missing=tuple(one.message for one in failed),
        message="A check of the mapping asks to wait.",
        watch=(
            job.record.watch_key,
            job.origin.watch_key,
            watch_live("mapping", live.slug),
            *sorted({watch_live("value_map", name) for name in map(value_map_of, failed) if name}),
        ),
    )
    return Outcome(
        job,
        "hold",
        text=f"Missing: {'; '.join(result.missing)}"[:200],
        watch=result.watch,
        refused_by=(result,),
        cause=missing_cause(job, result),
    )


def subject_of(job: Job) -> Subject:
    """Return the record as its mapping sees it."""
    return Subject(job.record, job.origin, job.step.related, job.delivery.variables, job.collected)


def _unmapped(job: Job, live: Live, problem: Problem) -> Outcome:
    rule, target, text = problem.rule, problem.target, problem.message
    delivery = job.delivery
    return Outcome(
        job,
        "fail",
        text=text[:200],
        error_class="rejected",
        attempt=True,
        cause=Cause(
            kind="mapping_problem",
            client_id=delivery.client_id,
            same=(live.slug, rule, target),
            detail={"mapping": live.name, "target": target, "rule": rule, "reason": text},
            connection_id=delivery.connection_id,
            workflow_id=delivery.workflow_id,
        ),
    )


def _same_there(job: Job) -> bool:
    last = job.written.get(job.delivery.mapping)
    return (
        isinstance(last, dict)
        and last.get("hash") == job.content_hash
        # An answer that never came may have left something else there since.
        and not job.delivery.verify
    )


def _write(job: Job, step: Step, data: dict[str, object]) -> Write:
    mode = step.mode
    if mode in ("create", "upsert", "match"):
        mode = "create" if job.external_id is None else "update"
    return Write(
        object=job.delivery.object,
        mode=mode,
        data=data,
        external_id=job.external_id,
        reference=job.record.key,
        # The same content again is the same write; other content is another one.
        idempotency_key=f"{job.delivery.idempotency_key}-{job.content_hash[:12]}",
        action=step.action,
        version=job.etag,
    )
