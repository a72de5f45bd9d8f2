"""What people do with exceptions: take, comment, retry, resolve."""

from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from governance.actions import Action
from governance.actors import Actor
from governance.deadlocks import again_after_deadlock
from governance.hidden import holds_hidden
from governance.services import audit
from syncjobs import actions
from syncjobs.engine.doorbell import ring
from syncjobs.engine.issues import note
from syncjobs.engine.runs import refresh_runs
from syncjobs.engine.transitions import move_row, move_rows
from syncjobs.models import CanonicalRecord, Delivery, Issue, IssueEntry, Stream
from syncjobs.services.deliveries import skip_delivery, verdicts_of
from syncjobs.state import DELIVERY, INBOUND, ISSUE, NEEDS_PERSON
from tenants.accounts.models import User
from tenants.nouns import in_words

# Of one exception at a time.
MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Retried:
    """How many are tried again, how many were left because a person must decide, and whether there
    are more than are tried at a time."""

    count: int
    left: int
    more: bool = False


@again_after_deadlock
@transaction.atomic
def retry_issue(actor: Actor, issue: Issue, *, doubtful: bool = False) -> Retried:
    """Try what this cause stops again now, the latest `MOST` of it, but what may be done twice by
    that.

    `doubtful`: that as well, knowingly. An outcome that is not known is looked up first. Records
    that were set aside on the way in are read again. Raises NotPermitted.
    """
    actor.require("exceptions.work", issue.client_id)
    # Rows before their exception, as who records an outcome locks them.
    stopped, more = _stopped(issue)
    row = _locked(actor, issue)
    left = [] if doubtful else _doubtful(stopped)
    goes = {one.pk: one.run_id for one in stopped if one.pk not in left}
    now = timezone.now()
    count = move_rows(
        Delivery.objects.filter(pk__in=goes),
        DELIVERY,
        "retry",
        not_before=now,
        updated_at=now,
        unfinished_starts=0,
    )
    count += _read_again(row)
    kept = f" Left {len(left)} that need a person." if left else ""
    note(row.pk, IssueEntry.Kind.DECISION, f"Retried {count}.{kept}", actor.label)
    after: dict[str, object] = {"count": count, "left": len(left), "doubtful": doubtful}
    _audit(actions.DELIVERY_RETRIED, row, after=after)
    refresh_runs(run for run in goes.values() if run is not None)
    ring()
    return Retried(count, len(left), more)


def _stopped(issue: Issue) -> tuple[list[Delivery], bool]:
    """Lock and return the latest of what can be tried again, and whether there is more."""
    rows = Delivery.objects.filter(issue=issue, state__in=DELIVERY.sources("retry"))
    latest = list(rows.order_by("-pk").values_list("pk", flat=True)[: MOST + 1])
    only_version = Prefetch("record", CanonicalRecord.objects.only("version"))
    locked = rows.filter(pk__in=latest[:MOST]).select_for_update(of=("self",)).order_by("pk")
    return list(locked.prefetch_related(only_version)), len(latest) > MOST


def _doubtful(stopped: list[Delivery]) -> list[int]:
    """Return those that only a person should send again. They are locked: their verdict holds."""
    judged = zip(stopped, verdicts_of(stopped), strict=True)
    return [one.pk for one, verdict in judged if verdict.answer == "manual"]


def _read_again(issue: Issue) -> int:
    aside = issue.inbound.filter(state__in=sorted(INBOUND.open))
    count = aside.update(mapping_version=None)
    streams = set(aside.values_list("stream_id", flat=True))
    if issue.connection_id is not None and not streams:
        streams = set(
            Stream.objects.filter(connection_id=issue.connection_id).values_list("pk", flat=True)
        )
    Stream.objects.filter(pk__in=[id_ for id_ in streams if id_]).update(
        next_poll_at=timezone.now()
    )
    return count


@dataclass(frozen=True, slots=True)
class Settled:
    """How many deliveries were skipped, and whether the exception stays open since more failed
    than are skipped at a time."""

    skipped: int
    more: bool = False


@again_after_deadlock
@transaction.atomic
def resolve_issue(actor: Actor, issue: Issue, *, reason: str, skip: bool = False) -> Settled:
    """Close an exception with a note; it reopens by itself when the cause comes back.

    `skip`: what it stopped for good was settled elsewhere, so its deliveries are skipped, at most
    `MOST` at a time: where more are left it stays open. Raises NotPermitted; ValidationError
    without a note; BadTransition when closed already.
    """
    actor.require("exceptions.work", issue.client_id)
    # Rows before their exception, as who records an outcome locks them.
    failed = stopped_for_good(issue).select_for_update().order_by("pk")
    found = list(failed[: MOST + 1]) if skip else []
    settled, more = found[:MOST], len(found) > MOST
    row = _locked(actor, issue)
    if not reason.strip():
        raise ValidationError("Say how it was resolved.")
    ISSUE.after(row.state, "resolve")  # Raises where it is closed already.
    if not more:
        _resolve(actor, row, reason)
    for delivery in settled:
        skip_delivery(actor, delivery, reason=reason)
    if settled:
        left = f" More are left: {reason}" if more else ""
        note(row.pk, IssueEntry.Kind.DECISION, f"Skipped {len(settled)}.{left}", actor.label)
    return Settled(len(settled), more)


def _resolve(actor: Actor, issue: Issue, reason: str) -> None:
    move_row(
        issue,
        ISSUE,
        "resolve",
        resolution=reason,
        resolved_by=actor.label[:200],
        resolved_at=timezone.now(),
    )
    note(issue.pk, IssueEntry.Kind.DECISION, f"Resolved: {reason}", actor.label)
    _audit(actions.ISSUE_RESOLVED, issue, reason=reason)


def stopped_for_good(issue: Issue) -> QuerySet[Delivery]:
    """Return what nothing but a person lets go on."""
    return Delivery.objects.filter(issue=issue, state__in=sorted(NEEDS_PERSON))


@transaction.atomic
def assign_issue(actor: Actor, issue: Issue, owner: User | None) -> None:
    """Give an exception to somebody, or to nobody (None). Raises NotPermitted, ValidationError
    for somebody who may not see it, BadTransition when it is closed."""
    row = _locked(actor, issue)
    if owner is None:
        if row.owner_id is not None:
            move_row(row, ISSUE, "unassign", owner=None)
    else:
        if owner.client_id not in (None, row.client_id) or not owner.is_active:
            raise ValidationError(in_words("This person cannot see this exception."))
        if "exceptions.work" not in owner.permissions:
            raise ValidationError(in_words(f"{owner.name} may not work on exceptions."))
        move_row(row, ISSUE, "assign", owner=owner)
    name = owner.name if owner else "nobody"
    note(row.pk, IssueEntry.Kind.DECISION, f"Given to {name}.", actor.label)
    _audit(actions.ISSUE_ASSIGNED, row, after={"owner": name})


@transaction.atomic
def comment_issue(actor: Actor, issue: Issue, text: str) -> None:
    """Add a comment, at most 4,000 characters. Raises NotPermitted, ValidationError."""
    row = _locked(actor, issue)
    if not text.strip():
        raise ValidationError("Write a comment first.")
    if len(text) > 4000:
        raise ValidationError("A comment has at most 4,000 characters.")
    if holds_hidden(text, lines=True):
        raise ValidationError("Write the comment without hidden characters.")
    note(row.pk, IssueEntry.Kind.COMMENT, text, actor.label)
    _audit(actions.ISSUE_COMMENTED, row)


def _locked(actor: Actor, issue: Issue) -> Issue:
    actor.require("exceptions.work", issue.client_id)
    return Issue.objects.select_for_update(of=("self",)).get(pk=issue.pk)


def _audit(
    action: Action,
    row: Issue,
    *,
    reason: str = "",
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        action,
        object_kind="exception",
        object_id=row.pk,
        object_label=row.title,
        client_id=row.client_id,
        after=after,
        reason=reason,
    )
