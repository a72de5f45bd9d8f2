"""What a month brings in: so far, and at its end if its days go on as they did."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from branding.commercial.months import Month
from branding.services.statements import client_months
from tenants.accounts.models import Client


@dataclass(frozen=True, slots=True)
class Revenue:
    """One currency's sums over all clients; currencies are never added together."""

    currency: str
    so_far: Decimal
    expected: Decimal


def revenue_of_month() -> list[Revenue]:
    """Return this month's revenue by currency, the largest first."""
    so_far: dict[str, Decimal] = defaultdict(Decimal)
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for one in client_months(Client.objects.all(), Month.of(timezone.localdate())):
        if one.draft.currency:
            so_far[one.draft.currency] += one.draft.total
            expected[one.draft.currency] += one.forecast.cost
    found = [Revenue(currency, so_far[currency], expected[currency]) for currency in so_far]
    return sorted(found, key=lambda one: -one.expected)
