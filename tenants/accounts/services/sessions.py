"""Where somebody is signed in: the list, ending one, ending all others, noticing a new device."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime

from allauth.core import context
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.adapters import UNKNOWN_ADDRESS
from tenants.accounts.devices import device_name
from tenants.accounts.mail import send_new_device
from tenants.accounts.models import User
from tenants.context import current_schema

logger = logging.getLogger(__name__)
SEEN_SECONDS = 300  # how exact "last seen" is; each time is one write
DEVICE_DAYS = 400
_DEVICES_KEPT = 20


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One session as its person sees it."""

    pk: int
    device: str
    address: str
    since: datetime
    seen: datetime
    is_current: bool


def note_seen(request: HttpRequest) -> None:
    """Keep the session in its person's list, a few times an hour."""
    key = request.session.session_key
    if key and cache.add(f"seen:{key}", 1, SEEN_SECONDS):
        with context.request_context(request):
            UserSession.objects.create_from_request(request)


def forget_ended(user: User) -> None:
    """Drop sessions from somebody's list that have ended by themselves."""
    UserSession.objects.purge_and_list(user)


def sessions_of(request: HttpRequest, user: User) -> list[SignedIn]:
    """Return where somebody is signed in, this session first, then the latest seen."""
    mine = request.session.session_key
    found = [
        SignedIn(
            pk=row.pk,
            device=device_name(row.user_agent),
            address="" if row.ip == UNKNOWN_ADDRESS else row.ip,
            since=row.created_at,
            seen=row.last_seen_at,
            is_current=row.session_key == mine,
        )
        for row in UserSession.objects.purge_and_list(user)
    ]
    return sorted(found, key=lambda one: (one.is_current, one.seen), reverse=True)


def end_session(actor: Actor, user: User, pk: int) -> bool:
    """Sign out one of one's own sessions; False when there is none of that key."""
    _require_self(actor, user)
    row = UserSession.objects.filter(pk=pk, user_id=user.pk).first()
    if row is None:
        return False
    row.end()
    _record(user, 1)
    return True


def end_others(actor: Actor, user: User, keep: str | None) -> int:
    """Sign out everywhere but in the session `keep`; returns how many ended."""
    _require_self(actor, user)
    return _end_all(user, keep)


def end_all(actor: Actor, person: User) -> int:
    """Sign somebody out everywhere, for whoever manages people."""
    actor.require("users.manage", person.client_id)
    return _end_all(person, None)


def _end_all(user: User, keep: str | None) -> int:
    rows = list(UserSession.objects.filter(user_id=user.pk).exclude(session_key=keep or ""))
    for row in rows:
        row.end()
    if rows:
        _record(user, len(rows))
    return len(rows)


def notice_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Remember this browser; tell the person by mail when they had not used it before.

    The cookie is signed for this partner. Somebody's first sign-in tells them nothing new.
    """
    known = _known_devices(request)
    if str(user.pk) not in known and _has_signed_in_before(user):
        _tell(request, user)
    known[str(user.pk)] = int(time.time())
    newest = dict(sorted(known.items(), key=lambda item: item[1])[-_DEVICES_KEPT:])
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps(newest, salt=_salt(), compress=True),
        max_age=DEVICE_DAYS * 86400,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _has_signed_in_before(user: User) -> bool:
    """The list of sessions forgets; the audit trail does not. One entry is this sign-in's."""
    entries = AuditEntry.objects.filter(
        action=actions.SIGNED_IN.key, object_kind="user", object_id=str(user.pk)
    )
    return entries.count() > 1


def _known_devices(request: HttpRequest) -> dict[str, int]:
    try:
        text = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
        known = signing.loads(text, salt=_salt(), max_age=DEVICE_DAYS * 86400)
    except signing.BadSignature:
        return {}
    return known if isinstance(known, dict) else {}


def _salt() -> str:
    return f"devices of {current_schema()}"


def _tell(request: HttpRequest, user: User) -> None:
    """A mail server that is away must not keep anybody out."""
    device = device_name(request.headers.get("User-Agent", ""))
    try:
        send_new_device(user, device, timezone.now())
    except OSError:
        logger.exception("The mail about a new device of user %s could not be sent", user.pk)


def _require_self(actor: Actor, user: User) -> None:
    if actor.kind not in {"person", "operator"} or actor.id != user.pk:
        raise NotPermitted("Only the person themselves may end their sessions here.")


def _record(user: User, count: int) -> None:
    audit.record(
        actions.SESSIONS_ENDED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        after={"ended": count},
    )
