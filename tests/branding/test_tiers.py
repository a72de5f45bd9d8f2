"""Tiers have prices by month, and a client is on one tier at a time."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from branding.commercial.months import Month
from branding.models import Subscription, TierVersion
from branding.pricing import Band, PriceList
from branding.services.price_changes import set_or_propose_terms
from branding.services.statements import client_month, issue_statement
from branding.services.subscriptions import (
    cancel_subscription,
    current_subscription,
    end_subscription,
    subscribe,
)
from branding.services.tiers import KIND, Terms, add_tier, change_tier, set_terms, version_in
from governance.actors import Actor
from governance.errors import Ungoverned
from governance.models import AuditEntry, ChangeRequest
from governance.permits import permit
from governance.services.changes import approve
from governance.services.policies import ensure_default_policies
from governance.services.rollbacks import roll_back
from tenants.accounts.models import Client
from tenants.models import Partner
from tests.actors import ALICE, BOB, CAROL, ERIN, FRANK, GRACE, Person
from tests.branding.commerce import BUILDER, make_tier, put_on, terms, used

pytestmark = pytest.mark.usefixtures("november")
ActorOf = Callable[[Person], Actor]


def test_finance_adds_a_tier_and_the_trail_says_so(actor: ActorOf) -> None:
    tier = add_tier(actor(ERIN), name=" Standard ", terms=terms())
    assert tier.name == "Standard"
    version = version_in(tier, Month(2026, 11))
    assert version is not None
    assert version.prices() == terms().prices
    keys = AuditEntry.objects.filter(object_kind="tier").values_list("action", flat=True)
    assert sorted(keys) == ["tier.added", "tier.priced"]


@pytest.mark.parametrize("person", [BOB, FRANK, GRACE])
def test_others_can_neither_price_nor_subscribe(
    actor: ActorOf, alder: Client, person: Person
) -> None:
    tier = make_tier()
    who = actor(person)
    with pytest.raises(PermissionDenied):
        add_tier(who, name="Cheap", terms=terms())
    with pytest.raises(PermissionDenied):
        set_terms(who, tier, terms=terms(), starts=Month(2027, 1))
    with pytest.raises(PermissionDenied):
        change_tier(who, tier, name="Cheap")
    with pytest.raises(PermissionDenied):
        subscribe(who, alder, tier, starts_on=date(2026, 11, 1))


def test_two_tiers_cannot_share_a_name(northwind: Partner) -> None:
    make_tier()
    with pytest.raises(ValidationError, match="already exists"):
        make_tier()


def test_a_price_list_that_cannot_be_is_refused_with_its_problems(northwind: Partner) -> None:
    wrong = Terms(PriceList("EUR", Decimal(1), 0, (Band(5, Decimal(1)),)), sla_hours=8)
    with pytest.raises(ValidationError, match="must have no end"):
        add_tier(BUILDER, name="Wrong", terms=wrong)
    with pytest.raises(ValidationError, match="three-letter"):
        add_tier(BUILDER, name="Wrong", terms=terms(currency="EURO"))


def test_new_prices_start_with_a_month_and_leave_the_months_before(
    northwind: Partner, alder: Client
) -> None:
    tier = make_tier()
    put_on(alder, tier, date(2026, 10, 1))
    with pytest.raises(Ungoverned):
        set_terms(BUILDER, tier, terms=terms(fee="400.00"), starts=Month(2026, 12))
    with permit(KIND, str(tier.pk)):
        set_terms(BUILDER, tier, terms=terms(fee="400.00"), starts=Month(2026, 12))
    assert client_month(alder, Month(2026, 11)).draft.total == Decimal("300.00")
    assert client_month(alder, Month(2026, 12)).draft.total == Decimal("400.00")


def test_prices_of_a_running_month_stay_once_a_client_is_on_the_tier(
    northwind: Partner, alder: Client
) -> None:
    tier = make_tier()
    set_terms(BUILDER, tier, terms=terms(fee="310.00"), starts=Month(2026, 11))
    put_on(alder, tier, date(2026, 11, 2))
    with pytest.raises(ValidationError, match="in use in November 2026"):
        set_terms(BUILDER, tier, terms=terms(fee="400.00"), starts=Month(2026, 11))
    assert version_in(tier, Month(2026, 11)).base_fee == Decimal("310.00")  # type: ignore[union-attr]  # there is one


def test_a_version_that_has_not_begun_is_replaced_and_the_trail_keeps_both(
    northwind: Partner,
) -> None:
    tier = make_tier()
    set_terms(BUILDER, tier, terms=terms(fee="400.00"), starts=Month(2027, 1))
    set_terms(BUILDER, tier, terms=terms(fee="420.00"), starts=Month(2027, 1))
    assert TierVersion.objects.filter(tier=tier).count() == 2
    entry = AuditEntry.objects.filter(action="tier.priced").first()
    assert entry is not None
    assert entry.before is not None
    assert entry.after is not None
    assert entry.before["base_fee"] == "400.00"
    assert entry.after["base_fee"] == "420.00"


def test_a_tier_keeps_its_currency(northwind: Partner) -> None:
    with pytest.raises(ValidationError, match="keeps its currency"):
        set_terms(BUILDER, make_tier(), terms=terms(currency="USD"), starts=Month(2027, 1))


def test_a_retired_tier_takes_nobody_new_and_keeps_who_is_on_it(
    northwind: Partner, alder: Client, birch: Client
) -> None:
    tier = make_tier()
    put_on(alder, tier, date(2026, 11, 1))
    change_tier(BUILDER, tier, retired=True)
    tier.refresh_from_db()
    with pytest.raises(ValidationError, match="no longer offered"):
        put_on(birch, tier, date(2026, 11, 1))
    assert client_month(alder, Month(2026, 12)).draft.total == Decimal("300.00")


def test_a_change_that_changes_nothing_leaves_no_entry(actor: ActorOf) -> None:
    tier = make_tier()
    before = AuditEntry.objects.count()
    change_tier(actor(ALICE), tier, name=tier.name, retired=False)
    assert AuditEntry.objects.count() == before


def test_a_new_tier_ends_the_one_before_on_the_day_before(
    northwind: Partner, alder: Client
) -> None:
    small, large = make_tier("Small"), make_tier("Large", fee="900.00", included=300)
    first = put_on(alder, small, date(2026, 9, 1))
    put_on(alder, large, date(2026, 11, 11))
    first.refresh_from_db()
    assert first.ends_on == date(2026, 11, 10)
    assert current_subscription(alder, date(2026, 11, 10)).tier == small  # type: ignore[union-attr]  # there is one
    draft = client_month(alder, Month(2026, 11)).draft
    assert [part.segment.tier_name for part in draft.parts] == ["Small", "Large"]
    assert draft.total == Decimal("100.00") + Decimal("600.00")


@pytest.mark.parametrize(
    ("tier_name", "day", "said"),
    [
        ("Small", date(2026, 11, 21), "on Small already"),
        ("Dollars", date(2026, 11, 21), "first of a month"),
        ("Late", date(2026, 11, 21), "no prices yet"),
        ("Large", date(2026, 8, 1), "starts on 2026-09-01 already"),
    ],
)
def test_what_cannot_follow_is_refused_with_the_reason(
    northwind: Partner, alder: Client, tier_name: str, day: date, said: str
) -> None:
    tiers = {
        "Small": make_tier("Small"),
        "Large": make_tier("Large"),
        "Dollars": make_tier("Dollars", currency="USD"),
        "Late": make_tier("Late", starts=Month(2027, 1)),
    }
    put_on(alder, tiers["Small"], date(2026, 9, 1))
    with pytest.raises(ValidationError, match=said):
        put_on(alder, tiers[tier_name], day)
    assert Subscription.objects.filter(client=alder).count() == 1


def test_an_end_stops_the_fee_and_says_what_is_used_afterwards(
    northwind: Partner, alder: Client
) -> None:
    subscription = put_on(alder, make_tier(), date(2026, 9, 1))
    end_subscription(BUILDER, subscription, ends_on=date(2026, 11, 15))
    used(alder, date(2026, 11, 20), 5)
    draft = client_month(alder, Month(2026, 11)).draft
    assert (draft.total, draft.outside) == (Decimal("150.00"), 5)
    with pytest.raises(ValidationError, match="starts on 2026-09-01"):
        end_subscription(BUILDER, subscription, ends_on=date(2026, 8, 31))


def test_a_subscription_that_has_not_begun_can_be_cancelled_and_the_old_one_goes_on(
    northwind: Partner, alder: Client
) -> None:
    first = put_on(alder, make_tier("Small"), date(2026, 9, 1))
    planned = put_on(alder, make_tier("Large"), date(2027, 1, 1))
    cancel_subscription(BUILDER, planned)
    first.refresh_from_db()
    assert first.ends_on is None
    with pytest.raises(ValidationError, match="has begun"):
        cancel_subscription(BUILDER, first)


def test_a_month_with_a_statement_is_closed_to_changes(northwind: Partner, alder: Client) -> None:
    small, large = make_tier("Small"), make_tier("Large")
    subscription = put_on(alder, small, date(2026, 9, 1))
    issue_statement(BUILDER, alder, Month(2026, 10))
    with pytest.raises(ValidationError, match="October 2026 has its statement"):
        put_on(alder, large, date(2026, 10, 31))
    with pytest.raises(ValidationError, match="October 2026 has its statement"):
        end_subscription(BUILDER, subscription, ends_on=date(2026, 10, 30))
    end_subscription(BUILDER, subscription, ends_on=date(2026, 10, 31))


def test_prices_that_clients_pay_change_by_a_signed_request(
    northwind: Partner, alder: Client, actor: ActorOf
) -> None:
    ensure_default_policies()
    tier = make_tier()
    put_on(alder, tier, date(2026, 10, 1))
    wanted, december = terms(fee="400.00"), Month(2026, 12)
    asked = set_or_propose_terms(actor(ERIN), tier, terms=wanted, starts=december)
    assert isinstance(asked, ChangeRequest)
    assert asked.touches_money
    assert "1 client is on this tier" in asked.risk["notes"][0]
    assert ["-", "Base fee: 300.00"] in asked.changes.get().diff
    assert client_month(alder, december).draft.total == Decimal("300.00")
    carol = actor(CAROL)
    assert approve(carol, asked.pk, content_hash=asked.content_hash).status == "applied"
    assert client_month(alder, december).draft.total == Decimal("400.00")
    back = roll_back(actor(ERIN), asked.pk, reason="Agreed otherwise.")
    assert approve(carol, back.pk, content_hash=back.content_hash).status == "applied"
    assert client_month(alder, december).draft.total == Decimal("300.00")
