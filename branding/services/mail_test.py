"""The test mail that a partner's own mail server must take before it is used."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.utils import timezone

from branding import actions
from branding.mail.composing import compose
from branding.mail.faults import fault_of
from branding.mail.logo import live_logo
from branding.mail.sending import send_through
from branding.services.brand import PERMISSION
from branding.services.identity import current_identity
from branding.services.mail_sender import record_test, stored_sender
from governance.actors import Actor
from governance.models import AuditEntry

AN_HOUR = 20


def send_test(actor: Actor, *, name: str, to: str) -> str:
    """Send a mail through the server as it is written down; returns what went wrong, or "".

    It waits for the server, for as long as `mail.smtp` lets it, and not in a transaction. Once
    the server has taken it the server is used. Raises NotPermitted, or ValidationError when
    there is no server, when it was changed meanwhile, or after AN_HOUR tests in an hour.
    """
    actor.require(PERMISSION, None)
    sender = stored_sender()
    if sender is None or not sender.has_server:
        raise ValidationError("Write down a mail server first.")
    since = timezone.now() - timedelta(hours=1)
    tests = AuditEntry.objects.filter(action=actions.MAIL_SENDER_TESTED.key, at__gte=since)
    if tests.count() >= AN_HOUR:
        raise ValidationError(f"That were {AN_HOUR} tests in an hour. Wait a while.")
    values = {"name": name, "host": sender.host}
    made = compose(current_identity(), "test", values, logo=live_logo())
    problem = ""
    try:
        send_through(sender, to, made, uuid4().hex)
    except Exception as error:  # whatever a server brings about is judged in one place
        problem = fault_of(error).in_full
    record_test(actor, sender, to, problem)
    return problem
