"""What people change about themselves: their name, their password."""

from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.invitations import set_password
from tenants.accounts.models import User
from tenants.accounts.names import plain_name
from tenants.accounts.services import sign_in
from tenants.accounts.services.sessions import note_seen


@transaction.atomic
def rename(actor: Actor, user: User, name: str) -> None:
    """Change one's own name. Raises NotPermitted, or ValidationError at `name`."""
    if actor.kind not in {"person", "operator"} or actor.id != user.pk:
        raise NotPermitted("Only the person themselves may change their name.")
    wanted, before = plain_name(name), user.name
    if not wanted:
        raise ValidationError({"name": "Write your name."})
    if wanted == before:
        return
    user.name = wanted
    user.save(update_fields=["name"])
    audit.record(
        actions.USER_CHANGED,
        object_kind="user",
        object_id=user.pk,
        object_label=wanted,
        client_id=user.client_id,
        before={"name": before},
        after={"name": wanted},
    )


def check_password(user: User, password: str) -> None:
    """Raise ValidationError for a wrong password, and TooManyTries after too many of them."""
    sign_in.refuse_guessing(user.email)
    if not user.check_password(password):
        sign_in.note_failure(user.email, "Asked again while signed in")
        raise ValidationError("That is not your password.")


def change_password(request: HttpRequest, user: User, old: str, new: str) -> None:
    """Set another password; every other session ends, this one goes on.

    Raises ValidationError at `old` or `password`, and TooManyTries.
    """
    try:
        check_password(user, old)
    except ValidationError as error:
        raise ValidationError({"old": error.messages}) from None
    try:
        set_password(user, new)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from None
    update_session_auth_hash(request, user)
    sign_in.note_proof(request)
    note_seen(request)
