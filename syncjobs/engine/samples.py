"""Stored records for the mapping editor, exactly as the engine would give them to a mapping."""

from itertools import groupby

from mappings.catalogue import Fields
from mappings.models import Mapping
from mappings.samples import Sample
from syncjobs.canonical_store import label_of
from syncjobs.connectors import registry
from syncjobs.connectors.registry import UnknownConnector
from syncjobs.engine.claim import Claim
from syncjobs.engine.collect import collect
from syncjobs.engine.flows import definition_of
from syncjobs.engine.known import known
from syncjobs.engine.live import Subject
from syncjobs.engine.outgoing import subject_of
from syncjobs.engine.prepare import load_jobs, look_around, records_of
from syncjobs.engine.world import load_paths, neighbourhood
from syncjobs.models import CanonicalRecord, Delivery, RecordVersion, Workflow
from syncjobs.payloads import opened_source

# How many rows are looked at for each sample: several may be of one record of the source.
_SAME = 20


def find_samples(mapping: Mapping, client_id: int | None, most: int) -> list[Sample]:
    """Return stored records for a mapping, newest first; of one client, or of any (None)."""
    if mapping.direction == Mapping.Direction.INBOUND:
        return _sources(mapping, client_id, most)
    derives = mapping.direction == Mapping.Direction.DERIVE
    found = (_causes if derives else _outgoing)(mapping, client_id, most)
    return found or _records(mapping, client_id, most)


def _sources(mapping: Mapping, client_id: int | None, most: int) -> list[Sample]:
    rows = RecordVersion.objects.filter(
        record__type=mapping.canonical,
        connection__connector=mapping.connector,
        source__isnull=False,
    ).select_related("record")
    if client_id is not None:
        rows = rows.filter(record__client_id=client_id)
    made: list[Sample] = []
    for row in rows.order_by("-id")[: most * _SAME]:
        sent = opened_source(row.source, row.record_id)
        # Of several records that one of the source became, one stands for all.
        if sent and all(one.data != sent for one in made):
            made.append(Sample(row.record.key, row.record.label, sent))
        if len(made) == most:
            break
    return made


def _records(mapping: Mapping, client_id: int | None, most: int) -> list[Sample]:
    rows = CanonicalRecord.objects.filter(type=mapping.canonical, version__gt=0)
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    return [Sample(row.key, row.label, row.data) for row in rows.order_by("-changed_at")[:most]]


def _outgoing(mapping: Mapping, client_id: int | None, most: int) -> list[Sample]:
    rows = Delivery.objects.filter(mapping=mapping.slug)
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    ids = list(rows.order_by("-id").values_list("pk", flat=True)[:most])
    jobs = sorted(load_jobs([Claim(id_, 0) for id_ in ids]), key=lambda job: -job.delivery.pk)
    made: dict[int, Sample] = {}
    by_client = sorted(jobs, key=lambda job: job.delivery.client_id)
    for owner, group in groupby(by_client, key=lambda job: job.delivery.client_id):
        own = list(group)
        world = neighbourhood(owner, records_of(own))
        look_around(world, owner, own)
        lists = collect(owner, [(job.record, job.step.collect) for job in own])
        for job in own:
            job.collected = lists.get(job.record.id, {})
            record = job.record
            label = label_of(record.data, record.key)
            made[job.delivery.pk] = Sample(record.key, label, subject_of(job).data(world))
    return [made[job.delivery.pk] for job in jobs]


def _causes(mapping: Mapping, client_id: int | None, most: int) -> list[Sample]:
    """Causes of the newest deliveries whose step derives its record with this mapping."""
    made: list[Sample] = []
    workflows = Workflow.objects.filter(version__isnull=False).select_related("version")
    if client_id is not None:
        workflows = workflows.filter(client_id=client_id)
    for workflow in workflows.order_by("-id"):
        assert workflow.version is not None
        for step in definition_of(workflow.version).steps:
            if step.derive is None or step.derive.mapping != mapping.slug:
                continue
            rows = Delivery.objects.filter(workflow=workflow, step=step.name)
            for row in rows.select_related("origin").order_by("-id")[: most - len(made)]:
                origin = known(row.origin)
                world = neighbourhood(row.client_id, [origin])
                load_paths(world, row.client_id, [(origin, step.derive.related)])
                subject = Subject(origin, origin, step.derive.related, row.variables)
                made.append(Sample(row.origin.key, row.origin.label, subject.data(world)))
    return made[:most]


def fields_of(connector: str, object_name: str) -> Fields | None:
    """Return what a system's object holds and takes, from its descriptor."""
    try:
        descriptor = registry.connector(connector).descriptor
        found = descriptor.object(object_name)
    except (UnknownConnector, KeyError):
        return None
    return Fields(descriptor.label, tuple(found.fields), tuple(found.target_fields))
