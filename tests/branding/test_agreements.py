"""Prices agreed with one client: signed, shown as agreed, the same on every page to the cent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from branding.commercial.agreements import Agreement, Own
from branding.commercial.billing import Draft, Segment, Span, cut, draft_of, share_of
from branding.commercial.calculator import calculate
from branding.commercial.months import Month
from branding.models import Subscription
from branding.pricing import Band, PriceList, included_in, price, round_money, total
from branding.services.agreement_changes import propose_agreement, propose_end
from branding.services.agreements import new_agreement, put_agreement
from branding.services.allowances import clients_over
from branding.services.statements import client_month, issue_statement
from governance.actors import Actor
from governance.errors import ApplyFailed, Ungoverned
from governance.models import AuditEntry, ChangeRequest
from governance.permits import permit
from governance.services.policies import ensure_default_policies
from governance.services.rollbacks import roll_back
from tenants.accounts.models import Client
from tests.actors import CAROL, ERIN, FRANK, GRACE, Person
from tests.at_home import page_url
from tests.branding.commerce import BUILDER, make_tier, put_on, used
from tests.branding.test_pricing import price_lists, shares
from tests.governance.governed import approve

with_a_partner = pytest.mark.usefixtures("november", "at_home")
ActorOf = Callable[[Person], Actor]
Browse = Callable[..., Browser]
OCTOBER, NOVEMBER, DECEMBER = Month(2026, 10), Month(2026, 11), Month(2026, 12)


def percents() -> st.SearchStrategy[Decimal]:
    return st.integers(0, 10_000).map(lambda hundredths: Decimal(hundredths).scaleb(-2))


@given(price_lists(), st.integers(0, 900), shares(), percents())
def test_a_discount_is_its_share_of_the_lines_to_half_a_cent_and_they_add_up(
    prices: PriceList, used: int, share: object, percent: Decimal
) -> None:
    whole = price(prices, used, share)  # type: ignore[arg-type]  # a Share
    terms = Agreement("k", NOVEMBER, None, Own(discount=percent), "r", "b")
    lines = price(terms.over(prices), used, share)  # type: ignore[arg-type]  # a Share
    assert lines[: len(whole)] == whole
    off = -sum((line.amount for line in lines if line.kind == "discount"), Decimal(0))
    assert off == round_money(total(whole) * percent / 100, prices.currency)
    assert 0 <= total(lines) == total(whole) - off


@given(price_lists(), price_lists(), st.integers(0, 900), st.integers(1, 30))
def test_own_prices_take_the_tiers_place_and_the_calculator_agrees(
    prices: PriceList, other: PriceList, used: int, days: int
) -> None:
    other = PriceList(prices.currency, prices.base_fee, other.included, other.bands)
    own = Own(prices.base_fee, other.included, other.bands)
    both = Agreement("k", NOVEMBER, None, own, "r", "b").over(prices)
    assert total(price(both, used)) == total(price(other, used)) == calculate(both, used).total
    first, last = date(2026, 11, 1), date(2026, 11, days)
    segment = Segment("T", both, first, last, share_of(NOVEMBER, first, last))
    draft = draft_of(NOVEMBER, [segment], {first: used})
    assert draft.included == included_in(other, segment.share)
    assert draft.total == sum(one.line.amount for one in draft.charged())
    assert {one.line.told.agreed for one in draft.charged()} == {True}


def test_neighbours_under_other_terms_stay_apart() -> None:
    own = Agreement("k", NOVEMBER, None, Own(discount=Decimal(5)), "r", "b")
    first, last = Span(1, date(2026, 11, 1), date(2026, 11, 9)), date(2026, 11, 10)
    assert len(cut(NOVEMBER, [first, Span(1, last, None, own)])) == 2
    joined = [replace(first, agreed=own), Span(1, last, None, own)]
    assert len(cut(NOVEMBER, joined)) == 1


@pytest.fixture
def on_tier(alder: Client) -> Subscription:
    """Alder's subscription since 11 October, 160 deliveries in October, 40 in November."""
    ensure_default_policies()
    made = put_on(alder, make_tier(), date(2026, 10, 11))
    used(alder, date(2026, 10, 12), 160)
    used(alder, date(2026, 11, 3), 40)
    return made


def agree(
    subscription: Subscription, terms: Own, starts: Month = NOVEMBER, ends: Month | None = None
) -> Agreement:
    """Let something be agreed."""
    subscription.refresh_from_db()
    wanted = new_agreement(BUILDER, subscription, starts=starts, ends=ends, terms=terms, why="r")
    with permit("agreed_terms", f"{subscription.pk}-{wanted.key}"):
        put_agreement(BUILDER, subscription, wanted.key, wanted)
    return wanted


@with_a_partner
def test_what_is_agreed_holds_from_its_month_to_its_month(on_tier: Subscription) -> None:
    own = Own(Decimal("200.00"), 35, (Band(None, Decimal("0.10")),), Decimal("10"))
    agree(on_tier, own, NOVEMBER, DECEMBER)
    client = on_tier.client
    assert client_month(client, OCTOBER).draft.total == Decimal("262.98")
    seen = client_month(client, NOVEMBER)
    # 200.00 and 5 beyond at 0.10, less 10 per cent of 200.50
    assert [(one.line.kind, one.line.amount) for one in seen.draft.charged()] == [
        ("base", Decimal("200.00")),
        ("included", Decimal(0)),
        ("overage", Decimal("0.50")),
        ("discount", Decimal("-20.05")),
    ]
    assert (seen.draft.total, seen.draft.included) == (Decimal("180.45"), 35)
    # 57 deliveries at the month's end: 22 beyond at 0.10
    assert seen.forecast.cost == Decimal("181.98")
    assert client_month(client, DECEMBER).draft.total == Decimal("180.00")
    assert client_month(client, Month(2027, 1)).draft.total == Decimal("300.00")


@with_a_partner
def test_a_share_of_a_month_has_its_share_of_what_is_agreed(on_tier: Subscription) -> None:
    agree(on_tier, Own(base_fee=Decimal("310.00"), included=310), OCTOBER)
    lines = [(one.line.kind, one.line.amount) for one in _draft(on_tier, OCTOBER).charged()]
    assert lines == [("base", Decimal("210.00")), ("included", Decimal(0))]


def _draft(subscription: Subscription, month: Month) -> Draft:
    return client_month(subscription.client, month).draft


@with_a_partner
@pytest.mark.parametrize(("included", "over"), [(39, True), (40, False), (None, True)])
def test_the_allowance_is_the_agreed_one(
    on_tier: Subscription, included: int | None, over: bool
) -> None:
    agree(on_tier, Own(included=included, discount=Decimal(1)))
    found = clients_over(datetime(2026, 11, 21, tzinfo=UTC))
    assert [(one.used, one.included) for one in found] == ([(40, included or 30)] if over else [])


@with_a_partner
def test_it_is_signed_ended_and_rolled_back_by_others(
    on_tier: Subscription, actor: ActorOf
) -> None:
    erin, carol = actor(ERIN), actor(CAROL)
    request = propose_agreement(
        erin, on_tier, starts=NOVEMBER, ends=None, terms=Own(discount=Decimal("12.5")), why="Loyal."
    )
    assert request.touches_money
    assert ["+", "Discount: 12.5 %"] in request.changes.get().diff
    assert _draft(on_tier, NOVEMBER).total == Decimal("305.00")
    approve(carol, request)
    assert _draft(on_tier, NOVEMBER).total == Decimal("266.87")
    on_tier.refresh_from_db()
    key = on_tier.agreements()[0].key
    approve(carol, propose_end(erin, on_tier, key, ends=NOVEMBER, reason="Over."))
    assert _draft(on_tier, DECEMBER).total == Decimal("300.00")
    on_tier.refresh_from_db()
    gone = propose_end(erin, on_tier, key, ends=None, reason="Never.")
    approve(carol, gone)
    assert _draft(on_tier, NOVEMBER).total == Decimal("305.00")
    approve(carol, roll_back(erin, gone.pk, reason="It was right."))
    assert _draft(on_tier, NOVEMBER).total == Decimal("266.87")
    assert AuditEntry.objects.filter(action="subscription.agreed").count() == 4


@with_a_partner
def test_a_month_with_its_statement_stays_as_it_was(on_tier: Subscription, actor: ActorOf) -> None:
    agreed = agree(on_tier, Own(discount=Decimal(10)), OCTOBER)
    client = on_tier.client
    late = propose_end(actor(ERIN), _fresh(on_tier), agreed.key, ends=None, reason="Late.")
    draft = client_month(client, OCTOBER).draft
    statement = issue_statement(BUILDER, client, OCTOBER)
    assert statement.total == draft.total == sum(line.amount for line in statement.lines.all())
    line = statement.lines.get(kind="discount")
    assert (line.told.agreed, line.told.percent) == (True, "10")
    with pytest.raises(ApplyFailed, match="has its statement"):
        approve(actor(CAROL), late)
    with pytest.raises(ValidationError, match="has its statement"):
        propose_end(actor(ERIN), _fresh(on_tier), agreed.key, ends=None, reason="r")
    approve(
        actor(CAROL),
        propose_end(actor(ERIN), _fresh(on_tier), agreed.key, ends=OCTOBER, reason="r"),
    )
    with pytest.raises(ValidationError, match="has its statement"):
        agree(on_tier, Own(discount=Decimal(1)), OCTOBER)


def _fresh(subscription: Subscription) -> Subscription:
    return Subscription.objects.get(pk=subscription.pk)


@with_a_partner
def test_what_cannot_be_agreed_says_why(on_tier: Subscription) -> None:
    ten = Own(discount=Decimal(10))
    with pytest.raises(Ungoverned):
        put_agreement(BUILDER, on_tier, "k", None)
    agree(on_tier, ten, NOVEMBER, DECEMBER)
    for terms, starts, ends, said in (
        (Own(), NOVEMBER, None, "what differs"),
        (ten, DECEMBER, None, "agreed already: November 2026 to December 2026"),
        (ten, Month(2027, 2), Month(2027, 1), "starts in February"),
        (ten, Month(2026, 9), Month(2026, 9), "starts on 2026-10-11"),
        (Own(discount=Decimal(101)), Month(2027, 1), None, "0 to 100"),
        (Own(discount=Decimal("0.001")), Month(2027, 1), None, "2 decimals"),
        (Own(base_fee=Decimal("1.001")), Month(2027, 1), None, "2 decimals"),
        (Own(bands=(Band(5, Decimal(1)),)), Month(2027, 1), None, "must have no end"),
    ):
        with pytest.raises(ValidationError, match=said):
            agree(on_tier, terms, starts, ends)


@with_a_partner
def test_finance_tries_it_proposes_it_and_everybody_reads_it_as_agreed(
    browse: Browse, on_tier: Subscription, actor: ActorOf
) -> None:
    finance, form = browse(ERIN), page_url("subscription_agreed", on_tier.pk)
    sent = {
        "bands-TOTAL_FORMS": "6",
        "bands-INITIAL_FORMS": "0",
        "starts": "2026-11",
        "base_fee": "250",
        "discount": "4",
        "why": "First customer",
    }
    tried = finance.post(form, {**sent, "calculate": "1", "volume": "40"}).content.decode()
    # 250.00 and 10 beyond at 0.50, less 4 per cent
    assert "244.80" in tried
    assert not ChangeRequest.objects.exists()
    finance.post(form, sent)
    approve(actor(CAROL), ChangeRequest.objects.get())
    assert "First customer" in finance.get(form).content.decode()
    assert browse(FRANK).post(form, sent).status_code == 403
    client = on_tier.client
    pages = [
        finance.get(page_url("statement_draft", client.pk, NOVEMBER)),
        finance.get(page_url("usage_detail", client.pk)),
        browse(GRACE).get(page_url("statement_draft", NOVEMBER, door="portal")),
    ]
    for one in pages:
        assert "244.80" in one.content.decode()
    assert "base fee, agreed" in pages[0].content.decode()
    assert "base fee, agreed" in pages[2].content.decode()
    end = page_url("agreement_end", on_tier.pk, _fresh(on_tier).agreements()[0].key)
    assert "November 2026" in finance.get(end).content.decode()
    finance.post(end, {"ends": "2026-12", "reason": "Enough."})
    assert ChangeRequest.objects.count() == 2
