"""Queueing a mail, in the transaction of what it tells of."""

from collections.abc import Mapping
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from tenants.outbox import doorbell
from tenants.outbox.kinds import KINDS, Kind
from tenants.outbox.models import OutgoingMail
from tenants.outbox.plain import cleaned

_DAY = timedelta(days=1)


@transaction.atomic
def queue_mail(to: str, kind_name: str, values: Mapping[str, object], *, key: str = "") -> bool:
    """Queue one mail; a worker sends it after the commit. Say whether it was queued.

    It is not when the mailbox has had as many of its kind as it may, or when a mail with this
    `key` was queued before. `values` must be plain JSON; every text in it is cleaned. Raises
    KeyError for a kind that there is not.
    """
    kind = KINDS[kind_name]
    to = to.strip().lower()
    if _over_limit(to, kind):
        return False
    mail = OutgoingMail(kind=kind.name, to=to, values=cleaned(values, kind.long), key=key or None)
    made = OutgoingMail.objects.bulk_create([mail], ignore_conflicts=bool(key))
    doorbell.ring_after_commit()
    return bool(made) and (not key or _is_mine(mail))


def _is_mine(mail: OutgoingMail) -> bool:
    return OutgoingMail.objects.filter(number=mail.number, key=mail.key).exists()


def _over_limit(to: str, kind: Kind) -> bool:
    """Count in the table, which all processes share. Those who ask at once wait for each other:
    the lock is of this schema, mailbox and kind, and goes with the transaction.
    """
    if not kind.pause and not kind.per_day:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('mail ' || current_schema()), hashtext(%s))",
            [f"{kind.name} {to}"],
        )
    now = timezone.now()
    mine = OutgoingMail.objects.filter(to=to, kind=kind.name)
    if mine.filter(created_at__gt=now - timedelta(seconds=kind.pause)).exists():
        return True
    return bool(kind.per_day) and mine.filter(created_at__gt=now - _DAY).count() >= kind.per_day
