"""What is gone in a target: a person has it made again there, or leaves it so (skips it).

To make it again is to forget where it was, under the lock of its record, and to send a create,
which asks the target for it by its number first. Whoever brings the record at the same time sees
it with its place or without, and one delivery of a record and system runs at a time: so it is
made once at the most.
"""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet, prefetch_related_objects
from django.utils import timezone

from governance import correlation
from governance.actors import Actor
from governance.deadlocks import again_after_deadlock
from governance.services import audit
from syncjobs import actions
from syncjobs.engine.doorbell import ring
from syncjobs.engine.flows import definition_of
from syncjobs.engine.issues import note
from syncjobs.engine.objects import insert
from syncjobs.engine.release import lock_to_release
from syncjobs.engine.runs import refresh_runs
from syncjobs.engine.transitions import move_row
from syncjobs.models import CanonicalRecord, Delivery, ExternalRef, Issue, IssueEntry, Run
from syncjobs.services.catalogue import GONE
from syncjobs.services.deliveries import can_look_up, skip_delivery
from syncjobs.services.issues import MOST, Retried, stopped_for_good
from syncjobs.state import DELIVERY, NEEDS_PERSON, WORKFLOW
from syncjobs.verdict import Verdict, verdict_anew

MAKES: Final = frozenset({"create", "upsert"})
DONE: Final = frozenset({"delivered", "unchanged"})
NOTHING: Final = "Nothing of it is gone there any more."
# Of a record in a system: its id, the connection's and the object there.
Place = tuple[int, int, str]


def gone(issue: Issue) -> QuerySet[Delivery]:
    """Return what an exception stops since its record is gone in the target."""
    rows = stopped_for_good(issue)
    return rows if issue.kind == GONE else rows.none()


def may_make_again(delivery: Delivery) -> bool:
    """Say whether a person may have it made again: it failed since it is gone there, or it was
    delivered, and somebody saw that it is not there any more."""
    if delivery.state in NEEDS_PERSON:
        return delivery.issue is not None and delivery.issue.kind == GONE
    return delivery.state in DONE and _refs([_place(delivery)]).exists()


def verdicts_anew(deliveries: Sequence[Delivery]) -> list[Verdict]:
    """Say of each whether it can be made again there, in order."""
    prefetch_related_objects(deliveries, "workflow_version", "connection", "record")
    makers = _makers(map(_place, deliveries))
    return [_verdict(one, makers) for one in deliveries]


@again_after_deadlock
@transaction.atomic
def make_issue_again(actor: Actor, issue: Issue, *, reason: str, doubtful: bool = False) -> Retried:
    """Have all that an exception found gone made again, but what a person must look at before.

    `doubtful`: that as well, knowingly. Raises NotPermitted; ValidationError without a reason or
    where nothing is gone.
    """
    actor.require("exceptions.work", issue.client_id)
    _require_reason(reason)
    places = {_place(one) for one in gone(issue).order_by("pk")[:MOST]}
    _lock_records(places)
    return _make(actor, _failed(places), reason=reason, doubtful=doubtful)


@again_after_deadlock
@transaction.atomic
def make_again(actor: Actor, delivery: Delivery, *, reason: str, doubtful: bool = False) -> Retried:
    """Have one record made again where it was; all that failed over its absence goes with it.

    Raises NotPermitted; ValidationError without a reason, where it is not gone, or where a person
    must look at the target before and `doubtful` does not say that they did.
    """
    actor.require("exceptions.work", delivery.client_id)
    _require_reason(reason)
    place = _place(delivery)
    _lock_records([place])
    rows = _failed([place])
    if not rows:
        one = Delivery.objects.select_for_update(of=("self",)).get(pk=delivery.pk)
        rows = [one] if one.state in DONE and _refs([place]).exists() else []
    made = _make(actor, rows, reason=reason, doubtful=doubtful)
    if not made.count:
        raise ValidationError("Look in the target first, and say that you did.")
    return made


@again_after_deadlock
@transaction.atomic
def skip_issue(actor: Actor, issue: Issue, *, reason: str) -> int:
    """Leave all that an exception found gone as it is; return how many deliveries. A later change
    of a record asks again. Raises NotPermitted, ValidationError."""
    actor.require("exceptions.work", issue.client_id)
    _require_reason(reason)
    # All of them before the first is ended: rows are locked before the lock to release.
    rows = list(gone(issue).select_for_update(of=("self",)).order_by("pk")[:MOST])
    if not rows:
        raise ValidationError(NOTHING)
    for row in rows:
        skip_delivery(actor, row, reason=reason)
    note(issue.pk, IssueEntry.Kind.DECISION, f"Skipped {len(rows)}: {reason}", actor.label)
    return len(rows)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ValidationError("Give a reason.")


def _place(delivery: Delivery) -> Place:
    return delivery.record_id, delivery.connection_id, delivery.object


def _lock_records(places: Iterable[Place]) -> None:
    """In the order in which a page locks them: who reads one of them waits, or is waited for."""
    ids = {record for record, _, _ in places}
    rows = CanonicalRecord.objects.filter(pk__in=ids).order_by("pk").select_for_update()
    list(rows.values_list("pk", flat=True))


def _failed(places: Iterable[Place]) -> list[Delivery]:
    """Lock and return what failed since it is gone there."""
    wanted = set(places)
    rows = Delivery.objects.filter(
        record_id__in={record for record, _, _ in wanted},
        state__in=sorted(NEEDS_PERSON),
        issue__kind=GONE,
    )
    locked = rows.select_for_update(of=("self",)).order_by("pk")
    return [one for one in locked if _place(one) in wanted]


def _refs(places: Iterable[Place]) -> QuerySet[ExternalRef]:
    wanted = list(places)
    return ExternalRef.objects.filter(
        record_id__in={record for record, _, _ in wanted},
        connection_id__in={connection for _, connection, _ in wanted},
        object__in={object_ for _, _, object_ in wanted},
    )


def _makes(delivery: Delivery) -> bool:
    return definition_of(delivery.workflow_version).step(delivery.step).mode in MAKES


def _makers(places: Iterable[Place]) -> dict[Place, Delivery]:
    """Return the latest delivery that makes the record at each place, where one does."""
    wanted = set(places)
    rows = Delivery.objects.filter(record_id__in={record for record, _, _ in wanted})
    rows = rows.exclude(workflow__state__in=sorted(WORKFLOW.closed))
    found: dict[Place, Delivery] = {}
    for row in rows.select_related("workflow_version", "connection", "record").order_by("-pk"):
        if _place(row) in wanted and _place(row) not in found and _makes(row):
            found[_place(row)] = row
    return found


def _verdict(delivery: Delivery, makers: dict[Place, Delivery]) -> Verdict:
    return verdict_anew(
        makes=_place(delivery) in makers,
        can_look_up=can_look_up(delivery),
        is_deleted=delivery.record.deleted,
    )


def _make(actor: Actor, rows: Sequence[Delivery], *, reason: str, doubtful: bool) -> Retried:
    """Forget where these are and plan that they are made. Their records and rows are locked."""
    if not rows:
        raise ValidationError(NOTHING)
    judged = zip(rows, verdicts_anew(rows), strict=True)
    chosen = [one for one, verdict in judged if doubtful or verdict.answer != "manual"]
    if not chosen:
        return Retried(0, len(rows))
    places = {_place(one) for one in chosen}
    were = {(ref.record_id, ref.connection_id, ref.object): ref for ref in _refs(places)}
    makers = _makers(places)
    ExternalRef.objects.filter(pk__in=[were[one].pk for one in places if one in were]).delete()
    runs = {_retry(one) for one in chosen if one.state in NEEDS_PERSON}
    made_by = {_place(one) for one in chosen if one.state not in DELIVERY.closed and _makes(one)}
    runs |= _plan([one for at, one in makers.items() if at not in made_by], actor)
    for one in chosen:
        ref = were.get(_place(one))
        _audit(one, ref.external_id if ref else "", reason)
    for issue_id in {one.issue_id for one in chosen if one.issue_id is not None}:
        count = sum(one.issue_id == issue_id for one in chosen)
        note(issue_id, IssueEntry.Kind.DECISION, f"Made again {count}: {reason}", actor.label)
    # In the order of locks: the advisory lock, runs, the wake-up row.
    lock_to_release()
    refresh_runs(run for run in runs if run is not None)
    ring()
    return Retried(len(chosen), len(rows) - len(chosen))


def _retry(row: Delivery) -> int | None:
    """Send it again, as another write than those before: the target may remember their keys.

    What it noted of the write that failed says nothing of what would be found there now.
    """
    move_row(
        row,
        DELIVERY,
        "retry",
        not_before=timezone.now(),
        updated_at=timezone.now(),
        unfinished_starts=0,
        verify=_makes(row) and can_look_up(row),
        content_hash="",
        idempotency_key=uuid4().hex,
        outcome="Asked to make it again.",
    )
    return row.run_id


def _plan(makers: Iterable[Delivery], actor: Actor) -> set[int | None]:
    """Plan what makes a record once more where no open delivery does; return the runs."""
    runs: dict[int, Run] = {}
    for maker in makers:
        if maker.state in DELIVERY.open:
            continue
        if maker.workflow_id not in runs:
            runs[maker.workflow_id] = _run(maker, actor)
        _copy(maker, runs[maker.workflow_id])
    return {run.pk for run in runs.values()}


def _run(maker: Delivery, actor: Actor) -> Run:
    return insert(
        Run(
            client_id=maker.client_id,
            kind=Run.Kind.REPLAY,
            trigger=Run.Trigger.PERSON,
            workflow_id=maker.workflow_id,
            workflow_version_id=maker.workflow_version_id,
            actor=actor.label[:200],
            correlation=correlation.current().correlation_id,
        )
    )


def _copy(maker: Delivery, run: Run) -> None:
    Delivery.objects.create(
        workflow_id=maker.workflow_id,
        workflow_version_id=maker.workflow_version_id,
        client_id=maker.client_id,
        run=run,
        event_id=maker.event_id,
        step=maker.step,
        record_id=maker.record_id,
        origin_id=maker.origin_id,
        record_version=maker.record.version,
        connection_id=maker.connection_id,
        object=maker.object,
        mapping=maker.mapping,
        variables=maker.variables,
        priority=maker.priority,
        not_before=timezone.now(),
        verify=can_look_up(maker),
        idempotency_key=uuid4().hex,
        correlation=run.correlation,
        outcome="Asked to make it again.",
    )


def _audit(row: Delivery, external_id: str, reason: str) -> None:
    audit.record(
        actions.MADE_AGAIN,
        object_kind="delivery",
        object_id=row.pk,
        object_label=f"{row.step}: {row.record.key}",
        client_id=row.client_id,
        before={"object": row.object, "external_id": external_id},
        after={"asks_first": can_look_up(row)},
        reason=reason,
    )
