"""A person's second factors: authenticator app, passkeys, recovery codes.

The library makes and checks codes and keys; who may, what is recorded and that a code works
once is decided here. Recovery codes alone are no factor: they stand in for a lost one.
"""

import json
import logging
import re
from dataclasses import dataclass
from typing import Any

from allauth.core import context
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from governance.actions import Action
from governance.actors import Actor
from governance.errors import NotPermitted
from governance.services import audit
from tenants.accounts import actions, recovery
from tenants.accounts.adapters import of_person
from tenants.accounts.models import User
from tenants.accounts.names import plain_name
from tenants.accounts.notices import tell_change
from tenants.sealing import SealError

logger = logging.getLogger(__name__)

APP = Authenticator.Type.TOTP
PASSKEY = Authenticator.Type.WEBAUTHN
CODES = Authenticator.Type.RECOVERY_CODES
LABELS = {APP: "Authenticator app", PASSKEY: "Passkey", CODES: "Recovery codes"}
PASSKEYS_AT_MOST = 10
WRONG_CODE = "This code is not right. Codes change every 30 seconds and work once."
NO_APP_NOW = "No authenticator app can be set up at the moment. Add a passkey, or ask support."
UNREADABLE = (
    "Codes of your app can't be checked at the moment. Use a recovery code or a passkey, or ask "
    "support."
)
WRONG_KEY = "This passkey did not work here. Try again, or use another factor."


# A code is read on white only, also where the page is dark.
_PAPER = '<rect width="100%" height="100%" fill="#fff"/>'
_SVG_START = re.compile(r"(<svg[^>]*>)")


class FactorUnreadable(Exception):
    """What is stored of somebody's factor does not open: the master key is lost or wrong."""

    def __init__(self) -> None:
        super().__init__(UNREADABLE)


@dataclass(frozen=True, slots=True)
class AppSetUp:
    """What an authenticator app needs: a picture to scan, or the key to type."""

    key: str
    picture: str


def factors_of(user: User) -> QuerySet[Authenticator]:
    """Return the factors that somebody has, without recovery codes, oldest first."""
    mine: QuerySet[Authenticator] = Authenticator.objects.filter(
        user_id=user.pk, type__in=(APP, PASSKEY)
    )
    return mine.order_by("created_at", "pk")


def has_factor(user: User) -> bool:
    """Say whether somebody has a second factor."""
    return factors_of(user).exists()


def codes_left(user: User) -> int:
    """Return how many recovery codes somebody has left."""
    row = Authenticator.objects.filter(user_id=user.pk, type=CODES).first()
    return recovery.left(row) if row else 0


def label_of(factor: Authenticator) -> str:
    """Return what people call one factor."""
    name = str(factor.data.get("name", "")) if factor.type == PASSKEY else ""
    return name or LABELS[Authenticator.Type(factor.type)]


def new_app_key() -> str:
    """Return a fresh key for an authenticator app."""
    return str(totp.generate_totp_secret())


def app_set_up(request: HttpRequest, user: User, key: str) -> AppSetUp:
    """Return how the app is told the key."""
    adapter = get_adapter()
    with context.request_context(request):
        picture: str = adapter.build_totp_svg(adapter.build_totp_url(user, key))
    return AppSetUp(key, _SVG_START.sub(r"\1" + _PAPER, picture, count=1))


@transaction.atomic
def add_app(actor: Actor, user: User, key: str, code: str) -> list[str]:
    """Take an authenticator app that shows the right code; returns new recovery codes, if any.

    Raises NotPermitted, or ValidationError for a wrong code or a second app.
    """
    _require_self(actor, user)
    _locked(user)
    if Authenticator.objects.filter(user_id=user.pk, type=APP).exists():
        raise ValidationError("You have an authenticator app. Remove it before adding another.")
    counter = _counter_of(key, code)
    if counter is None:
        raise ValidationError({"code": WRONG_CODE})
    try:
        with of_person(user.pk):
            row = totp.TOTP.activate(user, key).instance
    except SealError:
        logger.exception("An authenticator app of user %s could not be sealed", user.pk)
        raise ValidationError(NO_APP_NOW) from None
    _note_counter(row, counter)
    _added(user, row)
    return _first_codes(user)


def begin_passkey(request: HttpRequest, user: User) -> str:
    """Return, as JSON, what a browser needs to make a passkey for this host."""
    with context.request_context(request):
        return json.dumps(_plain(webauthn.begin_registration(user, passwordless=True)))


@transaction.atomic
def add_passkey(
    actor: Actor, request: HttpRequest, user: User, name: str, answer: dict[str, Any]
) -> list[str]:
    """Take the passkey that the browser made; returns new recovery codes, if any.

    Raises NotPermitted, or ValidationError.
    """
    _require_self(actor, user)
    _locked(user)
    held = Authenticator.objects.filter(user_id=user.pk, type=PASSKEY).count()
    if held >= PASSKEYS_AT_MOST:
        raise ValidationError("That are many passkeys. Remove one that you no longer use.")
    made = _registered(request, answer)
    if not made.is_user_verified():
        raise ValidationError("The passkey must ask for a fingerprint, a face or a PIN.")
    title = plain_name(name)[:60] or f"Passkey {held + 1}"
    row = webauthn.WebAuthn.add(user, title, answer).instance
    _added(user, row)
    return _first_codes(user)


def begin_passkey_check(request: HttpRequest, user: User | None) -> str:
    """Return, as JSON, what a browser needs to prove a passkey; of anybody when None."""
    with context.request_context(request):
        return json.dumps(_plain(webauthn.begin_authentication(user)))


@transaction.atomic
def person_of_passkey(request: HttpRequest, answer: dict[str, Any], user: User | None) -> User:
    """Return whose passkey answered this session's question. Raises ValidationError.

    With `user`, it must be theirs.
    """
    with context.request_context(request):
        try:
            response = webauthn.parse_authentication_response(answer)
            _require_origin(request, response.response.client_data.origin)
            person = user or webauthn.extract_user_from_response(answer)
            factor = webauthn.complete_authentication(person, answer)
        except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
            raise ValidationError(WRONG_KEY) from None
        finally:
            webauthn.clear_state()
    factor.record_usage()
    return User.objects.get(pk=person.pk)


@transaction.atomic
def check_code(user: User, code: str) -> str | None:
    """Return what a code is of (app or recovery code), used up by this; None for a wrong one.

    Raises FactorUnreadable where it is no recovery code and the app's key does not open.
    """
    rows = Authenticator.objects.select_for_update().filter(user_id=user.pk)
    shut = False
    for row in rows.filter(type__in=(APP, CODES)).order_by("-type"):
        try:
            with of_person(user.pk):
                right = (_app_code if row.type == APP else recovery.use)(row, code)
        except SealError:
            logger.exception("Factor %s of user %s does not open", row.pk, user.pk)
            shut = True
            continue
        if right:
            Authenticator.objects.filter(pk=row.pk).update(last_used_at=timezone.now())
            return LABELS[Authenticator.Type(row.type)]
    if shut:
        raise FactorUnreadable
    return None


@transaction.atomic
def remove(actor: Actor, user: User, factor: Authenticator) -> None:
    """Remove one of one's own factors; with the last one, the recovery codes go."""
    _require_self(actor, user)
    _locked(user)
    label = label_of(factor)
    Authenticator.objects.filter(pk=factor.pk, user_id=user.pk).delete()
    if not has_factor(user):
        Authenticator.objects.filter(user_id=user.pk).delete()
    _record(actions.FACTOR_REMOVED, user, before={"factor": label})
    tell_change(user, "A second factor was removed", f"It was: {label}.")


@transaction.atomic
def new_codes(actor: Actor, user: User) -> list[str]:
    """Return new recovery codes; those before stop working."""
    _require_self(actor, user)
    _locked(user)
    if not has_factor(user):
        raise ValidationError("Add an authenticator app or a passkey first.")
    Authenticator.objects.filter(user_id=user.pk, type=CODES).delete()
    codes = _first_codes(user)
    tell_change(user, "New recovery codes were made", "Those before do not work any more.")
    return codes


@transaction.atomic
def reset(actor: Actor, person: User, reason: str) -> None:
    """Take all factors from somebody who lost them. Raises NotPermitted, ValidationError.

    They sign in with their password then, and set up new ones where their roles need it.
    """
    actor.require("users.manage", person.client_id)
    if person.kind == User.Kind.STAFF:
        for permission in sorted(person.permissions):  # nobody weakens who holds more
            actor.require(permission, None)
    if actor.user_id == person.pk:
        raise ValidationError("Remove your own factors on your account page.")
    if not reason.strip():
        raise ValidationError({"reason": "Say why; it is kept in the audit trail."})
    rows = Authenticator.objects.select_for_update().filter(user_id=person.pk)
    labels = [label_of(row) for row in rows if row.type != CODES]
    rows.delete()
    _record(actions.FACTORS_RESET, person, before={"factors": labels}, reason=reason.strip())
    tell_change(
        person,
        "Your second factors were reset",
        f"{actor.label.partition(' <')[0]} did it: {reason.strip()}",
    )


def _require_self(actor: Actor, user: User) -> None:
    if actor.kind not in {"person", "operator"} or actor.id != user.pk:
        raise NotPermitted("Only the person themselves may change their factors.")


def _locked(user: User) -> None:
    """Let one change of a person's factors finish before the next looks."""
    User.objects.select_for_update().get(pk=user.pk)


def _counter_of(key: str, code: str) -> int | None:
    """Return the time step that a code belongs to, None when it is of no step near now."""
    for counter in totp.yield_hotp_counters_from_time():
        value = totp.format_hotp_value(totp.hotp_value(key, counter))
        if compare_user_code(actual=code, expected=value):
            return int(counter)
    return None


def _app_code(row: Authenticator, code: str) -> bool:
    """Check a code of the app; it, and any before it, is refused from then on."""
    counter = _counter_of(totp.decrypt(row.data["secret"]), code)
    if counter is None or counter <= int(row.data.get("last_step", -1)):
        return False
    _note_counter(row, counter)
    return True


def _note_counter(row: Authenticator, counter: int) -> None:
    row.data["last_step"] = counter
    row.save(update_fields=["data"])


def _first_codes(user: User) -> list[str]:
    """Make recovery codes where there are none, and return them; they are shown this once."""
    if Authenticator.objects.filter(user_id=user.pk, type=CODES).exists():
        return []
    made, data = recovery.new_codes(user.pk)
    Authenticator.objects.create(user_id=user.pk, type=CODES, data=data)
    _record(actions.RECOVERY_CODES_MADE, user, after={"count": len(made)})
    return made


def _registered(request: HttpRequest, answer: dict[str, Any]) -> Any:
    with context.request_context(request):
        try:
            response = webauthn.parse_registration_response(answer)
            _require_origin(request, response.response.client_data.origin)
            return webauthn.complete_registration(answer)
        except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
            raise ValidationError(WRONG_KEY) from None
        finally:
            webauthn.clear_state()


def _require_origin(request: HttpRequest, origin: str) -> None:
    """A key answers for this very address; a host below ours is another place."""
    if origin.lower() != f"{request.scheme}://{request.get_host()}".lower():
        raise ValueError("another origin")


def _plain(value: Any) -> Any:
    """Return the library's options as plain dictionaries and lists."""
    if hasattr(value, "items"):
        return {str(key): _plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _added(user: User, row: Authenticator) -> None:
    _record(actions.FACTOR_ADDED, user, after={"factor": label_of(row)})
    tell_change(user, "A second factor was added", f"It is: {label_of(row)}.")


def _record(
    action: Action,
    user: User,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    reason: str = "",
) -> None:
    audit.record(
        action,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        before=before,
        after=after,
        reason=reason,
    )
