"""What follows when the database is older than what was sent from it: a backup was restored.

What was sent after the backup is in the target systems and not known here any more. So for some
weeks whatever would be made there is asked for by its reference first: what is found is linked,
not made again, and where a system cannot be asked a person decides. Everything is read again from
where the backup had come to.

A worker finds out by itself: the folder of anchors, which is no part of the database, knows a
later end of the partner's audit trail than the trail has. Where the folder was lost or restored
too, `manage.py after_restore` says it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from governance import anchors
from governance.models import AuditEntry
from governance.services import audit
from governance.services.seals import last_seal
from governance.statements import Statement, statement_from
from syncjobs import actions
from syncjobs.engine.doorbell import ring
from syncjobs.models import Connection, Stream
from tenants.context import current_schema

# Longer than anything is held that the backup's time may have brought.
DAYS: Final = 30
_LOCK: Final = 0xBAC4

# Which sessions of the database have looked, in which schema.
_looked: set[tuple[str, int]] = set()


@dataclass(frozen=True, slots=True)
class Restored:
    """What was set. `until`: when an entry was last made before, None where there is none."""

    connections: int
    streams: int
    until: datetime | None


def notice() -> Restored | None:
    """Set what follows where a backup of the schema that is entered was restored.

    Looks once for each session of the database: it cannot be restored under one.
    """
    connection.ensure_connection()
    seen = (current_schema(), connection.connection.info.backend_pid)
    if seen in _looked:
        return None
    found = None
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(current_schema()))", [_LOCK])
        anchored = _newest_anchor(current_schema())
        if anchored is not None and _is_behind(anchored):
            found = ask_first(reason="The audit trail ends before its anchor.")
    _looked.add(seen)
    return found


@transaction.atomic
def ask_first(*, reason: str, days: int = DAYS) -> Restored:
    """Ask first before anything is made in a system, for `days`; read all streams again now."""
    last = AuditEntry.objects.order_by("-at").values_list("at", flat=True).first()
    until = timezone.now() + timedelta(days=days)
    found = Restored(
        connections=Connection.objects.update(ask_first_until=until),
        streams=Stream.objects.filter(enabled=True).update(next_poll_at=timezone.now()),
        until=last,
    )
    audit.record(
        actions.BACKUP_RESTORED,
        object_kind="installation",
        object_id=current_schema(),
        after={
            "last_entry_before": last and last.isoformat(),
            "asked_first_until": until.isoformat(),
        },
        reason=reason,
    )
    ring()
    return found


def asking_until() -> datetime | None:
    """Return until when systems are asked first in this schema, None where they are not.

    For one that is connected now: it may have been connected after the backup as well.
    """
    noted = AuditEntry.objects.filter(action=actions.BACKUP_RESTORED.key).order_by("-at").first()
    if noted is None or noted.after is None:
        return None
    until = datetime.fromisoformat(str(noted.after["asked_first_until"]))
    return until if until > timezone.now() else None


def _newest_anchor(trail: str) -> Statement | None:
    line = anchors.last_line(trail)
    try:
        return statement_from(str(json.loads(line)["statement"])) if line else None
    except (ValueError, KeyError, TypeError):
        return None  # the comparison of the trail with its anchors tells of it


def _is_behind(anchored: Statement) -> bool:
    """Say whether the trail ended later once, and nobody has noted that since."""
    seal = last_seal()
    if seal is not None and seal.number >= anchored.number:
        return False
    at = datetime.fromtimestamp(anchored.at, tz=UTC)
    oldest = AuditEntry.objects.aggregate(at=Min("at"))["at"]
    if oldest is None or oldest > at:
        return False  # another trail, of a partner that had the name before
    return not AuditEntry.objects.filter(action=actions.BACKUP_RESTORED.key, at__gt=at).exists()
