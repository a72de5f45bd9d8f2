"""Sends a mail of the outbox: through the partner's own server, else through the installation's.

Which one, and when the second steps in for the first, is written in docs/mail.md.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from email.utils import formataddr, parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from branding.mail import smtp
from branding.mail.composing import Composed, compose
from branding.mail.faults import Fault, fault_of
from branding.mail.logo import live_logo
from branding.models import MailSender
from branding.services import mail_sender
from branding.services.identity import current_identity
from tenants.context import current_schema
from tenants.hosts import base_url
from tenants.outbox.models import OutgoingMail
from tenants.outbox.outcomes import Outcome, accepted
from tenants.outbox.plain import one_line
from tenants.outbox.state import Move

logger = logging.getLogger(__name__)
OWN, PLATFORM = "partner", "platform"
# How often a mail waits for the partner's own server before the installation's takes it.
OWN_TRIES = 3
_MOVES: dict[str, Move] = {
    "wait": "retry",
    "setting": "retry",
    "mailbox": "bounce",
    "content": "fail",
}


def courier(mail: OutgoingMail, values: Mapping[str, object]) -> Outcome:
    """Render a mail and give it to a server; the outcome says what came of it."""
    made = compose(current_identity(), mail.kind, values, logo=live_logo())
    sender = mail_sender.sender_in_use()
    if sender is not None:
        fault = _through_own(sender, mail, made)
        if fault is None:
            return accepted(made.subject, OWN)
        if fault.kind in {"mailbox", "content"}:
            return _failed(fault, made, fault.in_full)
        if fault.kind == "wait" and mail.attempts < OWN_TRIES:
            return _failed(fault, made, fault.in_full)
    return _through_platform(mail, made)


def send_through(sender: MailSender, to: str, made: Composed, number: str) -> None:
    """Hand a mail to a partner's own server. Raises as `smtp.hand_over`, and SealError."""
    message = _message(sender, to, made, number, sender.from_address)
    smtp.hand_over(
        mail_sender.server_of(sender, _our_host()), message.message(), sender.from_address, to
    )


def _through_own(sender: MailSender, mail: OutgoingMail, made: Composed) -> Fault | None:
    """Return what went wrong, or None; the sender's row keeps whether its server works."""
    try:
        send_through(sender, mail.to, made, mail.number.hex)
    except Exception as error:  # whatever a server brings about is judged in one place
        fault = fault_of(error)
        if fault.kind in {"wait", "setting"}:
            mail_sender.note_failure(sender, fault.in_full, at_once=fault.kind == "setting")
        return fault
    mail_sender.note_success(sender)
    return None


def _through_platform(mail: OutgoingMail, made: Composed) -> Outcome:
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    sender = None if current_schema() == "public" else mail_sender.stored_sender()
    message = _message(sender, mail.to, made, mail.number.hex, address)
    try:
        message.connection = get_connection()
        message.send()
    except Exception as error:  # as above
        fault = fault_of(error)
        logger.warning("The installation's mail server: %s", fault.in_full)
        return _failed(fault, made, fault.text)  # what it said is the operator's
    return accepted(made.subject, PLATFORM)


def _failed(fault: Fault, made: Composed, text: str) -> Outcome:
    return Outcome(_MOVES[fault.kind], text, made.subject)


def _message(
    sender: MailSender | None, to: str, made: Composed, number: str, address: str
) -> EmailMultiAlternatives:
    identity = current_identity()
    name = one_line((sender.from_name if sender else "") or identity.name, 60)
    reply = (sender.reply_to if sender else "") or identity.support
    message = EmailMultiAlternatives(
        subject=made.subject,
        body=made.text,
        from_email=formataddr((name, address)),
        to=[to],
        reply_to=[reply] if reply else None,
        headers={
            "Message-ID": f"<{number}@{_our_host()}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(made.html, "text/html")
    return message


def _our_host() -> str:
    """The partner's own host: what a mail and a greeting may name."""
    return urlsplit(base_url(current_schema(), "portal")).hostname or "localhost"
