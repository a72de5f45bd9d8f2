"""What a month costs the partner: beside its statement for who may see prices, for nobody else."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from branding.commercial.margins import Costs, Margin, margin_of
from branding.commercial.months import Month
from branding.models import Tier
from branding.pdf import paper_of, statement_html
from branding.pricing import Share
from branding.services.identity import current_identity
from branding.services.statements import client_month, issue_statement, recompute
from branding.services.tiers import set_costs, set_terms, version_in
from governance.actors import Actor
from governance.models import AuditEntry
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tests.actors import CAROL, ERIN, FRANK, GRACE, Person
from tests.at_home import page_url
from tests.branding.commerce import BUILDER, make_tier, put_on, terms, used

Browse = Callable[..., Browser]
ActorOf = Callable[[Person], Actor]
with_a_partner = pytest.mark.usefixtures("november", "at_home")
OCTOBER = Month(2026, 10)
COSTS = Costs(Decimal("31.00"), Decimal("0.05"), Decimal("2"), Decimal("46.50"))


@given(st.integers(0, 10**6), st.integers(1, 31))
def test_a_share_costs_its_days_and_each_delivery_to_half_a_cent(used: int, days: int) -> None:
    cost = COSTS.of(used, Share(days, 31), "EUR")
    exact = Decimal(124) * days / 31 + Decimal("0.05") * used
    assert abs(cost - exact) <= Decimal("0.005")
    assert Costs.from_json(COSTS.as_json()) == COSTS


def test_a_margin_is_what_is_left_and_may_be_below_zero() -> None:
    good = Margin("EUR", Decimal(300), Decimal(100))
    assert (good.amount, good.percent) == (Decimal(200), Decimal("66.7"))
    assert Margin("EUR", Decimal(50), Decimal(100)).percent == Decimal("-100.0")
    assert Margin("EUR", Decimal(0), Decimal(100)).percent is None


@pytest.fixture
def tier(alder: Client) -> Tier:
    """A tier with costs; Alder is on it since 11 October, with 160 deliveries."""
    made = make_tier()
    put_on(alder, made, date(2026, 10, 11))
    used(alder, date(2026, 10, 12), 160)
    version = version_in(made, OCTOBER)
    assert version is not None
    set_costs(BUILDER, version, COSTS)
    return made


@with_a_partner
def test_the_margin_of_a_month_follows_its_days_and_deliveries(tier: Tier, alder: Client) -> None:
    # 21 of 31 days of 31.00 and 2 hours at 46.50 (84.00), and 160 deliveries at 0.05 (8.00)
    margin = margin_of(client_month(alder, OCTOBER).draft)
    assert margin is not None
    assert (margin.total, margin.cost, margin.amount) == (
        Decimal("262.98"),
        Decimal("92.00"),
        Decimal("170.98"),
    )
    statement = issue_statement(BUILDER, alder, OCTOBER)
    assert margin_of(recompute(statement), statement.rounded_total) == margin
    assert margin_of(client_month(alder, Month(2026, 9)).draft) is None


@with_a_partner
def test_costs_go_on_with_new_prices_and_change_no_price(tier: Tier, actor: ActorOf) -> None:
    free = make_tier("Free")
    first = version_in(free, OCTOBER)
    assert first is not None
    set_costs(actor(ERIN), first, Costs(month=Decimal(5)))
    later = set_terms(BUILDER, free, terms=terms(fee="1.00"), starts=Month(2027, 1))
    assert later.own_costs == Costs(month=Decimal(5))
    assert AuditEntry.objects.filter(action="tier.costed").count() == 2
    with pytest.raises(PermissionDenied):
        set_costs(actor(FRANK), first, COSTS)
    for wrong in ("-1", "NaN"):
        with pytest.raises(ValidationError, match="from 0 up"):
            set_costs(BUILDER, first, Costs(month=Decimal(wrong)))


@with_a_partner
def test_only_who_sees_prices_sees_margins_and_no_client_ever_does(
    browse: Browse, tier: Tier, alder: Client
) -> None:
    def shown(person: Person, name: str, *args: object, door: str = "admin") -> str:
        address = page_url(name, *args, door=door)
        return browse(person).get(f"{address}?month=2026-10").content.decode()

    pages = (
        ("usage_detail", alder.pk),
        ("statement_draft", alder.pk, OCTOBER),
        ("statement_list",),
    )
    for one in pages:
        assert "170.98" in shown(ERIN, *one), one
        assert "170.98" not in shown(CAROL, *one), one
    for name, args in (("usage", ()), ("statement_draft", (OCTOBER,)), ("statement_list", ())):
        page = shown(GRACE, name, *args, door="portal")
        assert "Margin" not in page
        assert "170.98" not in page
        assert "92.00" not in page
    statement = issue_statement(BUILDER, alder, OCTOBER)
    assert "170.98" in shown(ERIN, "statement_issued", 1)
    assert "170.98" not in shown(CAROL, "statement_issued", 1)
    assert "170.98" not in shown(GRACE, "statement_issued", 1, door="portal")
    paper = statement_html(paper_of(statement, current_identity()))
    assert "262.98" in paper
    assert "92.00" not in paper
    user = User.objects.get(email=GRACE.email)
    text = make_token(BUILDER, user=user, name="t", scopes=["statements.view", "usage.view"])[1]
    api = browse(None, host="admin.northwind.localhost")
    for path in ("statements/1/", "statements/1/csv/", "statements/draft/?month=2026-10", "usage/"):
        answer = api.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == 200
        assert "92.00" not in answer.content.decode()
        assert "cost" not in answer.content.decode().replace("forecast", "")


@with_a_partner
def test_finance_says_what_a_tier_costs(browse: Browse, tier: Tier) -> None:
    form = page_url("tier_costs", tier.pk)
    version = version_in(tier, OCTOBER)
    assert version is not None
    assert "46.50" in browse(ERIN).get(form).content.decode()
    browse(ERIN).post(form, {"version": version.pk, "month": "7", "delivery": "0.000001"})
    version.refresh_from_db()
    assert version.own_costs == Costs(month=Decimal(7), delivery=Decimal("0.000001"))
    assert browse(FRANK).get(form).status_code == 403
