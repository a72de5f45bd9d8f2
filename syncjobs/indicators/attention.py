"""What needs somebody now, the most pressing first."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from governance.actors import Actor
from governance.requests import actor_of
from governance.services.details import awaiting_signature
from syncjobs.indicators.health import BROKEN
from syncjobs.models import Connection, Hold, Issue
from syncjobs.state import ISSUE


@dataclass(frozen=True)
class Need:
    """One line of "what needs me": how many of what, and the page's URL name.

    `tone`: bad, warn or info. `query` goes behind the address.
    """

    title: str
    text: str
    url_name: str
    tone: str
    query: str = ""


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def open_exceptions(request: HttpRequest) -> int:
    """Return the count that the menu shows beside "Exceptions"."""
    actor = actor_of(request)
    rows = Issue.objects.filter(state__in=sorted(ISSUE.open))
    return (rows if actor.client_id is None else rows.filter(client_id=actor.client_id)).count()


def _exceptions(mine: Q) -> list[Need]:
    rows = Issue.objects.filter(mine, state__in=sorted(ISSUE.open))
    late = rows.filter(due_at__lt=timezone.now()).count()
    total = rows.count()
    found = []
    if late:
        found.append(
            Need(
                f"{_plural(late, 'exception')} past due", "", "exception_list", "bad", "?show=late"
            )
        )
    if total - late:
        found.append(Need(_plural(total - late, "open exception"), "", "exception_list", "warn"))
    return found


def _connections(mine: Q) -> list[Need]:
    down = Connection.objects.filter(mine, state__in=BROKEN).order_by("name")
    return [
        Need(
            f"{one.name} is {one.get_state_display().lower()}",
            one.last_error[:120],
            "connection_list",
            "bad",
        )
        for one in down[:3]
    ]


def _held(mine: Q) -> list[Need]:
    holds = Hold.objects.filter(mine, released_at=None)
    count = holds.count()
    if not count:
        return []
    missing = holds.order_by("id").values_list("missing", flat=True)[0]
    noun = "delivery" if count == 1 else "deliveries"
    return [Need(f"{count} {noun} on hold", missing, "hold_list", "warn")]


def needs(actor: Actor) -> list[Need]:
    """Return what the actor can do something about, within their own client if they have one."""
    mine = Q() if actor.client_id is None else Q(client_id=actor.client_id)
    found: list[Need] = []
    if actor.can("connections.view"):
        found += _connections(mine)
    if actor.can("exceptions.view"):
        found += _exceptions(mine) + _held(mine)
    waiting = len(awaiting_signature(actor)) if actor.can("changes.approve") else 0
    if waiting:
        page = "change_list" if actor.client_id is None else "approval_list"
        found.append(
            Need(f"{_plural(waiting, 'change')} waiting for your approval", "", page, "info")
        )
    order = {"bad": 0, "warn": 1, "info": 2}
    return sorted(found, key=lambda need: order[need.tone])
