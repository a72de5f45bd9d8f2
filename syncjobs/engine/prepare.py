"""Decides, before anything is sent, what becomes of claimed deliveries: gates, then mapping.

Runs in one transaction under the shared side of the release lock, so that what arrives at the
same time either is seen here or lets go what is held here (`engine.release`).
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from syncjobs.canonical_store import find_by_id
from syncjobs.engine.blocking import EARLIER, gate_results, is_not_needed, must_be_held, must_wait
from syncjobs.engine.claim import Claim
from syncjobs.engine.collect import collect
from syncjobs.engine.definition import GO_ON, Step
from syncjobs.engine.flows import definition_of
from syncjobs.engine.jobs import DeliveryRow, Job, Outcome
from syncjobs.engine.kept import marks_of, rows_kept
from syncjobs.engine.live import LiveMappings, wanted_references
from syncjobs.engine.outgoing import no_mapping, set_write, subject_of
from syncjobs.engine.rows import decode, fetch
from syncjobs.engine.withdrawn import mark_withdrawn
from syncjobs.engine.world import load_by, load_paths, neighbourhood
from syncjobs.models import Connection, Delivery, Workflow, WorkflowVersion
from syncjobs.neighbours import Known, Neighbourhood
from syncjobs.state import DELIVERY, NEEDS_PERSON

Row = tuple[Any, ...]


def load_jobs(claims: Sequence[Claim]) -> list[Job]:
    """Return the claimed deliveries, in the order in which they were planned."""
    return jobs_of(fetch(_ROWS, {"ids": [one.delivery_id for one in claims]}), claims)


def lock_rows(claims: Sequence[Claim]) -> list[Row]:
    """Lock the rows of these claims, in the order that everybody does; return those still ours.

    As `ledger.lock_claims`, with all that a job is made of.
    """
    rows = fetch(_LOCKED_ROWS, {"ids": [one.delivery_id for one in claims]})
    running = DELIVERY.target("claim")
    ours = {(one.delivery_id, one.lease_no, running) for one in claims}
    return [row for row in rows if (row[0], *row[-2:]) in ours]


def jobs_of(rows: Sequence[Row], claims: Sequence[Claim]) -> list[Job]:
    """Return what is known of the deliveries of these rows, with the leases of their claims."""
    leases = {one.delivery_id: one.lease_no for one in claims}
    found = _delivery_rows(rows)
    records = find_by_id({id_ for row in found for id_ in (row.record_id, row.origin_id)})
    steps: dict[tuple[int, str], Step] = {}
    jobs: list[Job] = []
    for row in found:
        at = (row.workflow_version.pk, row.step)
        if at not in steps:
            steps[at] = definition_of(row.workflow_version).step(row.step)
        record, origin = records[row.record_id], records[row.origin_id]
        jobs.append(Job(row, leases[row.pk], steps[at], record, origin))
    _load_refs(jobs)
    return jobs


def _delivery_rows(rows: Sequence[Row]) -> list[DeliveryRow]:
    """Make the rows; they share a few workflows, versions and connections."""
    places = {Workflow: _SHARED_AT, WorkflowVersion: _SHARED_AT + 1, Connection: _SHARED_AT + 2}
    marks = marks_of({model: {row[at] for row in rows} for model, at in places.items()})
    workflows = rows_kept(Workflow, marks)
    versions = rows_kept(WorkflowVersion, marks)
    connections = rows_kept(Connection, marks)
    made: list[DeliveryRow] = []
    for row in rows:
        workflow, version, connection = row[_SHARED_AT:-2]
        shared = (workflows[workflow], versions[version], connections[connection])
        columns = (*row[:9], decode(row[9]), *row[10:_SHARED_AT], *shared, workflow, connection)
        made.append(DeliveryRow(*columns))
    return made


def _load_refs(jobs: list[Job]) -> None:
    rows = fetch(_REFS, {"records": list({job.record.id for job in jobs})})
    found = {
        (record, connection, object_): (id_, version, decode(written))
        for record, connection, object_, id_, version, written in rows
    }
    for job in jobs:
        ref = found.get((job.record.id, job.delivery.connection_id, job.delivery.object))
        if ref is not None:
            job.external_id, job.etag, job.written = ref


def prepare(jobs: Sequence[Job]) -> tuple[list[Job], list[Outcome]]:
    """Split jobs into those to send (their `write` set) and those that are decided already."""
    ready: list[Job] = []
    decided: list[Outcome] = []
    by_client = sorted(jobs, key=lambda job: job.delivery.client_id)
    for client_id, group in groupby(by_client, key=lambda job: job.delivery.client_id):
        _prepare_client(client_id, list(group), ready, decided)
    ready.sort(key=lambda job: (job.delivery.priority, job.delivery.pk))
    _find_doubts(ready)
    return ready, decided


def prepare_in_turn(jobs: Sequence[Job]) -> tuple[list[Job], list[Outcome]]:
    """Split jobs as `prepare` does, for showing: a step that comes after others of these is
    looked at as if they had been done, unless they do not go out either.
    """
    own = {job.delivery.pk for job in jobs}
    before: dict[int, set[int]] = {}
    for job in jobs:
        before[job.delivery.pk] = own.intersection(job.delivery.after)
        job.delivery.after = [id_ for id_ in job.delivery.after if id_ not in own]
    ready, decided = prepare(jobs)
    stopped = {one.job.delivery.pk for one in decided if one.move != "find_unchanged"}
    waits: list[Outcome] = []
    for job in sorted(ready, key=lambda job: job.delivery.pk):
        if before[job.delivery.pk] & stopped:
            stopped.add(job.delivery.pk)
            waits.append(Outcome(job, "wait", text=EARLIER))
    gone = {one.job.delivery.pk for one in waits}
    return [job for job in ready if job.delivery.pk not in gone], decided + waits


def _find_doubts(jobs: Sequence[Job]) -> None:
    """Mark what another delivery of the record may have made already: one of another workflow,
    or one that a person ended before its target was asked.
    """
    creates = [job for job in jobs if job.write is not None and job.write.mode == "create"]
    if not creates:
        return
    params = {
        "records": [job.record.id for job in creates],
        "connections": [job.delivery.connection_id for job in creates],
        "objects": [job.delivery.object for job in creates],
    }
    found = set(fetch(_DOUBTS, params))
    for job in creates:
        job.in_doubt = (job.record.id, job.delivery.connection_id, job.delivery.object) in found


def _prepare_client(
    client_id: int, jobs: list[Job], ready: list[Job], decided: list[Outcome]
) -> None:
    world = neighbourhood(client_id, records_of(jobs))
    look_around(world, client_id, jobs)
    open_before = _still_open(jobs)
    mark_withdrawn(jobs)
    passed: list[Job] = []
    for job in jobs:
        outcome = (
            must_wait(job, open_before) or is_not_needed(job, world) or must_be_held(job, world)
        )
        if outcome is None:
            passed.append(job)
        else:
            decided.append(outcome)
    _map(client_id, passed, world, ready, decided)


def records_of(jobs: Iterable[Job]) -> list[Known]:
    """Return the records that the jobs write and those that caused them."""
    return [record for job in jobs for record in (job.origin, job.record)]


def look_around(world: Neighbourhood, client_id: int, jobs: list[Job]) -> None:
    """Load every record and reference that the jobs' gates and mappings look at."""
    own = [(job.record, job.step.own_paths) for job in jobs if job.step.own_paths]
    causes = [(job.origin, job.step.cause_paths) for job in jobs if job.step.cause_paths]
    load_paths(world, client_id, [*own, *causes])
    gated = [job for job in jobs if job.step.gates]
    load_by(world, client_id, lambda: [gate_results(job, world) for job in gated])


def _still_open(jobs: Sequence[Job]) -> set[int]:
    wanted = {id_ for job in jobs for id_ in job.delivery.after}
    if not wanted:
        return set()
    rows = Delivery.objects.filter(pk__in=wanted, state__in=sorted(DELIVERY.open))
    found = {id_: (step, state) for id_, step, state in rows.values_list("pk", "step", "state")}
    return found.keys() - {
        id_ for job in jobs for id_ in job.delivery.after if _is_passed_over(job, found.get(id_))
    }


def _is_passed_over(job: Job, earlier: tuple[str, str] | None) -> bool:
    """Say whether an earlier step that needs a person is not waited for."""
    if earlier is None or earlier[1] not in NEEDS_PERSON:
        return False
    steps = definition_of(job.delivery.workflow_version).steps
    return any(one.name == earlier[0] and one.on_failure == GO_ON for one in steps)


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
        if live is not None and live.compiled.refers:
            for type_, key in wanted_references(live, subject_of(job), world):
                world.external_id(job.delivery.connection_id, type_, key)
    load_by(world, client_id, lambda: None)
    for job in jobs:
        live = mappings.get(job.delivery.mapping)
        outcome = no_mapping(job) if live is None else set_write(job, live, world)
        if outcome is None:
            ready.append(job)
        else:
            decided.append(outcome)


# In the order of DeliveryRow, then what fences it.
_SHARED_AT: Final = 20
_ROWS: Final = """
    SELECT id, client_id, run_id, event_id, step, record_id, origin_id, object, mapping, variables,
        priority, attempts, verify, after, released_gates, idempotency_key, content_hash,
        issue_id, correlation, extract(epoch FROM created_at)::float8, workflow_id,
        workflow_version_id, connection_id, lease_no, state
    FROM syncjobs_delivery WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id
"""
_LOCKED_ROWS: Final = f"{_ROWS} FOR UPDATE"
# Nothing is known of the record there, or it would not be made: so nobody has found out since.
_DOUBTS: Final = """
    SELECT x.record_id, x.connection_id, x.object
    FROM unnest(%(records)s::bigint[], %(connections)s::bigint[], %(objects)s::text[])
        AS x(record_id, connection_id, object)
    CROSS JOIN LATERAL (
        SELECT 1 FROM syncjobs_delivery d
        WHERE d.record_id = x.record_id AND d.connection_id = x.connection_id
          AND d.object = x.object AND d.verify LIMIT 1) doubt
"""
# From each record to its references, whatever the statistics say.
_REFS: Final = """
    SELECT e.record_id, e.connection_id, e.object, e.external_id, e.version, e.written
    FROM unnest(%(records)s::bigint[]) AS x(record_id)
    CROSS JOIN LATERAL (
        SELECT * FROM syncjobs_externalref f WHERE f.record_id = x.record_id OFFSET 0) e
"""
