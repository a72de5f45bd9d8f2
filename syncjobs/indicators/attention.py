"""What needs somebody now, the most pressing first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, Window
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from branding.services.allowances import clients_over
from branding.waiting import awaiting
from governance.models import ChangeRequest
from governance.requests import actor_of
from governance.services.impact_views import moved_amounts
from syncjobs.indicators.health import BROKEN
from syncjobs.indicators.stakes import Stake, stakes_beside_issues, stakes_in
from syncjobs.models import Connection, Issue
from syncjobs.state import ISSUE
from tenants.nouns import in_words

SHOWN = 6  # of each kind; the rest is counted
EXPIRES_SOON = timedelta(days=14)
_OPEN = "_open_exceptions"


@dataclass(frozen=True)
class Need:
    """One line of "what needs you", and where it is dealt with.

    `tone`: bad, warn or info. `stakes`: the money that it stops, or by
    which it moves amounts (`is_difference`). `note` says how long there is.
    """

    title: str
    text: str
    url_name: str
    tone: str
    pk: int | None = None
    stakes: tuple[Stake, ...] = ()
    note: str = ""
    due_at: datetime | None = None
    is_difference: bool = False

    @property
    def address(self) -> str:
        """Where it is dealt with, on the host of the request."""
        return reverse(self.url_name, args=[] if self.pk is None else [self.pk])


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def open_exceptions(request: HttpRequest) -> int:
    """Return the count that the menu shows beside "Exceptions"; looked up once a request."""
    known: int | None = getattr(request, _OPEN, None)
    if known is None:
        actor = actor_of(request)
        mine = Q() if actor.client_id is None else Q(client_id=actor.client_id)
        known = Issue.objects.filter(mine, state__in=sorted(ISSUE.open)).count()
        setattr(request, _OPEN, known)
    return known


def _exceptions(request: HttpRequest, mine: Q, *, staff: bool) -> list[Need]:
    """The worst open exceptions one by one, and how many more there are; one query.

    The menu's count comes along.
    """
    rows = Issue.objects.filter(mine, state__in=sorted(ISSUE.open))
    first = list(
        rows.select_related("client", "workflow", "connection")
        .annotate(worth=stakes_beside_issues(), of=Window(Count("pk")))
        .order_by("severity", F("due_at").asc(nulls_last=True), "pk")[:SHOWN]
    )
    total = first[0].of if first else 0
    setattr(request, _OPEN, total)
    found = [_exception(one, stakes_in(one.worth), staff=staff) for one in first]
    if (more := total - len(first)) > 0:
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


def _approvals(waiting: Sequence[ChangeRequest], *, staff: bool) -> list[Need]:
    page = "change_detail" if staff else "approval_detail"
    shown = waiting[:SHOWN]
    moved = moved_amounts([one.pk for one in shown])
    found = [
        Need(
            f"Approve: {one.title}",
            "Touches money" if one.touches_money else "Does not touch money",
            page,
            "info",
            pk=one.pk,
            stakes=tuple(Stake(moves.amount, moves.currency) for moves in moved.get(one.pk, ())),
            is_difference=True,
        )
        for one in shown
    ]
    if (more := len(waiting) - len(found)) > 0:
        listed = "change_list" if staff else "approval_list"
        found.append(Need(_plural(more, "more approval"), "", listed, "info"))
    return found


def _allowances() -> list[Need]:
    """Clients that used more than their month includes, the fullest first."""
    over = clients_over(timezone.now())
    found = [
        Need(
            f"{one.client.name}: over its allowance",
            f"{one.used:,} of {one.included:,} this month",
            "usage_detail",
            "warn",
            pk=one.client.pk,
        )
        for one in over[:SHOWN]
    ]
    if (more := len(over) - len(found)) > 0:
        found.append(
            Need(in_words(_plural(more, "more client") + " over"), "", "usage_overview", "warn")
        )
    return found


def needs(request: HttpRequest) -> list[Need]:
    """Return what the actor can do something about, the most pressing first.

    Within their own client, if they have one.
    """
    actor = actor_of(request)
    staff = actor.client_id is None
    mine = Q() if staff else Q(client_id=actor.client_id)
    found: list[Need] = []
    if actor.can("connections.view"):
        found += _connections(mine, staff=staff)
    if actor.can("exceptions.view"):
        found += _exceptions(request, mine, staff=staff)
    if actor.can("changes.approve"):
        found += _approvals(awaiting(request), staff=staff)
    if staff and actor.can("usage.view"):
        found += _allowances()
    # Nobody else gives this signature, and a change waits for it; of exceptions there is a list.
    order = {"bad": 0, "info": 1, "warn": 2}
    return sorted(found, key=lambda need: order[need.tone])
