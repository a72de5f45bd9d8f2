"""Inviting people: the account first, the mail once it is safely there."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.mail import send_invitation
from tenants.accounts.models import Client, User
from tenants.accounts.services.people import add_person

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Invited:
    """The person, and whether the mail left; when it didn't, it can be sent again."""

    user: User
    sent: bool


def invite_person(
    actor: Actor, *, email: str, name: str, roles: Iterable[str], client: Client | None = None
) -> Invited:
    """Add a person and mail them a link to set their password. Raises as `add_person`."""
    user = add_person(actor, email=email, name=name, roles=roles, client=client)
    return Invited(user, _mailed(actor, user))


def invite_later(actor: Actor, user: User) -> None:
    """Mail a person who was just added, once the caller's transaction has gone in."""
    transaction.on_commit(lambda: _mailed(actor, user))


def invite_again(actor: Actor, user: User) -> Invited:
    """Mail a new link to somebody who has not come in yet.

    Raises NotPermitted, or ValidationError when they have a password or may not sign in.
    """
    actor.require("users.manage", user.client_id)
    if user.has_usable_password():
        raise ValidationError(f"{user.name} has a password and can ask for a new one.")
    if not user.is_active:
        raise ValidationError(f"The account of {user.name} is closed; open it first.")
    sent = _mailed(actor, user)
    audit.record(
        actions.USER_INVITED,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
        after={"again": True, "sent": sent},
    )
    return Invited(user, sent)


def _mailed(actor: Actor, user: User) -> bool:
    """Send the mail; a mail server that is away must not undo the account."""
    try:
        send_invitation(user, actor.label.partition(" <")[0])
    except OSError:
        logger.exception("The invitation of user %s could not be sent", user.pk)
        return False
    return True
