"""Signing in and out, with a limit on guessing."""

import hashlib

from django.contrib import auth
from django.core.cache import cache
from django.http import HttpRequest

from governance import correlation
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.actors import actor_for
from tenants.accounts.models import User

TRIES = 8
WINDOW_SECONDS = 900


class TooManyTries(Exception):
    """The address or the caller has failed too often; wait WINDOW_SECONDS."""


def _keys(email: str, address: str) -> list[str]:
    digest = hashlib.sha256(email.lower().encode()).hexdigest()[:32]
    return [f"tries-{digest}", f"tries-from-{address}"]


def _count_failure(email: str, address: str) -> None:
    for key in _keys(email, address):
        cache.add(key, 0, WINDOW_SECONDS)
        cache.incr(key)


def sign_in(request: HttpRequest, email: str, password: str, *, kind: str) -> User | None:
    """Sign in a person of `kind` (staff, client, operator) or return None.

    Raises TooManyTries after TRIES failures of one address or from one network address.
    Both outcomes are in the audit trail.
    """
    address = request.META.get("REMOTE_ADDR", "")
    for key, limit in zip(_keys(email, address), (TRIES, TRIES * 5), strict=True):
        if int(cache.get(key, 0)) >= limit:
            raise TooManyTries
    user = auth.authenticate(request, username=email, password=password)
    if not isinstance(user, User) or user.kind != kind:
        _count_failure(email, address)
        audit.record(
            actions.SIGN_IN_FAILED, object_kind="user", object_id="", object_label=email[:160]
        )
        return None
    cache.delete(_keys(email, address)[0])
    auth.login(request, user)
    correlation.replace_actor(actor_for(user))
    audit.record(
        actions.SIGNED_IN,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
    )
    return user


def sign_out(request: HttpRequest) -> None:
    """End the session."""
    user = request.user
    if isinstance(user, User):
        audit.record(
            actions.SIGNED_OUT,
            object_kind="user",
            object_id=user.pk,
            object_label=user.name,
            client_id=user.client_id,
        )
    auth.logout(request)
