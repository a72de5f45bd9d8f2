"""Stored records for impact previews, with all that the engine would give to a mapping.

Each record comes once, as it was last mapped, however often it was written since. Reads only.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from django.db.models import F, QuerySet

from mappings.inputs import Inputs
from mappings.models import Mapping, MappingVersion
from mappings.parts import each_rule
from mappings.trials import Trial, Wanted
from syncjobs.canonical_store import told_apart
from syncjobs.engine.claim import Claim
from syncjobs.engine.collect import collect
from syncjobs.engine.definition import Derive
from syncjobs.engine.flows import definition_of
from syncjobs.engine.jobs import Job
from syncjobs.engine.known import known
from syncjobs.engine.live import Subject
from syncjobs.engine.outgoing import subject_of
from syncjobs.engine.prepare import load_jobs, look_around, records_of
from syncjobs.engine.sources import find_sources
from syncjobs.engine.world import load_by, load_paths, neighbourhood
from syncjobs.models import Delivery, RecordVersion, Workflow
from syncjobs.neighbours import Known, Neighbourhood
from syncjobs.payloads import opened_source
from tenants.accounts.models import Client

BATCH: Final = 200
# How many rows are looked at for each record that is wanted: of busy ones there are many.
_DEEPEST: Final = 20


def find_trials(
    mapping: Mapping, clients: frozenset[int], most: int, wanted: Wanted
) -> Iterator[Sequence[Trial]]:
    """Give the latest records of these clients that go through a mapping, newest first."""
    if mapping.direction == Mapping.Direction.INBOUND:
        yield from _incoming(mapping, clients, most, wanted)
    elif mapping.direction == Mapping.Direction.DERIVE:
        yield from _causes(mapping, clients, most)
    else:
        rows = Delivery.objects.filter(mapping=mapping.slug, client_id__in=clients)
        for jobs in jobs_of(rows, most):
            yield _outgoing(jobs, wanted)


def jobs_of(rows: QuerySet[Delivery], most: int) -> Iterator[list[Job]]:
    """Give the newest delivery of each record and step, ready to look at, in batches."""
    ids = _latest(
        rows.filter(record__deleted=False, record__version__gt=0),
        ("record_id", "connection_id", "step"),
        most,
    )
    for start in range(0, len(ids), BATCH):
        yield load_jobs([Claim(id_, 0) for id_ in ids[start : start + BATCH]])


def _latest(rows: QuerySet[Delivery], same: Sequence[str], most: int) -> list[int]:
    """Return the newest row of each record, newest first; `same` names a record."""
    found: dict[tuple[object, ...], int] = {}
    newest = rows.order_by("-id").values_list("pk", *same)[: most * _DEEPEST]
    for pk, *at in newest.iterator(chunk_size=2000):
        found.setdefault(tuple(at), pk)
        if len(found) >= most:
            break
    return list(found.values())


def worlds_of(jobs: Sequence[Job]) -> Iterator[tuple[int, list[Job], Neighbourhood]]:
    """Give (client id, its jobs, what they look at) for each client of a batch."""
    ordered = sorted(jobs, key=lambda job: job.delivery.client_id)
    for client_id, group in groupby(ordered, key=lambda job: job.delivery.client_id):
        own = list(group)
        world = neighbourhood(client_id, records_of(own))
        look_around(world, client_id, own)
        lists = collect(client_id, [(job.record, job.step.collect) for job in own])
        for job in own:
            job.collected = lists.get(job.record.id, {})
        yield client_id, own, world


def _outgoing(jobs: Sequence[Job], wanted: Wanted) -> list[Trial]:
    made: list[Trial] = []
    for client_id, own, world in worlds_of(jobs):
        asked: dict[int, Sequence[tuple[str, str]]] = {}
        for job in own:
            data, variables = subject_of(job).data(world), job.delivery.variables
            asked[job.delivery.pk] = wanted(client_id, data, variables)
            for type_, key in asked[job.delivery.pk]:
                world.external_id(job.delivery.connection_id, type_, key)
        load_by(world, client_id, lambda: None)
        fallback = _currency_of(client_id)
        for job in own:
            at = job.delivery.connection_id
            pairs = {pair: world.refs.get((at, *pair)) for pair in asked[job.delivery.pk]}
            references = {pair: id_ for pair, id_ in pairs.items() if id_ is not None}
            made.append(
                Trial(
                    client_id,
                    job.record.key,
                    told_apart(job.record.data, job.record.key),
                    subject_of(job).data(world),
                    Inputs(references, {}, job.delivery.variables),
                    currency_of(job, fallback),
                    job.delivery.created_at,
                )
            )
    return made


def currency_of(job: Job, fallback: str) -> str:
    """Return the currency that a delivery's record or its cause names, else the client's."""
    for record in (job.record, job.origin):
        if currency := record.data.get("currency"):
            return str(currency)
    return fallback


def _currency_of(client_id: int) -> str:
    return Client.objects.values_list("currency", flat=True).get(pk=client_id)


# --- inbound -------------------------------------------------------------------------------


def _incoming(
    mapping: Mapping, clients: frozenset[int], most: int, wanted: Wanted
) -> Iterator[Sequence[Trial]]:
    """Give what the sources sent last for each record, where the payload is still kept."""
    # A client's own mapping takes over from the partner's of its name.
    versions = MappingVersion.objects.filter(mapping__slug=mapping.slug).values_list(
        "pk", flat=True
    )
    rows = RecordVersion.objects.filter(
        mapping_version__in=list(versions),
        source__isnull=False,
        connection__isnull=False,
        record__client_id__in=clients,
        record__deleted=False,
    )
    same: tuple[str, ...] = ("record_id",)
    if mapping.live is not None and each_rule(mapping.live.document) is not None:
        # Of several records that one of the source became, one stands for all.
        rows = rows.filter(record__refs__connection_id=F("connection_id"))
        same = ("connection_id", "record__refs__external_id")
    found: dict[tuple[object, ...], int] = {}
    for pk, *at in rows.order_by("-id").values_list("pk", *same)[: most * _DEEPEST]:
        found.setdefault(tuple(at), pk)
        if len(found) >= most:
            break
    ids = list(found.values())
    for start in range(0, len(ids), BATCH):
        chosen = RecordVersion.objects.filter(pk__in=ids[start : start + BATCH])
        yield _sent(list(chosen.select_related("record__client").order_by("-id")), wanted)


def _sent(rows: Sequence[RecordVersion], wanted: Wanted) -> list[Trial]:
    sources = {row.pk: opened_source(row.source, row.record_id) for row in rows}
    # What was erased since, or does not open, says nothing of the mapping.
    rows = [row for row in rows if sources[row.pk]]
    asked = {row.pk: wanted(row.record.client_id, sources[row.pk], {}) for row in rows}
    names: dict[tuple[int, int], set[tuple[str, str]]] = {}
    for row in rows:
        names.setdefault(_place(row), set()).update(asked[row.pk])
    known = {place: find_sources(*place, wanted) for place, wanted in names.items()}
    return [
        Trial(
            row.record.client_id,
            row.record.key,
            told_apart({"name": row.record.label}, row.record.key),
            sources[row.pk],
            Inputs(known[_place(row)].keys, unclear=known[_place(row)].unclear),
            str(row.data.get("currency") or row.record.client.currency),
            row.at,
        )
        for row in rows
    ]


def _place(row: RecordVersion) -> tuple[int, int]:
    return row.record.client_id, row.connection_id or 0


# --- derived -------------------------------------------------------------------------------


def _causes(mapping: Mapping, clients: frozenset[int], most: int) -> Iterator[Sequence[Trial]]:
    """Give the causes of the newest deliveries whose step derives its record with a mapping."""
    workflows = Workflow.objects.filter(version__isnull=False, client_id__in=clients)
    left = most
    for workflow in workflows.select_related("version", "client").order_by("-id"):
        assert workflow.version is not None
        for step in definition_of(workflow.version).steps:
            if step.derive is None or step.derive.mapping != mapping.slug:
                continue
            rows = Delivery.objects.filter(
                workflow=workflow, step=step.name, origin__deleted=False, origin__version__gt=0
            )
            ids = _latest(rows, ("origin_id",), left)
            left -= len(ids)
            for start in range(0, len(ids), BATCH):
                yield _derived(workflow, step.derive, ids[start : start + BATCH])


def _derived(workflow: Workflow, rule: Derive, ids: Sequence[int]) -> list[Trial]:
    rows = list(Delivery.objects.filter(pk__in=ids).select_related("origin").order_by("-id"))
    origins: list[Known] = [known(row.origin) for row in rows]
    world = neighbourhood(workflow.client_id, origins)
    load_paths(world, workflow.client_id, [(one, rule.related) for one in origins])
    return [
        Trial(
            workflow.client_id,
            origin.key,
            told_apart({"name": row.origin.label}, origin.key),
            Subject(origin, origin, rule.related, row.variables).data(world),
            Inputs(variables=row.variables),
            str(origin.data.get("currency") or workflow.client.currency),
            row.created_at,
        )
        for row, origin in zip(rows, origins, strict=True)
    ]
