"""By when an exception must be solved, as its kind asks for and no later than the client's tier
promises; and whom it goes to when that time runs out."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from branding.commercial.escalation import USUAL, Step, read
from branding.commercial.months import Month
from branding.models import TierVersion
from branding.services.subscriptions import current_subscription
from branding.services.tiers import version_in
from tenants.accounts.models import Client


def time_to_solve(client_id: int, usual_hours: int) -> timedelta:
    """Return how long people have. `usual_hours`: for its kind, where no tier promises less."""
    return within(terms_for(client_id), usual_hours)


def within(version: TierVersion | None, usual_hours: int) -> timedelta:
    """Return how long people have under a client's terms, None where it is on no tier."""
    return timedelta(hours=min(usual_hours, version.sla_hours) if version else usual_hours)


def path_of(version: TierVersion | None) -> tuple[Step, ...]:
    """Return the escalation path under a client's terms, None where it is on no tier."""
    return (read(version.escalation) if version else ()) or USUAL


def terms_for(client_id: int) -> TierVersion | None:
    """Return what a client's tier promises today; None without a tier."""
    client = Client.objects.get(pk=client_id)
    return terms_on(client, timezone.now().astimezone(ZoneInfo(client.time_zone)).date())


def terms_on(client: Client, day: date) -> TierVersion | None:
    """Return what a client's tier promised on a day; None without a tier."""
    subscription = current_subscription(client, day)
    return version_in(subscription.tier, Month.of(day)) if subscription else None


def promised_later(version: TierVersion | None, usual_hours: int) -> timedelta:
    """Return how long after an exception is due its client's terms begin to be broken: its kind
    may ask for more haste than they promise.
    """
    if version is None:
        return timedelta(0)
    return timedelta(hours=version.sla_hours) - within(version, usual_hours)
