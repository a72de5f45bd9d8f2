"""Which clients have used more than their month includes."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, F, OuterRef, Q, Subquery, Sum

from branding.commercial.billing import Span, cut, share_of
from branding.commercial.meters import DELIVERIES
from branding.commercial.months import Month
from branding.models import Subscription, TierVersion, UsageDay
from branding.pricing import PriceList, included_in
from tenants.accounts.models import Client


@dataclass(frozen=True, slots=True)
class Over:
    """A client that is over: what it used this month, and what is included."""

    client: Client
    used: int
    included: int


def clients_over(now: datetime) -> list[Over]:
    """Return the clients that are over their allowance this month, the fullest first.

    One query; the same numbers as the usage pages. A client on no tier has no allowance.
    """
    month = Month.of(now.date())
    rows: dict[int, list[Any]] = defaultdict(list)
    for subscription in _subscriptions(month):
        rows[subscription.client_id].append(subscription)
    found = [_measured(month, some) for some in rows.values()]
    over = [one for one in found if one.used > one.included]
    return sorted(over, key=lambda one: (-one.used / (one.included or 1), one.client.name))


def _subscriptions(month: Month) -> list[Any]:
    """Return the month's subscriptions of clients with usage, with what counts beside them."""
    usage = UsageDay.objects.filter(
        client_id=OuterRef("client_id"), meter=DELIVERIES, day__range=(month.first, month.last)
    )
    version = TierVersion.objects.filter(tier_id=OuterRef("tier_id"), starts_on__lte=month.first)
    used = usage.order_by().values("client_id").annotate(sum=Sum("quantity")).values("sum")
    return list(
        Subscription.objects.filter(Q(ends_on=None) | Q(ends_on__gte=month.first))
        .filter(starts_on__lte=month.last)
        .select_related("client")
        .annotate(
            used=Subquery(used, output_field=BigIntegerField()),
            included=Subquery(version.order_by("-starts_on").values("included")[:1]),
        )
        .exclude(used=None)
        # A month on one tier at its own prices is decided here; the others are cut into their days.
        .exclude(
            Q(starts_on__lte=month.first)
            & (Q(ends_on=None) | Q(ends_on__gte=month.last))
            & Q(used__lte=F("included"))
            & Q(agreed=[])
        )
        .order_by(F("client_id"), "starts_on")
    )


def _measured(month: Month, subscriptions: list[Any]) -> Over:
    included_by_tier = {one.tier_id: one.included for one in subscriptions}
    spans = cut(month, [one.span(month) for one in subscriptions])
    included = sum(_included(month, span, included_by_tier[span.tier_id]) for span in spans)
    return Over(subscriptions[0].client, subscriptions[0].used, included)


def _included(month: Month, span: Span, volume: int) -> int:
    prices = PriceList(currency="", base_fee=Decimal(0), included=volume, bands=())
    prices = span.agreed.over(prices) if span.agreed else prices
    return included_in(prices, share_of(month, span.starts_on, span.ends_on or month.last))
