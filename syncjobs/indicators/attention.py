"""What needs somebody now, the most pressing first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from governance.actors import Actor
from governance.requests import actor_of
from governance.services.details import awaiting_signature
from syncjobs.indicators.health import BROKEN
from syncjobs.indicators.stakes import Stake, stakes_of_issues
from syncjobs.models import Connection, Issue
from syncjobs.state import ISSUE
from tenants.nouns import in_words

SHOWN = 6  # of each kind; the rest is counted
EXPIRES_SOON = timedelta(days=14)


@dataclass(frozen=True)
class Need:
    """One line of "what needs you", and where it is dealt with.

    `tone`: bad, warn or info. `stakes`: the money that it stops. `note` says how long there is.
    """

    title: str
    text: str
    url_name: str
    tone: str
    pk: int | None = None
    stakes: tuple[Stake, ...] = ()
    note: str = ""
    due_at: datetime | None = None

    @property
    def address(self) -> str:
        """Where it is dealt with, on the host of the request."""
        return reverse(self.url_name, args=[] if self.pk is None else [self.pk])


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def open_exceptions(request: HttpRequest) -> int:
    """Return the count that the menu shows beside "Exceptions"."""
    actor = actor_of(request)
    rows = Issue.objects.filter(state__in=sorted(ISSUE.open))
    return (rows if actor.client_id is None else rows.filter(client_id=actor.client_id)).count()


def _exceptions(mine: Q, *, staff: bool) -> list[Need]:
    """The worst open exceptions one by one, and how many more there are."""
    rows = Issue.objects.filter(mine, state__in=sorted(ISSUE.open))
    first = list(
        rows.select_related("client", "workflow", "connection").order_by(
            "severity", F("due_at").asc(nulls_last=True), "pk"
        )[:SHOWN]
    )
    stakes = stakes_of_issues(one.pk for one in first)
    found = [_exception(one, tuple(stakes.get(one.pk, ())), staff=staff) for one in first]
    if (more := rows.count() - len(first)) > 0:
        found.append(Need(in_words(_plural(more, "more exception")), "", "exception_list", "warn"))
    return found


def _exception(issue: Issue, stakes: tuple[Stake, ...], *, staff: bool) -> Need:
    late = issue.due_at is not None and issue.due_at < timezone.now()
    parts = [
        str(issue.client) if staff else "",
        str(issue.workflow or issue.connection or ""),
        f"{issue.count} times" if issue.count > 1 else "",
    ]
    return Need(
        issue.title,
        " · ".join(part for part in parts if part),
        "exception_detail",
        "bad" if late or issue.severity == Issue.Severity.HIGH else "warn",
        pk=issue.pk,
        stakes=stakes,
        note="Past due" if late else "",
        due_at=None if late else issue.due_at,
    )


def _connections(mine: Q, *, staff: bool) -> list[Need]:
    """Systems that do not answer, and credentials that end soon."""
    soon = timezone.now() + EXPIRES_SOON
    rows = Connection.objects.filter(mine).exclude(state="disabled").select_related("client")
    troubled = rows.filter(Q(state__in=BROKEN) | Q(secret_expires_at__lt=soon))
    found = []
    for one in troubled.order_by("client__name", "name")[:SHOWN]:
        broken = one.state in BROKEN
        words = one.get_state_display().lower() if broken else "credentials expire"
        parts = (str(one.client) if staff else "", one.last_error if broken else "")
        found.append(
            Need(
                f"{one.name}: {words}",
                " · ".join(part for part in parts if part),
                "connection_detail" if staff else "exception_list",
                "bad" if broken else "warn",
                pk=one.pk if staff else None,
                due_at=None if broken else one.secret_expires_at,
            )
        )
    return found


def _approvals(actor: Actor) -> list[Need]:
    waiting = awaiting_signature(actor)
    page = "change_detail" if actor.client_id is None else "approval_detail"
    found = [
        Need(
            f"Approve: {one.title}",
            "Touches money" if one.touches_money else "Does not touch money",
            page,
            "info",
            pk=one.pk,
        )
        for one in waiting[:SHOWN]
    ]
    if (more := len(waiting) - len(found)) > 0:
        listed = "change_list" if actor.client_id is None else "approval_list"
        found.append(Need(_plural(more, "more approval"), "", listed, "info"))
    return found


def needs(actor: Actor) -> list[Need]:
    """Return what the actor can do something about, the most pressing first.

    Within their own client, if they have one.
    """
    staff = actor.client_id is None
    mine = Q() if staff else Q(client_id=actor.client_id)
    found: list[Need] = []
    if actor.can("connections.view"):
        found += _connections(mine, staff=staff)
    if actor.can("exceptions.view"):
        found += _exceptions(mine, staff=staff)
    if actor.can("changes.approve"):
        found += _approvals(actor)
    order = {"bad": 0, "warn": 1, "info": 2}
    return sorted(found, key=lambda need: order[need.tone])
