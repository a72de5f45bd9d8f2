"""By when an exception must be solved: what its kind asks for, and no later than the client's
tier promises."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from branding.commercial.months import Month
from branding.services.subscriptions import current_subscription
from branding.services.tiers import version_in
from tenants.accounts.models import Client


def time_to_solve(client_id: int, usual_hours: int) -> timedelta:
    """Return how long people have. `usual_hours`: for its kind, where no tier promises less."""
    client = Client.objects.get(pk=client_id)
    today = timezone.now().astimezone(ZoneInfo(client.time_zone)).date()
    subscription = current_subscription(client, today)
    version = version_in(subscription.tier, Month.of(today)) if subscription else None
    hours = min(usual_hours, version.sla_hours) if version else usual_hours
    return timedelta(hours=hours)
