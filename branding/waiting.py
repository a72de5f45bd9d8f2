"""How many changes wait for this person: for the menus."""

from __future__ import annotations

from django.http import HttpRequest

from governance.requests import actor_of
from governance.services.details import awaiting_signature


def waiting_signatures(request: HttpRequest) -> int:
    """Change requests that the person may sign and has not."""
    actor = actor_of(request)
    if "changes.approve" not in actor.permissions:
        return 0
    return len(awaiting_signature(actor))
