"""What waits for this person's signature: for the menus and the first page."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from governance.models import ChangeRequest
from governance.requests import actor_of
from governance.services.details import awaiting_signature

_ATTRIBUTE = "_awaiting_signature"


def awaiting(request: HttpRequest) -> list[ChangeRequest]:
    """Change requests that the person may sign and has not; looked up once a request."""
    known: list[ChangeRequest] | None = getattr(request, _ATTRIBUTE, None)
    if known is None:
        user = request.user if isinstance(request.user, AbstractBaseUser) else None
        known = awaiting_signature(actor_of(request), user)
        setattr(request, _ATTRIBUTE, known)
    return known


def waiting_signatures(request: HttpRequest) -> int:
    """How many they are, for the menus."""
    return len(awaiting(request))
