"""Mails about an account. Links always point to the person's own registered host."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from governance import correlation
from tenants import mailing
from tenants.accounts.invitations import link_path
from tenants.accounts.models import User
from tenants.context import current_schema
from tenants.hosts import base_url


def own_host(user: User) -> str:
    """Return the address of the host that a person signs in at.

    It comes from the Domain table, never from the request's Host header.
    """
    kind = "portal" if user.kind == User.Kind.CLIENT else "admin"
    return base_url(current_schema(), kind)


def password_link(user: User) -> str:
    """Return the absolute link that lets a person set their password once."""
    return own_host(user) + link_path(user)


def send_invitation(user: User, invited_by: str) -> None:
    """Ask a new person in."""
    mailing.send(
        user.email,
        "invitation",
        {"name": user.name, "invited_by": invited_by, "link": password_link(user)},
    )


def send_password_link(request: HttpRequest, user: User) -> None:
    """Send a reset link to somebody who asked for one."""
    days = settings.PASSWORD_RESET_TIMEOUT // 86400
    mailing.send(
        user.email,
        "password_reset",
        {"name": user.name, "link": password_link(user), "days": days},
    )


def send_new_device(user: User, device: str, at: datetime) -> None:
    """Tell somebody that their account was used on a device that it had not been used on."""
    scope = correlation.current()
    mailing.send(
        user.email,
        "new_device",
        {
            "name": user.name,
            "device": device,
            "address": scope.address,
            "at": at,
            "link": own_host(user) + ("/" if user.kind == User.Kind.OPERATOR else "/account/"),
        },
    )
