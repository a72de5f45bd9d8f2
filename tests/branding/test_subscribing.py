"""Putting a client on tiers: one currency a month, and what a dropped plan leaves behind."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from branding.commercial.months import Month
from branding.models import Subscription
from branding.services.subscriptions import cancel_subscription, end_subscription
from branding.services.tiers import check_terms
from governance.models import AuditEntry
from tenants.accounts.models import Client
from tests.branding.commerce import BUILDER, make_tier, put_on, terms

pytestmark = pytest.mark.usefixtures("november", "at_home")
JUNE = date(2026, 6, 11)


def test_a_month_has_one_currency_also_after_a_subscription_that_has_ended(alder: Client) -> None:
    euros = put_on(alder, make_tier(), date(2026, 6, 1))
    end_subscription(BUILDER, euros, ends_on=date(2026, 6, 10))
    dollars = make_tier("In dollars", currency="USD")
    with pytest.raises(ValidationError, match="one statement has one currency"):
        put_on(alder, dollars, JUNE)
    assert put_on(alder, dollars, date(2026, 7, 2)).tier == dollars


def _planned(alder: Client) -> tuple[Subscription, Subscription]:
    """One that goes on, and another that is to follow it in ten days."""
    first = put_on(alder, make_tier(), date(2026, 6, 1))
    soon = timezone.localdate() + timedelta(days=10)
    return first, put_on(alder, make_tier("Large"), soon)


def test_a_plan_that_is_dropped_leaves_what_it_shortened_as_it_was(alder: Client) -> None:
    first = put_on(alder, make_tier(), date(2026, 6, 1))
    end = timezone.localdate() + timedelta(days=40)
    end_subscription(BUILDER, first, ends_on=end)
    planned = put_on(alder, make_tier("Large"), timezone.localdate() + timedelta(days=10))
    cancel_subscription(BUILDER, planned)
    first.refresh_from_db()
    assert first.ends_on == end
    entry = AuditEntry.objects.get(action="subscription.cancelled")
    assert entry.after == {"goes_on": "Standard", "ends_on": end.isoformat()}


def test_a_plan_that_is_dropped_revives_none_that_was_ended_by_itself(alder: Client) -> None:
    first = put_on(alder, make_tier(), date(2026, 6, 1))
    end = timezone.localdate() + timedelta(days=9)
    end_subscription(BUILDER, first, ends_on=end)
    planned = put_on(alder, make_tier("Large"), end + timedelta(days=1))
    cancel_subscription(BUILDER, planned)
    first.refresh_from_db()
    assert first.ends_on == end


@pytest.mark.parametrize("known", [True, False])
def test_a_plan_that_is_dropped_lets_the_one_before_go_on(alder: Client, *, known: bool) -> None:
    first, planned = _planned(alder)
    if not known:  # planned before it was kept what a plan shortens
        Subscription.objects.filter(pk=planned.pk).update(shortened=None)
    cancel_subscription(BUILDER, planned)
    first.refresh_from_db()
    assert first.ends_on is None


def test_a_subscription_begins_with_its_clients_day(alder: Client) -> None:
    Client.objects.filter(pk=alder.pk).update(time_zone="Europe/Berlin")
    with time_machine.travel(datetime(2026, 11, 30, 23, 30, tzinfo=UTC), tick=False):
        began = put_on(alder, make_tier(), date(2026, 12, 1))
        with timezone.override("America/Los_Angeles"):
            with pytest.raises(ValidationError, match="begun"):
                cancel_subscription(BUILDER, began)
            with pytest.raises(ValidationError, match="in use in December"):
                check_terms(BUILDER, began.tier, terms=terms(), starts=Month(2026, 12))
