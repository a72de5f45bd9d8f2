"""Signing in and out, with a limit on guessing."""

from datetime import timedelta

from django.contrib import auth
from django.http import HttpRequest
from django.utils import timezone

from governance import correlation
from governance.models import AuditEntry
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.actors import actor_for
from tenants.accounts.models import User
from tenants.accounts.services import support
from tenants.accounts.support_user import support_of

TRIES = 8
TRIES_FROM_ONE_PLACE = 40
WINDOW = timedelta(minutes=15)
_LABEL = 160


class TooManyTries(Exception):
    """The address or the caller has failed too often; wait for WINDOW."""


def _refuse_guessing(email: str) -> None:
    """Raise TooManyTries. The audit trail is what counts: all web processes share it."""
    failed = AuditEntry.objects.filter(
        action=actions.SIGN_IN_FAILED.key, at__gte=timezone.now() - WINDOW
    )
    place = correlation.current().address
    if place and failed.filter(address=place).count() >= TRIES_FROM_ONE_PLACE:
        raise TooManyTries
    mine = failed.filter(object_label=email[:_LABEL], id__gt=_last_proof(email))
    if mine.count() >= TRIES:
        raise TooManyTries


def _last_proof(email: str) -> int:
    """The entry of when the person last signed in or set a password by link; 0 for never."""
    user = User.objects.filter(email=email).values_list("pk", flat=True).first()
    proofs = AuditEntry.objects.filter(
        action__in=[actions.SIGNED_IN.key, actions.PASSWORD_SET.key],
        object_kind="user",
        object_id=str(user),
        at__gte=timezone.now() - WINDOW,
    )
    return proofs.order_by("-id").values_list("id", flat=True).first() or 0


def sign_in(request: HttpRequest, email: str, password: str, *, kind: str) -> User | None:
    """Sign in a person of `kind` (staff, client, operator) or return None.

    Raises TooManyTries after TRIES failures of one address, or TRIES_FROM_ONE_PLACE from one
    network address. Both outcomes are in the audit trail.
    """
    email = email.strip().lower()
    _refuse_guessing(email)
    user = auth.authenticate(request, username=email, password=password)
    if not isinstance(user, User) or user.kind != kind:
        audit.record(
            actions.SIGN_IN_FAILED, object_kind="user", object_id="", object_label=email[:_LABEL]
        )
        return None
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
    elif stand_in := support_of(request):
        support.end(stand_in.visit)
    auth.logout(request)
