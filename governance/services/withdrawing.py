"""Requests that have lost their point, taken back without being asked of their authors."""

from django.db.models import QuerySet

from governance.actions import CHANGE_WITHDRAWN
from governance.actors import Actor
from governance.models import ChangeRequest
from governance.services.requests import move_request, record_step
from governance.state import OPEN


def withdraw_all(actor: Actor, found: QuerySet[ChangeRequest], *, comment: str) -> int:
    """Withdraw those that are open, inside the caller's transaction; return how many."""
    rows = found.filter(status__in=sorted(OPEN)).select_for_update(of=("self",)).order_by("pk")
    for request in (locked := list(rows)):
        move_request(request, "withdraw")
        request.closed_by_label, request.closed_comment = actor.label[:200], comment
        request.scheduled_for, request.notice = None, ""
        request.save()
        record_step(CHANGE_WITHDRAWN, request, reason=comment)
    return len(locked)
