"""Signing in and out, in one step or two, with a limit on guessing."""

import time
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from typing import Any

from django.contrib import auth
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from governance import correlation
from governance.models import AuditEntry
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.actors import actor_for
from tenants.accounts.models import User
from tenants.accounts.places import count_from
from tenants.accounts.services import second_factors, support
from tenants.accounts.services.providers import password_allowed
from tenants.accounts.services.sessions import forget_ended, note_seen
from tenants.accounts.services.single_sign_off import keep_way, way_kept
from tenants.accounts.support_user import support_of

TRIES = 8
TRIES_FROM_ONE_PLACE = 40
WINDOW = timedelta(minutes=15)
SECOND_STEP_SECONDS = 600
PROOF_SECONDS = 15 * 60
BACKEND = "tenants.accounts.backends.AccountBackend"
_LABEL = 160
_PENDING, _PROVED, _ELSEWHERE = "second_step", "proved", "factor_elsewhere"


class TooManyTries(Exception):
    """The address or the caller has failed too often; wait for WINDOW."""


class Outcome(Enum):
    """How far a right or wrong password led."""

    REFUSED = "refused"
    SECOND_STEP = "second step"
    SIGNED_IN = "signed in"


def _failures() -> QuerySet[AuditEntry]:
    """All failures within WINDOW. The audit trail is what counts: all web processes share it."""
    kinds = (actions.SIGN_IN_FAILED.key, actions.FACTOR_REFUSED.key)
    return AuditEntry.objects.filter(action__in=kinds, at__gte=timezone.now() - WINDOW)


def refuse_place() -> None:
    """Raise TooManyTries when too much has failed from the caller's network address."""
    place = correlation.current().address
    if place and count_from(_failures(), place) >= TRIES_FROM_ONE_PLACE:
        raise TooManyTries


def refuse_guessing(email: str) -> None:
    """Raise TooManyTries when a password of this address may not be tried now."""
    refuse_place()
    failed = _failures().filter(action=actions.SIGN_IN_FAILED.key)
    if failed.filter(object_label=email[:_LABEL], id__gt=_last_proof(email)).count() >= TRIES:
        raise TooManyTries


def note_failure(email: str, reason: str = "") -> None:
    """Count a wrong password of this address."""
    audit.record(
        actions.SIGN_IN_FAILED,
        object_kind="user",
        object_id="",
        object_label=email[:_LABEL],
        reason=reason,
    )


def _last_of(pk: int | None, *kinds: str) -> int:
    entries = AuditEntry.objects.filter(
        action__in=kinds,
        object_kind="user",
        object_id=str(pk),
        at__gte=timezone.now() - WINDOW,
    )
    return entries.order_by("-id").values_list("id", flat=True).first() or 0


def _last_proof(email: str) -> int:
    """The entry of when the person last signed in or set a password by link; 0 for never."""
    pk = User.objects.filter(email=email).values_list("pk", flat=True).first()
    return _last_of(pk, actions.SIGNED_IN.key, actions.PASSWORD_SET.key)


def _refuse_guessing_codes(user: User) -> None:
    """Raise TooManyTries. A new password does not open this lock: only the factor does."""
    refuse_place()
    mine = _failures().filter(action=actions.FACTOR_REFUSED.key, object_id=str(user.pk))
    if mine.filter(id__gt=_last_of(user.pk, actions.SIGNED_IN.key)).count() >= TRIES:
        raise TooManyTries


def sign_in(request: HttpRequest, email: str, password: str, *, kind: str) -> Outcome:
    """Sign in a person of `kind` (staff, client, operator), or begin their second step.

    Raises TooManyTries after TRIES failures of one address, or TRIES_FROM_ONE_PLACE from one
    network address. All outcomes are in the audit trail.
    """
    email = email.strip().lower()
    refuse_guessing(email)
    user = auth.authenticate(request, username=email, password=password)
    if not isinstance(user, User) or user.kind != kind:
        note_failure(email)
        return Outcome.REFUSED
    if not password_allowed(user):
        note_failure(email, "Only single sign-on is allowed")
        return Outcome.REFUSED
    return proceed(request, user, "password")


def proceed(request: HttpRequest, user: User, method: str) -> Outcome:
    """Let in somebody who has proved who they are once; where they have a factor, ask for it."""
    if not second_factors.has_factor(user):
        complete(request, user, method)
        return Outcome.SIGNED_IN
    request.session.flush()
    request.session[_PENDING] = {
        "person": user.pk,
        "hash": user.get_session_auth_hash(),
        "since": int(time.time()),
        "method": method,
    }
    return Outcome.SECOND_STEP


def person_of_second_step(request: HttpRequest, *, kind: str) -> User | None:
    """Return who is half signed in here; None when nobody is, or it took too long."""
    begun: dict[str, Any] = request.session.get(_PENDING) or {}
    if not begun or time.time() - begun["since"] > SECOND_STEP_SECONDS:
        return None
    user = User.objects.filter(pk=begun["person"], kind=kind, is_active=True).first()
    if user is None or not constant_time_compare(begun["hash"], user.get_session_auth_hash()):
        return None
    return user


def finish_with_code(request: HttpRequest, user: User, code: str) -> bool:
    """Finish the second step with a code of the app or a recovery code. Raises TooManyTries."""
    return _finish(request, user, lambda: second_factors.check_code(user, code))


def finish_with_passkey(request: HttpRequest, user: User, answer: dict[str, Any]) -> bool:
    """Finish the second step with a passkey. Raises TooManyTries."""
    return _finish(request, user, lambda: _passkey_of(request, user, answer))


def _passkey_of(request: HttpRequest, user: User | None, answer: dict[str, Any]) -> str | None:
    try:
        second_factors.person_of_passkey(request, answer, user)
    except ValidationError:
        return None
    return second_factors.LABELS[second_factors.PASSKEY]


def _finish(request: HttpRequest, user: User, check: Callable[[], str | None]) -> bool:
    used = prove_factor(user, check)
    if used is None:
        return False
    begun, way = str(request.session[_PENDING]["method"]), way_kept(request)
    complete(request, user, f"{begun}, {used.lower()}")
    keep_way(request, way)
    return True


def prove_factor(user: User, check: Callable[[], str | None]) -> str | None:
    """Check a factor under the limit on guessing; None and a failure noted for a wrong one.

    Raises TooManyTries, and FactorUnreadable, which is noted and counted like a wrong code:
    it may be a guess at a recovery code.
    """
    _refuse_guessing_codes(user)
    try:
        used = check()
    except second_factors.FactorUnreadable:
        _note_refused_factor(user, "The stored key of the authenticator app does not open")
        raise
    if used is None:
        _note_refused_factor(user)
    return used


def _note_refused_factor(user: User, reason: str = "") -> None:
    audit.record(
        actions.FACTOR_REFUSED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        reason=reason,
    )


def sign_in_with_passkey(request: HttpRequest, answer: dict[str, Any], *, kind: str) -> bool:
    """Sign in whose passkey answered, without a password: the key asked who they are."""
    refuse_place()
    try:
        user = second_factors.person_of_passkey(request, answer, None)
    except ValidationError:
        note_failure("", "Passkey not known here")
        return False
    if user.kind != kind or not user.is_active or not password_allowed(user):
        note_failure(user.email, "Passkey of somebody who may not sign in here")
        return False
    complete(request, user, "passkey")
    return True


def complete(request: HttpRequest, user: User, method: str) -> None:
    """Open the session; nothing but this signs anybody in."""
    request.session.flush()
    auth.login(request, user, backend=BACKEND)
    note_proof(request)
    forget_ended(user)
    note_seen(request)
    correlation.replace_actor(actor_for(user))
    audit.record(
        actions.SIGNED_IN,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        after={"with": method},
    )


def note_factor_elsewhere(request: HttpRequest) -> None:
    """Remember that the identity provider asked this session for a second factor."""
    request.session[_ELSEWHERE] = True


def has_factor_elsewhere(request: HttpRequest) -> bool:
    """Say whether the identity provider asked this session for a second factor."""
    return bool(request.session.get(_ELSEWHERE))


def note_proof(request: HttpRequest) -> None:
    """Remember that the person has just proved who they are."""
    request.session[_PROVED] = int(time.time())


def proved_lately(request: HttpRequest) -> bool:
    """Say whether the person has proved who they are within PROOF_SECONDS."""
    return time.time() - int(request.session.get(_PROVED, 0)) < PROOF_SECONDS


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
