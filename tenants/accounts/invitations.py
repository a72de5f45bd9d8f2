"""Links that let a person set a password once: invitations and resets.

The token is Django's own: it stops working when the password or the address changes, when
the person signs in, and after PASSWORD_RESET_TIMEOUT.
"""

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.models import User
from tenants.accounts.notices import tell_change


def link_path(user: User) -> str:
    """Return the path, on the person's own host, that lets them set a password once."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return f"/welcome/{uid}/{default_token_generator.make_token(user)}/"


def person_of_link(uid: str, token: str) -> User | None:
    """Return the person that a link is for, or None when it is wrong, used or too old."""
    try:
        pk = int(urlsafe_base64_decode(uid).decode())
    except (ValueError, UnicodeDecodeError, OverflowError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, token):
        return None
    return user


@transaction.atomic
def set_password(user: User, password: str) -> bool:
    """Set a person's password; every other session of theirs ends. Raises ValidationError.

    Return whether it is their first.
    """
    validate_password(password, user)
    had_one = user.has_usable_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(
        actions.PASSWORD_SET,
        object_kind="user",
        object_id=user.pk,
        object_label=user.name,
        client_id=user.client_id,
    )
    if had_one:
        tell_change(
            user, "Your password was changed", "You can sign in with the new one only, now."
        )
    return not had_one
