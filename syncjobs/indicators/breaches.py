"""Exceptions that were not solved by when they were due, for the credits of statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Q
from django.utils import timezone

from branding.commercial.breaches import Breach
from branding.commercial.months import Month
from syncjobs.models import Issue

# No zone's day begins or ends further than this from UTC's.
_ZONES = timedelta(hours=26)


def late_exceptions(zones: Mapping[int, str], month: Month) -> Mapping[int, Sequence[Breach]]:
    """Return client id → those that were due in a month of the client's zone and solved later, or
    not yet; one query.
    """
    first = datetime.combine(month.first, time(), UTC) - _ZONES
    last = datetime.combine(month.last, time.max, UTC) + _ZONES
    rows = Issue.objects.filter(
        Q(resolved_at=None) | Q(resolved_at__gt=F("due_at")),
        client_id__in=list(zones),
        due_at__range=(first, min(last, timezone.now())),
    )
    found: dict[int, list[Breach]] = defaultdict(list)
    for pk, client_id, due_at in rows.values_list("pk", "client_id", "due_at"):
        day = due_at.astimezone(ZoneInfo(zones[client_id])).date() if due_at else None
        if day and month.first <= day <= month.last:
            found[client_id].append(Breach(pk, day))
    return found
