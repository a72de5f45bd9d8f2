"""Tells people by mail what has changed about their account, whoever changed it.

They are told also when they did it themselves: somebody else may have been at it. Call in the
transaction of the change.
"""

from datetime import UTC, datetime
from typing import Final

from django.utils import timezone

from governance import correlation
from tenants import mailing
from tenants.accounts.models import User
from tenants.context import current_schema
from tenants.hosts import base_url

ACCOUNT_PATH: Final = "/account/"
SIGN_IN_PATH: Final = "/sign-in/"
SUPPORT_PATH: Final = "/support/"


def own_host(user: User) -> str:
    """Return the address of the host that a person signs in at.

    It comes from the Domain table, never from the request's Host header.
    """
    kind = "portal" if user.kind == User.Kind.CLIENT else "admin"
    return base_url(current_schema(), kind)


def moment_text(at: datetime) -> str:
    """Return a moment as mails write it."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def tell_change(user: User, title: str, text: str, path: str = ACCOUNT_PATH) -> bool:
    """Tell somebody that something about their account has changed; say whether it was queued.

    title, text: in words, without line breaks; path: where on their host they look at it.
    """
    if not user.is_active:
        return False
    values = {
        "name": user.name,
        "title": title,
        "text": text,
        "address": correlation.current().address,
        "at": moment_text(timezone.now()),
        "link": own_host(user) + path,
    }
    return mailing.send(user.email, "security", values)
