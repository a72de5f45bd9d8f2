"""Inviting people: the account and its mail are queued together; a worker sends it."""

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


@dataclass(frozen=True, slots=True)
class Invited:
    """The person, and whether a mail is on its way; not when they were sent one a moment ago."""

    user: User
    sent: bool


@transaction.atomic
def invite_person(
    actor: Actor, *, email: str, name: str, roles: Iterable[str], client: Client | None = None
) -> Invited:
    """Add a person and mail them a link to set their password. Raises as `add_person`."""
    user = add_person(actor, email=email, name=name, roles=roles, client=client)
    return Invited(user, _mailed(actor, user))


def mail_link(actor: Actor, user: User) -> None:
    """Queue the mail to a person who was just added, in the caller's transaction."""
    _mailed(actor, user)


@transaction.atomic
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
    return send_invitation(user, actor.label.partition(" <")[0])
