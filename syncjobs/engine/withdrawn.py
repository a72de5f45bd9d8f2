"""What is not written any more because its cause was taken back in its source."""

from collections.abc import Collection, Sequence
from typing import Final

from syncjobs.engine.flows import definition_of
from syncjobs.engine.jobs import Job
from syncjobs.engine.rows import fetch
from syncjobs.state import DELIVERY

WITHDRAWN_SINCE: Final = "It was withdrawn in its source."


def is_withdrawn(job: Job) -> bool:
    """Say whether what caused a delivery is so no more."""
    return bool(_withdrawn([job]))


def _withdrawn(jobs: Sequence[Job]) -> list[Job]:
    versions = {job.delivery.workflow_version.pk: job.delivery.workflow_version for job in jobs}
    definitions = {pk: definition_of(version) for pk, version in versions.items()}
    return [
        job
        for job in jobs
        if definitions[job.delivery.workflow_version.pk].is_withdrawn(
            job.origin.type, job.origin.data, deleted=job.origin.deleted
        )
    ]


def mark_withdrawn(jobs: Sequence[Job]) -> None:
    """Mark the jobs whose causes are so no more.

    What was derived of several causes (an invoice's head of many time entries) is still needed
    as long as a later step of another one waits for it.
    """
    found = _withdrawn(jobs)
    derived = {job.delivery.pk: job.origin.id for job in found if job.record.id != job.origin.id}
    needed = _needed(derived) if derived else set()
    for job in found:
        job.withdrawn = job.delivery.pk not in needed


def _needed(causes: dict[int, int]) -> set[int]:
    params = {"ids": [*causes], "causes": [*causes.values()], "open": sorted(DELIVERY.open)}
    return {id_ for (id_,) in fetch(_NEEDED, params)}


def ask_refused_again(client_id: int, workflow_id: int, causes: Collection[int]) -> set[int]:
    """Make due what was refused of causes that are so no more, in the caller's transaction: what
    then comes is its end, and with it that of its exception. Returns the runs of these rows.

    What is parked stays: whether it is there already is a question that a person was asked.
    """
    params = {
        "client": client_id,
        "workflow": workflow_id,
        "causes": [*causes],
        "from": DELIVERY.target("fail"),
        "to": DELIVERY.target("retry"),
        "text": WITHDRAWN_SINCE,
    }
    return {run for (run,) in fetch(_ASK_AGAIN, params) if run is not None}


_ASK_AGAIN: Final = """
    UPDATE syncjobs_delivery
    SET state = %(to)s, not_before = statement_timestamp(), updated_at = statement_timestamp(),
        unfinished_starts = 0, outcome = %(text)s
    WHERE id = ANY(ARRAY(
        SELECT id FROM syncjobs_delivery
        WHERE state = %(from)s AND client_id = %(client)s AND workflow_id = %(workflow)s
          AND origin_id = ANY(%(causes)s::bigint[])
        ORDER BY id FOR UPDATE))
    RETURNING run_id
"""
_NEEDED: Final = """
    SELECT x.id FROM unnest(%(ids)s::bigint[], %(causes)s::bigint[]) AS x(id, cause)
    WHERE EXISTS (
        SELECT 1 FROM syncjobs_delivery d
        WHERE d.state = ANY(%(open)s::text[]) AND d.after @> ARRAY[x.id] AND d.origin_id <> x.cause
    )
"""
