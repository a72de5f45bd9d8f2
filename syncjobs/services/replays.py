"""Replaying a workflow: which records, what would come of it, and sending them through again."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q, QuerySet

from governance import correlation
from governance.actors import Actor
from governance.services import audit
from mappings.models import MappingVersion
from syncjobs import actions
from syncjobs.connectors import registry
from syncjobs.engine.claim import Claim
from syncjobs.engine.doorbell import ring
from syncjobs.engine.flows import flow_of
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.engine.known import known
from syncjobs.engine.plan import Cause, Planned, Raised, plan
from syncjobs.engine.prepare import load_jobs, prepare_in_turn
from syncjobs.indicators.throughput import DONE
from syncjobs.models import CanonicalRecord, Delivery, Run, Workflow
from syncjobs.services.workflows import require_active
from syncjobs.state import DELIVERY
from syncjobs.verdict import Answer, Facts, verdict
from tenants.nouns import in_words

MOST: Final = 1_000
# So many of the newest are tried for the preview; the rest is expected to be like them.
TRIED: Final = 100
NOTHING: Final = "Writes nothing."
_STEP: Final = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """What a workflow delivered, and is to send again; what is None or empty leaves nothing out.

    since, until: the days on which it was done, both included, in the client's zone.
    mapping_version: the id of the version that it was mapped by. record: a record's number.
    """

    since: date | None = None
    until: date | None = None
    run: int | None = None
    mapping_version: int | None = None
    record: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """What sending one record again is expected to do. `says`: whether that is safe, and why."""

    label: str
    step: str
    answer: Answer
    says: str
    effect: str


@dataclass(frozen=True, slots=True)
class Preview:
    """How many records a choice is; what the newest of them would do, one for each step."""

    records: int
    expected: list[Expected] = field(default_factory=list)

    @property
    def effects(self) -> list[tuple[str, str, int]]:
        """Return (effect, is it safe, how many), the most frequent first."""
        counted = Counter((one.effect, one.answer) for one in self.expected)
        return [(effect, answer, number) for (effect, answer), number in counted.most_common()]

    @property
    def telling(self) -> list[Expected]:
        """Return those of which something else is expected than nothing."""
        return [one for one in self.expected if one.effect != NOTHING]


def preview_replay(actor: Actor, workflow: Workflow, choice: Choice) -> Preview:
    """Try the replay without sending or keeping anything.

    Raises NotPermitted; ValidationError where there is nothing to replay, or too much.
    """
    actor.require("workflows.operate", workflow.client_id)
    row = _row(workflow)
    origins = _origins(row, choice)
    with transaction.atomic():
        cause = _cause(actor, row, Run.Kind.DRY_RUN)
        planned = _plan(row, cause, CanonicalRecord.objects.filter(pk__in=origins[:TRIED]))
        rows = Delivery.objects.filter(run_id__in=planned.run_ids)
        claims = [Claim(id_, 0) for id_ in rows.order_by("pk").values_list("pk", flat=True)]
        ready, decided = prepare_in_turn(load_jobs(claims))
        transaction.set_rollback(True)
    expected = [_expected(job) for job in ready] + [_decided(one) for one in decided]
    return Preview(len(origins), expected)


@transaction.atomic
def start_replay(actor: Actor, workflow: Workflow, choice: Choice, *, reason: str) -> Run:
    """Plan the workflow again for the chosen records, as one run; return it.

    What a target has already turns out unchanged and is not written. Raises as `preview_replay`,
    ValidationError without a reason, and BadTransition while the workflow is paused.
    """
    actor.require("workflows.operate", workflow.client_id)
    if not reason.strip():
        raise ValidationError("Say why it is sent again.")
    row = _row(workflow)
    require_active(row)
    origins = _origins(row, choice)
    cause = _cause(actor, row, Run.Kind.REPLAY)
    run = Run.objects.create(
        client_id=row.client_id,
        kind=cause.kind,
        trigger=cause.trigger,
        workflow=row,
        workflow_version=row.version,
        actor=cause.actor,
        correlation=cause.correlation,
        message=f"{len(origins)} record{'' if len(origins) == 1 else 's'} sent through again.",
    )
    cause = replace(cause, run_id=run.pk)
    records = CanonicalRecord.objects.filter(pk__in=origins)
    planned = _plan(row, cause, records)
    if not (planned.new or planned.renewed):
        raise ValidationError("Nothing of this concerns the workflow any more.")
    if not (planned.new or Delivery.objects.filter(run=run).exists()):
        raise ValidationError("All of it is on its way already: it waits in an earlier run.")
    audit.record(
        actions.WORKFLOW_REPLAYED,
        object_kind="workflow",
        object_id=row.pk,
        object_label=row.name,
        client_id=row.client_id,
        reason=reason,
        after={"records": len(origins), "planned": planned.new + planned.renewed, "run": run.pk},
    )
    planned.finish(row.client_id)
    ring()
    return run


def _row(workflow: Workflow) -> Workflow:
    row = Workflow.objects.select_related("client", "version").get(pk=workflow.pk)
    if row.version is None or not flow_of(row).definition.steps:
        raise ValidationError(in_words("This workflow only compares: it has nothing to send."))
    return row


def _origins(workflow: Workflow, choice: Choice) -> list[int]:
    """Return the ids of the records that caused what was chosen, newest work first."""
    rows = Delivery.objects.filter(
        workflow=workflow,
        client_id=workflow.client_id,
        state__in=DONE,
        origin__deleted=False,
        origin__version__gt=0,
    )
    newest = _chosen(rows, workflow, choice).values("origin_id").annotate(last=Max("pk"))
    found = [one["origin_id"] for one in newest.order_by("-last")[: MOST + 1]]
    if not found:
        raise ValidationError(_nothing(rows, workflow, choice))
    if len(found) > MOST:
        raise ValidationError(
            f"More than {MOST:,} records. Choose fewer days, or one run; for a whole history "
            "there is the backfill."
        )
    return found


def _nothing(rows: QuerySet[Delivery], workflow: Workflow, choice: Choice) -> str:
    """Return which part of a choice leaves nothing."""
    if choice.run and not Run.objects.filter(pk=choice.run, workflow=workflow).exists():
        return f"This workflow has no run {choice.run}."
    if choice.record and not _chosen(rows, workflow, Choice(record=choice.record)).exists():
        return f"This workflow delivered no record {choice.record}."
    return "Nothing that was delivered fits all of this. Leave something empty."


def _chosen(rows: QuerySet[Delivery], workflow: Workflow, choice: Choice) -> QuerySet[Delivery]:
    zone = ZoneInfo(workflow.client.time_zone)
    if choice.since:
        rows = rows.filter(finished_at__gte=datetime.combine(choice.since, time(), zone))
    if choice.until:
        after = choice.until + timedelta(days=1) if choice.until < date.max else choice.until
        rows = rows.filter(finished_at__lt=datetime.combine(after, time(), zone))
    if choice.run:
        rows = rows.filter(run_id=choice.run)
    if choice.mapping_version:
        rows = rows.filter(mapping_version=choice.mapping_version)
    if choice.record:
        rows = rows.filter(Q(record__key=choice.record) | Q(origin__key=choice.record))
    return rows


def _cause(actor: Actor, workflow: Workflow, kind: Run.Kind) -> Cause:
    return Cause(
        client_id=workflow.client_id,
        trigger=Run.Trigger.PERSON if actor.kind == "person" else Run.Trigger.API,
        correlation=correlation.current().correlation_id,
        kind=kind,
        actor=actor.label[:200],
        zone=workflow.client.time_zone,
    )


def _plan(workflow: Workflow, cause: Cause, records: QuerySet[CanonicalRecord]) -> Planned:
    """Plan the records as if their event had just been raised, whatever the schedule says."""
    flow = replace(flow_of(workflow), not_before=None)
    event = min(flow.definition.events)
    raised = [Raised(event, known(one)) for one in records.order_by("pk")]
    made = Planned()
    for start in range(0, len(raised), _STEP):
        part = plan(raised[start : start + _STEP], cause, [flow])
        made.new += part.new
        made.renewed += part.renewed
        made.run_ids += [id_ for id_ in part.run_ids if id_ not in made.run_ids]
        made.changed += part.changed
    return made


def _expected(job: Job) -> Expected:
    """Return what a job that would be sent is expected to do."""
    descriptor = registry.connector(job.delivery.connection.connector).descriptor
    found = verdict(
        Facts(
            mode=job.step.mode,
            state=DELIVERY.start,
            known_there=job.external_id is not None,
            idempotent_target=descriptor.writes_idempotent,
            can_look_up=any(
                one.can_look_up for one in descriptor.objects if one.name == job.delivery.object
            ),
            outcome_open=job.delivery.verify,
            done_before=job.delivery.mapping in job.written,
        )
    )
    return _told(job, found.answer, found.why, found.effect)


def _decided(outcome: Outcome) -> Expected:
    """Return what a job is expected to do of which nothing would be sent."""
    job = outcome.job
    if outcome.move == "find_unchanged":
        return _told(job, "safe", "The target has exactly this content.", NOTHING)
    effects = {"hold": "Is held.", "wait": "Waits for something else.", "fail": "Fails."}
    return _told(job, "safe", outcome.text, effects.get(outcome.move, outcome.text))


def _told(job: Job, answer: Answer, says: str, effect: str) -> Expected:
    return Expected(job.record.key, job.step.label, answer, says, effect)


def versions_of(workflow: Workflow) -> list[tuple[int, str]]:
    """Return (id, words) of the versions that the workflow's mappings have or had, newest first."""
    slugs = {step.mapping for step in flow_of(_row(workflow)).definition.steps}
    found = MappingVersion.objects.filter(
        Q(mapping__client=None) | Q(mapping__client=workflow.client_id),
        mapping__slug__in=slugs,
        state__in=[MappingVersion.State.LIVE, MappingVersion.State.RETIRED],
    )
    return [
        (one.pk, f"{one.mapping.name}, version {one.number}")
        for one in found.select_related("mapping").order_by("mapping__name", "-number")
    ]
