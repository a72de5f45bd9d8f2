"""Mails about an account. Links always point to the person's own registered host.

A link that lets somebody in is made when the mail is sent, never before: what waits in the
table, or in a backup of it, opens nothing.
"""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from governance import correlation
from tenants import mailing
from tenants.accounts.invitations import link_path
from tenants.accounts.models import User
from tenants.accounts.notices import ACCOUNT_PATH, SIGN_IN_PATH, moment_text, own_host
from tenants.accounts.services.providers import only_provider, password_allowed


def password_link(user: User) -> str:
    """Return the absolute link that lets a person set their password once."""
    return own_host(user) + link_path(user)


def send_invitation(user: User, invited_by: str) -> bool:
    """Ask a new person in; say whether the mail was queued (see `tenants.mailing.send`)."""
    return mailing.send(user.email, "invitation", {"invited_by": invited_by})


def send_password_link(email: str, kind: str) -> None:
    """Send a reset link to whoever has this address and may sign in at a host of this kind.

    The same is done for an address that nobody has, so that the time it takes does not tell;
    who it is for is found out when the mail is sent.
    """
    mailing.send(email, "password_reset", {"kind": kind})


def send_new_device(user: User, device: str, at: datetime) -> bool:
    """Tell somebody that their account was used on a device that it had not been used on.

    `device` says what it is, in words; the network address is that of the present request.
    """
    values = {
        "name": user.name,
        "device": device,
        "address": correlation.current().address,
        "at": moment_text(at),
        "link": own_host(user) + ACCOUNT_PATH,
    }
    return mailing.send(user.email, "new_device", values)


def prepare_invitation(to: str, values: Mapping[str, object]) -> Mapping[str, object] | None:
    """Fill in the link; pointless once the person has come in, or may not.

    Where only single sign-on lets them in, the link leads there: they can set no password.
    """
    user = User.objects.filter(email=to, is_active=True).first()
    if user is None or user.has_usable_password():
        return None
    known = {**values, "name": user.name}
    if (provider := only_provider(user)) is not None:
        return {**known, "link": own_host(user) + SIGN_IN_PATH, "sign_on": provider.label}
    return {**known, "link": password_link(user), "days": _link_days()}


def _link_days() -> int:
    return settings.PASSWORD_RESET_TIMEOUT // 86400


def prepare_password_reset(to: str, values: Mapping[str, object]) -> Mapping[str, object] | None:
    """Fill in the link; pointless when nobody has that address at that kind of host, or
    may sign in by single sign-on only."""
    user = User.objects.filter(email=to, kind=values.get("kind"), is_active=True).first()
    if user is None or not password_allowed(user):
        return None
    return {"name": user.name, "link": password_link(user), "days": _link_days()}
