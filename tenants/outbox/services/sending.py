"""Sends the mails of one schema that are due: claim, send, record, each committed on its own.

A mail that a server has taken is recorded as sent and never goes out again. Two gaps remain,
as with any mail server: a worker that dies, and a connection that breaks, between the server's
taking it and our writing that down. Then it is sent again under the same Message-ID.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tenants import mailing
from tenants.outbox import doorbell, state
from tenants.outbox.kinds import KINDS
from tenants.outbox.models import OutgoingMail
from tenants.outbox.outcomes import MOST_ATTEMPTS, Outcome, not_needed, wait_before

logger = logging.getLogger(__name__)

MOST: Final = 50
MOST_SECONDS: Final = 60.0
# Longer than a courier may take for one mail (`branding.mail.smtp`).
LEASE: Final = timedelta(seconds=180)
KEPT_SENT: Final = timedelta(days=90)
KEPT_DROPPED: Final = timedelta(days=2)
FORGOTTEN_AT_ONCE: Final = 2_000
Stop = Callable[[], bool]


def send_due(*, most: int = MOST, seconds: float = MOST_SECONDS, stop: Stop = lambda: False) -> int:
    """Send what is due in the schema that is entered; return how many were tried.

    What is left over when `most` or `seconds` are reached is due still: the sweep comes again.
    Not to be called inside a transaction: each mail's outcome is committed for itself.
    """
    until = monotonic() + seconds
    doorbell.answer()
    mailing.produce()
    tried = 0
    while tried < most and monotonic() < until and not stop():
        mail = _claim()
        if mail is None:
            break
        _record(mail, _tried(mail))
        tried += 1
    _forget_old()
    doorbell.settle()
    return tried


@transaction.atomic
def _claim() -> OutgoingMail | None:
    """Take the next due mail under a lease; one that nobody finished counts as a try, too."""
    now = timezone.now()
    due = Q(state="queued", not_before__lte=now) | Q(state="sending", lease_until__lt=now)
    mail = (
        OutgoingMail.objects.select_for_update(skip_locked=True)
        .filter(due)
        .order_by("not_before", "pk")
        .first()
    )
    if mail is None:
        return None
    mail.state = state.after(mail.state, "claim")
    mail.attempts += 1
    mail.lease_no += 1
    mail.lease_until = now + LEASE
    mail.save(update_fields=["state", "attempts", "lease_no", "lease_until"])
    return mail


def _tried(mail: OutgoingMail) -> Outcome:
    if mail.attempts > MOST_ATTEMPTS:
        return Outcome("fail", mail.last_error or "It was started several times and never ended.")
    try:
        values = mailing.prepare(mail.kind, mail.to, mail.values)
        return not_needed() if values is None else mailing.hand_over(mail, values)
    except Exception:  # one mail must not stop the others
        logger.exception("Mail %s (%s) could not be made or handed over", mail.pk, mail.kind)
        return Outcome("retry", "It could not be made; an operator finds the cause in the log.")


def _record(mail: OutgoingMail, outcome: Outcome) -> None:
    """Write what came of it, unless somebody else holds the mail by now."""
    move = outcome.move
    if move == "retry" and mail.attempts >= MOST_ATTEMPTS:
        move = "fail"
    became = state.after(mail.state, move)
    now = timezone.now()
    fields: dict[str, object] = {
        "state": became,
        "lease_until": None,
        "last_error": outcome.error[:300],
    }
    if became in state.ENDED:
        fields["ended_at"] = now
        if became in {"sent", "dropped"} or _is_secret(mail):
            fields["values"] = {}
    else:
        fields["not_before"] = now + timedelta(seconds=wait_before(mail.attempts))
    if outcome.subject:
        fields["subject"] = outcome.subject[:200]
    if outcome.sender:
        fields["sender"] = outcome.sender
    mine = OutgoingMail.objects.filter(pk=mail.pk, lease_no=mail.lease_no, state="sending")
    if not mine.update(**fields):
        logger.warning("Mail %s was taken over by another worker", mail.pk)


def _is_secret(mail: OutgoingMail) -> bool:
    kind = KINDS.get(mail.kind)
    return kind is None or kind.secret


def _forget_old() -> None:
    """Delete a batch of what has ended long ago; the next one goes in a quarter of an hour."""
    now = timezone.now()
    old = Q(state="dropped", ended_at__lt=now - KEPT_DROPPED) | Q(
        state__in=state.ENDED, ended_at__lt=now - KEPT_SENT
    )
    batch = OutgoingMail.objects.filter(old).order_by("ended_at").values("pk")[:FORGOTTEN_AT_ONCE]
    OutgoingMail.objects.filter(pk__in=batch).delete()
