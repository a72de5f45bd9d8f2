"""From whom a partner's mails come, its own mail server, and whether that works."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from branding import actions
from branding.mail.smtp import Server
from branding.models import MailSender
from branding.services.brand import PERMISSION
from governance.actions import Action
from governance.actors import Actor
from governance.services import audit
from tenants.context import current_schema
from tenants.outbox.plain import one_line
from tenants.sealing import Again, open_text, seal_text

logger = logging.getLogger(__name__)

# After a failure mails go through the installation's server for this long, then one tries again.
REST = timedelta(minutes=10)
_SHOWN = ("from_name", "reply_to", "host", "port", "tls", "username", "from_address")
_SERVER = ("host", "port", "tls", "username", "from_address")


@dataclass(frozen=True, slots=True)
class SenderValues:
    """What a person writes. `password` None: the stored one stays. No host: no own server."""

    from_name: str = ""
    reply_to: str = ""
    host: str = ""
    port: int = 587
    tls: str = MailSender.Tls.STARTTLS
    username: str = ""
    from_address: str = ""
    password: str | None = None


def stored_sender() -> MailSender | None:
    """The partner's row, or None."""
    return MailSender.objects.order_by("pk").first()


def sender_in_use() -> MailSender | None:
    """The row whose own server takes mails now: tested, and not resting after a failure."""
    if current_schema() == "public":
        return None
    sender = stored_sender()
    if sender is None or not sender.has_server or sender.verified_at is None:
        return None
    resting = sender.rest_until is not None and sender.rest_until > timezone.now()
    return None if resting else sender


@transaction.atomic
def edit_sender(actor: Actor, values: SenderValues) -> MailSender:
    """Write the sender. A changed server is not used before a test mail has gone through it.

    Raises NotPermitted, or ValidationError by field.
    """
    actor.require(PERMISSION)
    sender = MailSender.objects.select_for_update().order_by("pk").first() or MailSender()
    before = _values(sender)
    had_host = sender.host
    for name in _SHOWN:
        value = getattr(values, name)
        setattr(sender, name, one_line(value) if isinstance(value, str) else value)
    sender.host = sender.host.lower().rstrip(".")
    _refuse_wrong(sender)
    # A stored password never goes to another server than the one it was written for.
    moved = sender.host != had_host and values.password is None
    if moved or not sender.username:
        sender.secret = ""
    if values.password and sender.username:
        sender.secret = seal_text(values.password, place_of(sender))
    changed_before, changed_after = audit.changed_fields(before, _values(sender))
    new_password = bool(values.password)
    if new_password or any(name in changed_after for name in _SERVER):
        sender.verified_at = sender.failing_since = sender.rest_until = None
        sender.last_error = ""
    sender.full_clean()
    sender.save()
    if new_password:
        changed_after["credentials"] = "written anew"
    if changed_after:
        _record(actions.MAIL_SENDER_EDITED, sender, changed_before, changed_after)
    return sender


def record_test(actor: Actor, sender: MailSender, to: str, problem: str) -> None:
    """Keep what came of a test mail; without a problem the server is used from now on.

    The row must be as it was when the mail was sent: a change meanwhile needs its own test.
    """
    with transaction.atomic():
        row = MailSender.objects.select_for_update().get(pk=sender.pk)
        if row.updated_at != sender.updated_at:
            raise ValidationError("The settings were changed meanwhile. Test them again.")
        if not problem:
            row.verified_at = timezone.now()
            row.failing_since = row.rest_until = None
        row.last_error = problem[:300]
        row.save()
        _record(
            actions.MAIL_SENDER_TESTED,
            row,
            {},
            {"mailbox": to, "outcome": problem or "accepted"},
        )


def note_failure(sender: MailSender, problem: str, *, at_once: bool) -> None:
    """The own server did not take a mail. `at_once`: it won't take others either."""
    now = timezone.now()
    fields: dict[str, object] = {"last_error": problem[:300]}
    if sender.failing_since is None:
        fields["failing_since"] = now
        logger.warning("A partner's mail server fails: %s", problem)
    if at_once or (sender.failing_since and now - sender.failing_since > REST):
        fields["rest_until"] = now + REST
    MailSender.objects.filter(pk=sender.pk, verified_at=sender.verified_at).update(**fields)


def note_success(sender: MailSender) -> None:
    """The own server took a mail."""
    if sender.failing_since is not None:
        MailSender.objects.filter(pk=sender.pk, verified_at=sender.verified_at).update(
            failing_since=None, rest_until=None, last_error=""
        )


def server_of(sender: MailSender, hello: str) -> Server:
    """The server with its password. Raises SealError when that does not open."""
    password = open_text(sender.secret, place_of(sender)) if sender.secret else ""
    return Server(sender.host, sender.port, sender.tls, sender.username, password, hello)


def place_of(sender: MailSender) -> tuple[str, ...]:
    """The place of a sender's password."""
    return (current_schema(), "mail_sender", str(sender.uuid), "secret")


def reseal(again: Again) -> int:
    """Seal the password again under the partner's new key."""
    count = 0
    for sender in MailSender.objects.select_for_update().exclude(secret=""):
        MailSender.objects.filter(pk=sender.pk).update(
            secret=again(sender.secret, place_of(sender))
        )
        count += 1
    return count


def _refuse_wrong(sender: MailSender) -> None:
    problems: dict[str, str] = {}
    if sender.host and not sender.from_address:
        problems["from_address"] = "Your server needs an address to send from."
    if not 0 < sender.port < 65536:
        problems["port"] = "A port is a number from 1 to 65535."
    if any(sign.isspace() or sign in "/@\\:" for sign in sender.host):
        problems["host"] = "Write the server's name alone, such as smtp.example.com."
    if problems:
        raise ValidationError(problems)


def _values(sender: MailSender) -> dict[str, object]:
    return {name: getattr(sender, name) for name in _SHOWN}


def _record(
    action: Action,
    sender: MailSender,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    audit.record(
        action,
        object_kind="mail_sender",
        object_id=sender.pk,
        object_label=sender.host or "installation's server",
        before=before,
        after=after,
    )
