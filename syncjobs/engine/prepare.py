"""Decides, before anything is sent, what becomes of claimed deliveries: gates, then mapping.

Runs in one transaction under the shared side of the release lock, so that what arrives at the
same time either is seen here or lets go what is held here (`engine.release`).
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from mappings.documents import Problem
from syncjobs.connectors.base import Write
from syncjobs.engine.claim import Claim
from syncjobs.engine.collect import collect
from syncjobs.engine.definition import Step
from syncjobs.engine.flows import definition_of
from syncjobs.engine.issues import Cause
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.engine.known import known
from syncjobs.engine.live import Live, LiveMappings, Subject, map_out, wanted_references
from syncjobs.engine.world import load_by, load_paths, neighbourhood
from syncjobs.fingerprint import fingerprint
from syncjobs.gates import Context, GateResult, evaluate, holds
from syncjobs.models import Delivery, ExternalRef
from syncjobs.neighbours import Known, Neighbourhood, watch_delivery, watch_ref
from syncjobs.state import DELIVERY


def load_jobs(claims: Sequence[Claim]) -> list[Job]:
    """Return the claimed deliveries, in the order in which they were planned."""
    leases = {one.delivery_id: one.lease_no for one in claims}
    rows = (
        Delivery.objects.filter(pk__in=leases)
        .select_related("record", "origin", "workflow", "workflow_version", "connection")
        .order_by("id")
    )
    jobs = [
        Job(
            delivery=row,
            lease_no=leases[row.pk],
            step=definition_of(row.workflow_version).step(row.step),
            record=known(row.record),
            origin=known(row.origin),
        )
        for row in rows
    ]
    _load_refs(jobs)
    return jobs


def _load_refs(jobs: list[Job]) -> None:
    refs = ExternalRef.objects.filter(record__in=[job.record.id for job in jobs])
    found = {(ref.record_id, ref.connection_id, ref.object): ref for ref in refs}
    for job in jobs:
        ref = found.get((job.record.id, job.delivery.connection_id, job.delivery.object))
        if ref is not None:
            job.external_id, job.etag, job.written = ref.external_id, ref.version, ref.written


def prepare(jobs: Sequence[Job]) -> tuple[list[Job], list[Outcome]]:
    """Split jobs into those to send (their `write` set) and those that are decided already."""
    ready: list[Job] = []
    decided: list[Outcome] = []
    by_client = sorted(jobs, key=lambda job: job.delivery.client_id)
    for client_id, group in groupby(by_client, key=lambda job: job.delivery.client_id):
        _prepare_client(client_id, list(group), ready, decided)
    ready.sort(key=lambda job: (job.delivery.priority, job.delivery.pk))
    return ready, decided


def _prepare_client(
    client_id: int, jobs: list[Job], ready: list[Job], decided: list[Outcome]
) -> None:
    world = neighbourhood(client_id, _records(jobs))
    _look_around(world, client_id, jobs)
    open_before = _still_open(jobs)
    passed: list[Job] = []
    for job in jobs:
        outcome = (
            _must_wait(job, open_before) or _is_not_needed(job, world) or _must_be_held(job, world)
        )
        if outcome is None:
            passed.append(job)
        else:
            decided.append(outcome)
    _map(client_id, passed, world, ready, decided)


def _records(jobs: Iterable[Job]) -> list[Known]:
    return [record for job in jobs for record in (job.origin, job.record)]


def _look_around(world: Neighbourhood, client_id: int, jobs: list[Job]) -> None:
    """Load every record and reference that the jobs' gates and mappings look at."""
    own = [
        (job.record, [path for path in job.step.paths if not path.startswith("origin.")])
        for job in jobs
    ]
    causes = [
        (job.origin, [p.removeprefix("origin.") for p in job.step.paths if p.startswith("origin.")])
        for job in jobs
    ]
    load_paths(world, client_id, [*own, *causes])
    load_by(world, client_id, lambda: [_gates(job, world) for job in jobs])


def _gates(job: Job, world: Neighbourhood) -> list[GateResult]:
    roles = definition_of(job.delivery.workflow_version).roles
    context = Context(job.record, job.origin, roles, world)
    return [evaluate(gate, context) for gate in job.step.gates]


def _still_open(jobs: Sequence[Job]) -> set[int]:
    wanted = {id_ for job in jobs for id_ in job.delivery.after}
    rows = Delivery.objects.filter(pk__in=wanted, state__in=sorted(DELIVERY.open))
    return set(rows.values_list("pk", flat=True)) if wanted else set()


def _must_wait(job: Job, open_before: set[int]) -> Outcome | None:
    """Wait for earlier steps, and for a record that others named and nobody has sent yet."""
    before = [id_ for id_ in job.delivery.after if id_ in open_before]
    if before:
        return Outcome(
            job,
            "wait",
            text="Waits for an earlier step.",
            watch=tuple(watch_delivery(id_) for id_ in before),
        )
    if job.record.version == 0:
        return Outcome(
            job,
            "wait",
            text=f"Waits for {job.record.type} {job.record.key} to be read.",
            watch=(job.record.watch_key,),
        )
    return None


def _is_not_needed(job: Job, world: Neighbourhood) -> Outcome | None:
    """Leave out what its condition no longer calls for, or what is there and stays as it is."""
    step = job.step
    roles = definition_of(job.delivery.workflow_version).roles
    if step.when and not holds(step.when, Context(job.record, job.origin, roles, world)):
        return Outcome(job, "find_unchanged", text="Not needed any more.")
    if step.mode == "create" and job.external_id is not None and not job.delivery.verify:
        return Outcome(job, "find_unchanged", text="It is there already.")
    return None


def _must_be_held(job: Job, world: Neighbourhood) -> Outcome | None:
    released = set(job.delivery.released_gates)
    refused = [
        result for result in _gates(job, world) if not result.passed and result.name not in released
    ]
    if not refused:
        return None
    missing = "; ".join(text for result in refused for text in result.missing)
    return Outcome(
        job,
        "hold",
        text=f"Missing: {missing}"[:200],
        watch=tuple(dict.fromkeys(key for result in refused for key in result.watch)),
        refused_by=tuple(refused),
        cause=_missing(job, refused[0]),
    )


def _missing(job: Job, refused: GateResult) -> Cause:
    delivery = job.delivery
    return Cause(
        kind="missing_prerequisite",
        client_id=delivery.client_id,
        same=(refused.name, *refused.missing),
        detail={
            "gate": refused.label,
            "missing": ", ".join(refused.missing),
            "message": refused.message,
            "alert": refused.alert,
        },
        workflow_id=delivery.workflow_id,
    )


def _map(
    client_id: int,
    jobs: list[Job],
    world: Neighbourhood,
    ready: list[Job],
    decided: list[Outcome],
) -> None:
    mappings = LiveMappings(client_id)
    lists = collect(client_id, [(job.record, job.step.collect) for job in jobs])
    for job in jobs:
        job.collected = lists.get(job.record.id, {})
        live = mappings.get(job.delivery.mapping)
        if live is not None:
            for type_, key in wanted_references(live, _subject(job), world):
                world.external_id(job.delivery.connection_id, type_, key)
    load_by(world, client_id, lambda: None)
    for job in jobs:
        live = mappings.get(job.delivery.mapping)
        outcome = _no_mapping(job) if live is None else _to_write(job, live, world)
        if outcome is None:
            ready.append(job)
        else:
            decided.append(outcome)


def _no_mapping(job: Job) -> Outcome:
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


def _to_write(job: Job, live: Live, world: Neighbourhood) -> Outcome | None:
    """Map the record and set the job's write; an outcome when nothing is to be sent."""
    delivery, step = job.delivery, job.step
    mapped = map_out(live, _subject(job), delivery.connection_id, world)
    job.mapping_version = live.version_id
    if mapped.missing:
        type_, key = mapped.missing[0]
        return Outcome(
            job,
            "wait",
            text=f"Waits for {type_.replace('_', ' ')} {key} in {delivery.connection.name}.",
            watch=tuple(watch_ref(delivery.connection_id, *one) for one in mapped.missing),
        )
    if mapped.data is None:
        return _unmapped(job, live, mapped.problems[0])
    if mapped.holds and CHECKS not in delivery.released_gates:
        return _held_by_check(job, live, mapped.holds)
    if step.mode in ("update", "action") and job.external_id is None:
        return Outcome(
            job,
            "wait",
            text=f"Waits for {job.record.type} {job.record.key} in {delivery.connection.name}.",
            watch=(watch_ref(delivery.connection_id, job.record.type, job.record.key),),
        )
    job.content_hash = fingerprint(mapped.data)
    if _same_there(job):
        return Outcome(job, "find_unchanged", text="The target has this content already.")
    job.write = _write(job, step, mapped.data)
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
        watch=(job.record.watch_key, job.origin.watch_key),
    )
    return Outcome(
        job,
        "hold",
        text=f"Missing: {'; '.join(result.missing)}"[:200],
        watch=result.watch,
        refused_by=(result,),
        cause=_missing(job, result),
    )


def _subject(job: Job) -> Subject:
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
    if mode in ("create", "upsert"):
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
