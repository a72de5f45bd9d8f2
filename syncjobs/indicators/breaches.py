"""Exceptions that were not solved by when it was promised, for the credits of statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Max, Q
from django.utils import timezone

from branding.commercial.breaches import Breach
from branding.commercial.months import Month
from branding.models import TierVersion
from syncjobs.due import promised_later, terms_on
from syncjobs.models import Issue
from syncjobs.services.catalogue import CATALOGUE
from tenants.accounts.models import Client

# No zone's day begins or ends further than this from UTC's.
_ZONES = timedelta(hours=26)


def late_exceptions(zones: Mapping[int, str], month: Month) -> Mapping[int, Sequence[Breach]]:
    """Return client id → the exceptions whose promised time ended in a month of the client's zone,
    and that were solved later, or not yet.

    What the client's tier promises counts, not the haste that a kind of exception asks for.
    """
    now = timezone.now()
    first = datetime.combine(month.first, time(), UTC) - _ZONES - _longest()
    last = datetime.combine(month.last, time.max, UTC) + _ZONES
    rows = Issue.objects.filter(
        Q(resolved_at=None) | Q(resolved_at__gt=F("due_at")),
        client_id__in=list(zones),
        due_at__range=(first, min(last, now)),
    )
    terms = _Terms(Client.objects.in_bulk(zones))
    found: dict[int, list[Breach]] = defaultdict(list)
    for issue in rows.only("pk", "client_id", "kind", "due_at", "resolved_at"):
        assert issue.due_at is not None
        zone = ZoneInfo(zones[issue.client_id])
        version = terms[issue.client_id, issue.due_at.astimezone(zone).date()]
        end = issue.due_at + promised_later(version, _usual_hours(issue, version))
        day = end.astimezone(zone).date()
        if (issue.resolved_at or now) > end and month.first <= day <= month.last:
            found[issue.client_id].append(Breach(issue.pk, day))
    return found


class _Terms(dict[tuple[int, date], TierVersion | None]):
    """What each client's tier promised on a day, asked for once."""

    def __init__(self, clients: Mapping[int, Client]) -> None:
        super().__init__()
        self._clients = clients

    def __missing__(self, key: tuple[int, date]) -> TierVersion | None:
        client_id, day = key
        self[key] = terms_on(self._clients[client_id], day)
        return self[key]


def _longest() -> timedelta:
    hours = TierVersion.objects.aggregate(most=Max("sla_hours"))["most"]
    return timedelta(hours=hours or 0)


def _usual_hours(issue: Issue, version: TierVersion | None) -> int:
    """Return the hours of its kind; of one that we no longer know, those of the tier."""
    entry = CATALOGUE.get(issue.kind)
    return entry.due_hours if entry else version.sla_hours if version else 0
