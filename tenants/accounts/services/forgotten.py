"""Asking for a link to set a new password, without telling who has an account."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from governance import correlation
from governance.actors import ANONYMOUS
from governance.models import AuditEntry
from governance.services import audit
from tenants.accounts import actions
from tenants.accounts.mail import send_password_link
from tenants.accounts.places import count_from

FROM_ONE_PLACE = 30
WINDOW = timedelta(hours=1)
_LABEL = 160


@transaction.atomic
def ask_for_link(email: str, *, kind: str) -> None:
    """Queue a reset link for whoever has this address and signs in at a host of this kind.

    Nothing here looks the person up: the statements are the same for an address that nobody
    has. The limits per mailbox are the outbox's; one network address fills the queue with
    FROM_ONE_PLACE mails an hour at most. Both are counted in tables, which all processes share.
    """
    # Whoever asks is nobody here: what a person does is filed under their key, uncountable.
    correlation.replace_actor(ANONYMOUS)
    place = correlation.current().address
    asked = AuditEntry.objects.filter(
        action=actions.PASSWORD_ASKED.key, at__gte=timezone.now() - WINDOW
    )
    if place and count_from(asked, place) >= FROM_ONE_PLACE:
        return
    audit.record(
        actions.PASSWORD_ASKED, object_kind="user", object_id="", object_label=email[:_LABEL]
    )
    send_password_link(email, kind)
