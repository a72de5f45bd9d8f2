"""Credits for what was late: per breach, capped, kept with what was counted, and recomputable."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branding.commercial import breaches
from branding.commercial.agreements import Agreement, Own
from branding.commercial.breaches import Breach
from branding.commercial.months import Month
from branding.models import Statement, StatementLine, Subscription, Tier
from branding.pricing import Band, PriceError, PriceList, Share, check, price, total
from branding.services.fees import add_fee, new_fee
from branding.services.statements import client_month, issue_statement, recompute
from branding.services.subscriptions import subscribe
from branding.services.tiers import Terms, add_tier
from governance.permits import permit
from syncjobs.indicators.breaches import late_exceptions
from syncjobs.models import Issue
from syncjobs.services.catalogue import CATALOGUE
from tenants.accounts.models import Client
from tests.actors import FRANK, GRACE
from tests.at_home import page_url
from tests.branding.commerce import BUILDER, put_on, used
from tests.branding.test_pricing import price_lists, shares

pytestmark = pytest.mark.usefixtures("november")
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
Browse = Callable[..., Browser]


def credited(prices: PriceList, credit: str = "5", cap: str = "20") -> PriceList:
    """The same prices with credits."""
    return PriceList(
        prices.currency,
        prices.base_fee,
        prices.included,
        prices.bands,
        prices.discount,
        Decimal(credit),
        Decimal(cap),
    )


PLAIN = PriceList("EUR", Decimal("300.00"), 30, (Band(None, Decimal("0.50")),))


@pytest.mark.parametrize(
    ("count", "amount"), [(1, "15.00"), (3, "45.00"), (4, "60.00"), (9, "60.00")]
)
def test_each_breach_is_credited_up_to_the_cap(count: int, amount: str) -> None:
    line = price(credited(PLAIN), 0, breaches=range(count))[-1]
    assert (line.kind, line.quantity, line.unit_price) == ("credit", count, Decimal("15.00"))
    assert line.amount == -Decimal(amount)
    assert line.told.counted == tuple(range(count))


def test_half_a_month_has_half_the_cap_and_nothing_late_has_no_line() -> None:
    prices = credited(PLAIN)
    assert price(prices, 0, Share(15, 30), range(9))[-1].amount == Decimal("-30.00")
    assert {line.kind for line in price(prices, 0)} == {"base", "included"}
    assert {line.kind for line in price(PLAIN, 0, breaches=[1])} == {"base", "included"}


@given(
    price_lists(),
    st.integers(0, 900),
    shares(),
    st.integers(0, 9),
    st.integers(0, 100),
    st.integers(1, 100),
)
def test_lines_add_up_and_no_month_costs_less_than_nothing(
    prices: PriceList, used: int, share: Share, late: int, discount: int, credit: int
) -> None:
    given_ = credited(prices, str(credit), "100")
    given_ = Agreement("k", NOVEMBER, None, Own(discount=Decimal(discount)), "r", "b").over(given_)
    lines = price(given_, used, share, range(late))
    assert total(lines) == sum(line.amount for line in lines)
    assert total(lines) >= 0
    assert total(lines) <= total(price(given_, used, share))


@pytest.mark.parametrize(
    ("credit", "cap", "said"), [("5", "4", "one credit at least"), ("101", "101", "0 to 100")]
)
def test_credits_that_make_no_sense_are_refused(credit: str, cap: str, said: str) -> None:
    with pytest.raises(PriceError, match=said):
        check(credited(PLAIN, credit, cap))


@pytest.fixture
def tier(northwind: object) -> Tier:
    """A tier that credits 5 per cent for each breach, 20 at most."""
    return add_tier(
        BUILDER, name="Promised", terms=Terms(credited(PLAIN), sla_hours=8), starts=Month(2026, 1)
    )


def late(client: Client, due: datetime, solved: datetime | None = None) -> Issue:
    """An exception with a due time."""
    return Issue.objects.create(
        client=client,
        fingerprint=f"{client.pk} {due} {solved}",
        class_name="business",
        kind="held",
        title="Late",
        due_at=due,
        resolved_at=solved,
        state="resolved" if solved else "open",
    )


def test_the_exceptions_of_the_month_are_credited_and_kept_with_the_statement(
    tier: Tier, alder: Client
) -> None:
    put_on(alder, tier, date(2026, 10, 1))
    used(alder, date(2026, 10, 12), 40)
    due = datetime(2026, 10, 5, 12, tzinfo=UTC)
    open_one = late(alder, due)
    slow = late(alder, due, due + timedelta(minutes=1))
    late(alder, due, due - timedelta(minutes=1))  # in time
    late(alder, due - timedelta(days=20))  # due in September
    statement = issue_statement(BUILDER, alder, OCTOBER)
    line = statement.lines.get(kind="credit")
    assert (line.quantity, line.amount) == (2, Decimal("-30.00"))
    assert sorted(line.told.counted) == sorted((open_one.pk, slow.pk))
    assert statement.total == Decimal("275.00")
    # One came back and is due at another moment: the statement still adds up from the ledger.
    Issue.objects.filter(pk=slow.pk).update(due_at=timezone.now(), resolved_at=None)
    assert recompute(Statement.objects.get()).total == Decimal("275.00")


def test_what_is_past_due_by_its_kind_and_within_what_was_promised_is_no_breach(
    northwind: object, alder: Client
) -> None:
    usual = CATALOGUE["missing_prerequisite"].due_hours
    terms = Terms(credited(PLAIN), sla_hours=usual + 8)
    put_on(alder, add_tier(BUILDER, name="Calm", terms=terms, starts=Month(2026, 1)), OCTOBER.first)
    due = datetime(2026, 10, 31, 20, tzinfo=UTC)  # promised: in the first hours of November
    for hours in (7, 9):
        late(alder, due, due + timedelta(hours=hours))
    Issue.objects.update(kind="missing_prerequisite")
    assert not late_exceptions({alder.pk: "UTC"}, OCTOBER)
    (breach,) = late_exceptions({alder.pk: "UTC"}, NOVEMBER)[alder.pk]
    assert breach.day == date(2026, 11, 1)
    assert Issue.objects.get(pk=breach.key).resolved_at == due + timedelta(hours=9)


def test_what_is_not_due_yet_is_no_breach_and_the_zone_decides_the_month(
    tier: Tier, alder: Client
) -> None:
    put_on(alder, tier, date(2026, 10, 1))
    Client.objects.filter(pk=alder.pk).update(time_zone="Pacific/Auckland")
    alder.refresh_from_db()
    late(alder, timezone.now() + timedelta(minutes=1))
    late(alder, datetime(2026, 10, 31, 12, tzinfo=UTC))  # the first of November there
    assert client_month(alder, OCTOBER).draft.total == Decimal("300.00")
    assert client_month(alder, NOVEMBER).draft.total == Decimal("285.00")
    assert late_exceptions({}, NOVEMBER) == {}


@pytest.mark.usefixtures("at_home")
def test_the_line_is_read_by_staff_and_client(browse: Browse, tier: Tier, alder: Client) -> None:
    put_on(alder, tier, date(2026, 10, 1))
    late(alder, datetime(2026, 10, 5, 12, tzinfo=UTC))
    for page in (
        browse(FRANK).get(page_url("statement_draft", alder.pk, OCTOBER)),
        browse(GRACE).get(page_url("statement_draft", OCTOBER, door="portal")),
    ):
        shown = page.content.decode()
        assert "Credit for an exception that was late" in shown
        assert "285.00" in shown
    table = browse(GRACE).get(page_url("statement_draft_csv", OCTOBER, door="portal"))
    assert "5 % of the base fee each" in table.content.decode()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_an_issued_statement_is_recomputed_to_the_cent(
    data: st.DataObject, tier: Tier, alder: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any usage, a move to another tier, agreed terms, fees and breaches."""
    days = st.integers(1, 31).map(lambda number: date(2026, 10, number))
    late_days = data.draw(st.lists(days, max_size=6))
    known = [Breach(number, day) for number, day in enumerate(late_days, start=1)]
    monkeypatch.setattr(breaches, "_counters", [lambda zones, month: dict.fromkeys(zones, known)])
    with transaction.atomic():
        first = put_on(alder, tier, data.draw(days))
        own = Own(discount=Decimal(data.draw(st.integers(1, 10_000))).scaleb(-2))
        kept = Agreement("k", OCTOBER, None, own, "r", "b").as_json()
        Subscription.objects.filter(pk=first.pk).update(agreed=[kept])
        moved = data.draw(days)
        if moved > first.starts_on:
            prices = credited(data.draw(price_lists().filter(lambda one: one.currency == "EUR")))
            other = add_tier(
                BUILDER, name="Other", terms=Terms(prices, sla_hours=8), starts=Month(2026, 1)
            )
            subscribe(BUILDER, alder, other, starts_on=moved)
        for day, count in data.draw(st.dictionaries(days, st.integers(1, 500))).items():
            used(alder, day, count)
        for cents in data.draw(st.lists(st.integers(1, 10**7), max_size=3)):
            amount = Decimal(cents).scaleb(-2)
            fee = new_fee(BUILDER, alder, OCTOBER, name="Extra", amount=amount, why="r")
            with permit("one_off_fee", fee.key):
                add_fee(BUILDER, alder, fee)
        draft = client_month(alder, OCTOBER).draft
        statement = issue_statement(BUILDER, alder, OCTOBER)
        known.clear()
        anew = recompute(statement)
        lines = list(StatementLine.objects.filter(statement=statement))
        assert statement.total == draft.total == anew.total == sum(one.amount for one in lines)
        assert [(one.kind, one.quantity, one.amount, one.told) for one in lines] == [
            (one.line.kind, one.line.quantity, one.line.amount, one.line.told)
            for one in anew.charged()
        ]
        transaction.set_rollback(True)
