"""API tokens: a visible prefix, a secret part, and only the secret's digest stored.

A token reads `key_<prefix>_<secret>`; the secret has 190 random bits, so one fast hash is
enough and no slow one is run on every call.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from governance.actors import Actor
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.models import ApiToken, Client, User
from tenants.accounts.names import plain_name
from tenants.accounts.person_row import token_with_person
from tenants.nouns import in_words

MARK = "key"
SECRET_BYTES = 24
USE_NOTED_EVERY_SECONDS = 60


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def make_token(
    actor: Actor,
    *,
    user: User,
    name: str,
    scopes: Iterable[str],
    client: Client | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token for `user` and return it with its text, which is never shown again.

    Raises ValidationError when a scope is not among the user's own permissions.
    """
    client_id = client.pk if client else user.client_id
    actor.require("tokens.manage", client_id)
    wanted = sorted(set(scopes))
    too_much = set(wanted) - user.permissions
    if too_much:
        raise ValidationError(
            f"{user.name} does not hold {', '.join(sorted(too_much))}, so the token can't either."
        )
    if user.client_id and client_id != user.client_id:
        raise ValidationError(in_words("A client user's token is for that client only."))
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(SECRET_BYTES)
    token = ApiToken(
        name=plain_name(name),
        prefix=prefix,
        digest=_digest(secret),
        scopes=wanted,
        client_id=client_id,
        user=user,
        expires_at=expires_at,
    )
    token.full_clean()
    token.save()
    audit.record(
        actions.TOKEN_MADE,
        object_kind="api_token",
        object_id=token.pk,
        object_label=token.name,
        client_id=client_id,
        after={"scopes": wanted, "expires_at": expires_at.isoformat() if expires_at else None},
    )
    return token, f"{MARK}_{prefix}_{secret}"


def token_from_text(text: str) -> ApiToken | None:
    """Return the usable token that `text` is, or None. Compares in constant time."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != MARK or not prefix or not secret:
        return None
    token = token_with_person(prefix)
    if token is None or not hmac.compare_digest(token.digest, _digest(secret)):
        return None
    return token if token.is_usable else None


def note_use(token: ApiToken) -> None:
    """Keep when the token was last used, to the minute."""
    now = timezone.now()
    last = token.last_used_at
    if last is None or (now - last).total_seconds() > USE_NOTED_EVERY_SECONDS:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


@transaction.atomic
def revoke_token(actor: Actor, token: ApiToken) -> None:
    """Stop a token at once; a second call changes nothing."""
    actor.require("tokens.manage", token.client_id)
    _revoke(token)


@transaction.atomic
def revoke_tokens_of(actor: Actor, person: User) -> None:
    """Stop every token of somebody, for whoever manages people."""
    actor.require("users.manage", person.client_id)
    for token in ApiToken.objects.filter(user=person, revoked_at=None).order_by("pk"):
        _revoke(token)


def _revoke(token: ApiToken) -> None:
    changed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    if changed:
        audit.record(
            actions.TOKEN_REVOKED,
            object_kind="api_token",
            object_id=token.pk,
            object_label=token.name,
            client_id=token.client_id,
        )
