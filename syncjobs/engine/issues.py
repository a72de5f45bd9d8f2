"""Raises exceptions, one per cause; counts occurrences; closes and reopens them by itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from syncjobs.due import time_to_solve
from syncjobs.engine.rows import fetch
from syncjobs.engine.transitions import move_row, move_rows
from syncjobs.fingerprint import cause_fingerprint
from syncjobs.models import Delivery, InboundEvent, Issue, IssueEntry
from syncjobs.services.catalogue import CATALOGUE, title_of
from syncjobs.state import DELIVERY, INBOUND, ISSUE
from syncjobs.telling.moves import tell_issues

KEPT_OCCURRENCES: Final = 20
_NEW_ENTRIES: Final = 5
BY_ITSELF: Final = "The cause is gone."
# It may be gone, or somebody let its records pass, skipped them or gave them up.
NOTHING_LEFT: Final = "No record has it any more."


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something needs a person. `same` is what makes two occurrences the same cause."""

    kind: str
    client_id: int
    same: tuple[object, ...]
    detail: Mapping[str, object]
    connection_id: int | None = None
    workflow_id: int | None = None

    @property
    def fingerprint(self) -> str:
        """Return the same text for the same cause."""
        return cause_fingerprint(self.kind, self.client_id, *self.same)


@dataclass(slots=True)
class Occurrence:
    """One time that a cause struck. `counts`: False where it only goes on."""

    cause: Cause
    text: str = ""
    delivery_id: int | None = None
    inbound_id: int | None = None
    counts: bool = True


@dataclass(slots=True)
class _Group:
    cause: Cause
    occurrences: list[Occurrence] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(one.counts for one in self.occurrences)


def raise_issues(occurrences: Sequence[Occurrence]) -> dict[str, int]:
    """Raise, count up or reopen the exceptions of a batch. Returns fingerprint → issue id."""
    groups: dict[str, _Group] = {}
    for one in occurrences:
        print_ = one.cause.fingerprint
        groups.setdefault(print_, _Group(one.cause)).occurrences.append(one)
    return {print_: _raise(print_, groups[print_]) for print_ in sorted(groups)}


def _raise(print_: str, group: _Group) -> int:
    issue = (
        Issue.objects.select_for_update(no_key=True)
        .filter(fingerprint=print_)
        .order_by("-id")
        .first()
    )
    now = timezone.now()
    if issue is None:
        issue = _create(print_, group)
    elif issue.state in ISSUE.closed:
        move_row(
            issue,
            ISSUE,
            "reopen",
            count=issue.count + max(group.count, 1),
            reopened=issue.reopened + 1,
            last_at=now,
            due_at=now + time_to_solve(issue.client_id, CATALOGUE[issue.kind].due_hours),
            level=0,
            escalated_to="",
            escalated_at=None,
            resolved_at=None,
            resolved_by="",
            resolution="",
            detail=dict(group.cause.detail),
        )
        note(issue.pk, IssueEntry.Kind.DECISION, "It came back.")
    elif group.count:
        Issue.objects.filter(pk=issue.pk).update(count=F("count") + group.count, last_at=now)
    if "wanted" in group.cause.detail and "wanted" not in issue.detail:
        # It was raised by a version of ours that did not note it.
        Issue.objects.filter(pk=issue.pk).update(detail=dict(group.cause.detail))
    _keep_last(issue.pk, group)
    return issue.pk


def _create(print_: str, group: _Group) -> Issue:
    cause, entry = group.cause, CATALOGUE[group.cause.kind]
    # Two workers may meet the same new cause: the unique index lets one in, the other counts.
    issue, made = Issue.objects.get_or_create(
        fingerprint=print_,
        state__in=sorted(ISSUE.open),
        defaults={
            "client_id": cause.client_id,
            "class_name": entry.class_name,
            "kind": cause.kind,
            "severity": entry.severity,
            "title": title_of(cause.kind, cause.detail),
            "detail": dict(cause.detail),
            "count": max(group.count, 1),
            "connection_id": cause.connection_id,
            "workflow_id": cause.workflow_id,
            "due_at": timezone.now() + time_to_solve(cause.client_id, entry.due_hours),
        },
    )
    if made:
        tell_issues("open", [issue])
    else:
        Issue.objects.filter(pk=issue.pk).update(count=F("count") + group.count)
    return issue


def note(issue_id: int, kind: IssueEntry.Kind, text: str, actor: str = "") -> None:
    """Add a line to an exception's history."""
    IssueEntry.objects.create(issue_id=issue_id, kind=kind, text=text, actor=actor)


def _keep_last(issue_id: int, group: _Group) -> None:
    """Keep the last occurrences only; the count says how many there were."""
    new = [one for one in group.occurrences if one.counts][-_NEW_ENTRIES:]
    if not new:
        return
    IssueEntry.objects.bulk_create(
        IssueEntry(
            issue_id=issue_id,
            kind=IssueEntry.Kind.OCCURRENCE,
            text=one.text[:2000],
            delivery_id=one.delivery_id,
            inbound_id=one.inbound_id,
        )
        for one in new
    )
    kept = IssueEntry.objects.filter(issue_id=issue_id, kind=IssueEntry.Kind.OCCURRENCE)
    oldest = kept.order_by("-id").values_list("id", flat=True)[KEPT_OCCURRENCES - 1 :][:1]
    for id_ in oldest:
        kept.filter(pk__lt=id_).delete()


def settle_issues(issue_ids: Iterable[int]) -> int:
    """Close those of the exceptions that nothing open refers to any more."""
    ids = sorted(set(issue_ids))
    if not ids:
        return 0
    rows = Issue.objects.filter(pk__in=ids, state__in=sorted(ISSUE.open)).exclude(
        Q(Exists(Delivery.objects.filter(issue=OuterRef("pk"), state__in=sorted(DELIVERY.open))))
        | Q(
            Exists(
                InboundEvent.objects.filter(issue=OuterRef("pk"), state__in=sorted(INBOUND.open))
            )
        )
    )
    return _close(list(rows.values_list("pk", flat=True)), NOTHING_LEFT)


def settle_connection(connection_id: int, kinds: Sequence[str]) -> int:
    """Close a connection's exceptions of these kinds: it works again."""
    params = {"connection": connection_id, "kinds": list(kinds), "open": sorted(ISSUE.open)}
    open_ones = [id_ for (id_,) in fetch(_OF_CONNECTION, params)]
    return _close(open_ones) if open_ones else 0


def settle_kind(connection_id: int, kind: str, keep: Sequence[str]) -> int:
    """Close a connection's exceptions of a kind but those of these fingerprints."""
    rows = Issue.objects.filter(
        connection_id=connection_id, kind=kind, state__in=sorted(ISSUE.open)
    )
    return _close(list(rows.exclude(fingerprint__in=keep).values_list("pk", flat=True)))


def settle_cause(cause: Cause) -> int:
    """Close the exception of a cause that is gone, where it is open."""
    rows = Issue.objects.filter(fingerprint=cause.fingerprint, state__in=sorted(ISSUE.open))
    return _close(list(rows.values_list("pk", flat=True)))


def settle_workflow(workflow_id: int, kind: str, keep: Iterable[int]) -> int:
    """Close a workflow's exceptions of a kind but those to `keep`: the others are gone."""
    rows = Issue.objects.filter(workflow_id=workflow_id, kind=kind, state__in=sorted(ISSUE.open))
    return _close(list(rows.exclude(pk__in=list(keep)).values_list("pk", flat=True)))


@transaction.atomic
def _close(ids: list[int], why: str = BY_ITSELF) -> int:
    closed = 0
    if ids:
        open_ones = Issue.objects.filter(pk__in=ids, state__in=ISSUE.sources("resolve"))
        told = list(open_ones.select_for_update(no_key=True).order_by("pk"))
        closed = move_rows(
            Issue.objects.filter(pk__in=ids),
            ISSUE,
            "resolve",
            resolved_at=timezone.now(),
            resolved_by="",
            resolution=why,
        )
        for id_ in ids:
            note(id_, IssueEntry.Kind.DECISION, why)
        tell_issues("resolve", told)
    return closed


_OF_CONNECTION: Final = """
    SELECT id FROM syncjobs_issue
    WHERE connection_id = %(connection)s AND kind = ANY(%(kinds)s::text[])
      AND state = ANY(%(open)s::text[])
"""
