"""One-off fees: signed by another person, a line of their own, taken back until it is issued."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from branding.commercial.fees import Fee
from branding.commercial.months import Month
from branding.models import Statement, Subscription
from branding.services.fee_changes import propose_fee, propose_taking_back
from branding.services.fees import add_fee, find_fee, new_fee, take_back_fee
from branding.services.statements import client_month, client_months, issue_statement
from branding.services.subscriptions import cancel_subscription, end_subscription
from governance.actors import Actor
from governance.errors import ApplyFailed, SignatureRefused, Ungoverned
from governance.models import AuditEntry, ChangeRequest
from governance.permits import permit
from governance.services.policies import ensure_default_policies
from governance.services.rollbacks import roll_back
from tenants.accounts.models import Client
from tests.actors import ALICE, CAROL, ERIN, FRANK, GRACE, Person
from tests.at_home import page_url
from tests.branding.commerce import BUILDER, asked, make_tier, put_on, used
from tests.governance.governed import approve

pytestmark = pytest.mark.usefixtures("november", "at_home")
ActorOf = Callable[[Person], Actor]
Browse = Callable[..., Browser]
OCTOBER, NOVEMBER, JANUARY = Month(2026, 10), Month(2026, 11), Month(2027, 1)


@pytest.fixture
def billed(alder: Client) -> Client:
    """Alder, on a tier since 11 October, 160 deliveries in October, under the usual rules."""
    ensure_default_policies()
    put_on(alder, make_tier(), date(2026, 10, 11))
    used(alder, date(2026, 10, 12), 160)
    return alder


def made(client: Client, month: Month, amount: str = "1500.00", name: str = "Expansion") -> Fee:
    """A fee that is there."""
    fee = new_fee(BUILDER, client, month, name=name, amount=Decimal(amount), why="A second ERP.")
    with permit("one_off_fee", fee.key):
        return add_fee(BUILDER, client, fee)


def refused(client: Client, month: Month = NOVEMBER, **values: Any) -> str:
    """Why a fee cannot be."""
    fields = {"name": "Assessment", "amount": Decimal(1), "why": "r", **values}
    with pytest.raises(ValidationError) as caught:
        new_fee(BUILDER, client, month, **fields)
    return " ".join(caught.value.messages)


def test_a_fee_counts_once_another_person_signed_it_and_says_who_and_why(
    billed: Client, actor: ActorOf
) -> None:
    alice, before = actor(ALICE), client_month(billed, OCTOBER).draft.total
    request = propose_fee(
        alice, billed, OCTOBER, name="Implementation", amount=Decimal("1500.50"), why="Two systems."
    )
    assert request.touches_money
    assert request.risk["notes"] == ["1500.50 EUR more in October 2026."]
    with pytest.raises(SignatureRefused):
        approve(alice, request)
    assert client_month(billed, OCTOBER).draft.total == before
    assert approve(actor(CAROL), request).status == "applied"
    seen = client_month(billed, OCTOBER)
    assert seen.draft.total == seen.forecast.cost == before + Decimal("1500.50")
    statement = issue_statement(alice, billed, OCTOBER)
    line = statement.lines.get(kind="fee")
    assert (line.told.label, line.told.why, line.amount) == (
        "Implementation",
        "Two systems.",
        Decimal("1500.50"),
    )
    assert line.told.by == alice.label.partition(" <")[0]
    assert statement.total == sum(one.amount for one in statement.lines.all())
    assert AuditEntry.objects.get(action="fee.added").client_id == billed.pk


def test_a_fee_is_taken_back_until_its_statement_is_issued(billed: Client, actor: ActorOf) -> None:
    fee, erin = made(billed, OCTOBER), actor(ERIN)
    back = propose_taking_back(erin, billed, fee, reason="Agreed otherwise.")
    assert back.risk["notes"] == ["1500.00 EUR less in October 2026."]
    approve(actor(CAROL), back)
    assert find_fee(fee.key) is None
    assert not client_month(billed, OCTOBER).draft.fees
    again = roll_back(erin, back.pk, reason="It was right.")
    approve(actor(CAROL), again)
    assert find_fee(fee.key) == fee
    late = propose_taking_back(erin, billed, fee, reason="Late.")
    issue_statement(erin, billed, OCTOBER)
    with pytest.raises(ApplyFailed, match="has its statement"):
        approve(actor(CAROL), late)
    with pytest.raises(ValidationError, match="has its statement"):
        propose_taking_back(erin, billed, fee, reason="Later.")


def test_no_way_leads_around_the_request(billed: Client, actor: ActorOf) -> None:
    fee = new_fee(BUILDER, billed, NOVEMBER, name="Extra", amount=Decimal(5), why="r")
    with pytest.raises(Ungoverned):
        add_fee(BUILDER, billed, fee)
    with pytest.raises(Ungoverned):
        take_back_fee(BUILDER, billed, fee.key)
    with permit("one_off_fee", fee.key), pytest.raises(PermissionDenied):
        add_fee(actor(FRANK), billed, fee)
    with pytest.raises(PermissionDenied):
        propose_fee(actor(GRACE), billed, NOVEMBER, name="x", amount=Decimal(1), why="r")


def test_a_fee_that_cannot_be_says_why_at_its_field(billed: Client, birch: Client) -> None:
    assert "on no tier" in refused(birch)
    assert "on no tier" in refused(billed, Month(2026, 9))
    assert "above 0" in refused(billed, amount=Decimal(0))
    assert "above 0" in refused(billed, amount=Decimal("NaN"))
    assert "more decimals" in refused(billed, amount=Decimal("1.001"))
    assert "Name the fee" in refused(billed, name=" ")
    assert "Say why" in refused(billed, why="")
    issue_statement(BUILDER, billed, OCTOBER)
    assert "has its statement" in refused(billed, OCTOBER)
    put_on(birch, make_tier("Other"), date(2026, 11, 1))
    fee = new_fee(BUILDER, billed, NOVEMBER, name="x", amount=Decimal(1), why="r")
    with permit("one_off_fee", fee.key), pytest.raises(ValidationError, match="another month"):
        add_fee(BUILDER, birch, fee)


def test_a_later_months_fee_goes_along_to_a_new_tier_and_holds_up_an_end(billed: Client) -> None:
    made(billed, NOVEMBER)
    later = made(billed, JANUARY)
    first = Subscription.objects.get(client=billed)
    with pytest.raises(ValidationError, match="January 2027 stands in the way"):
        end_subscription(BUILDER, first, ends_on=date(2026, 12, 31))
    with pytest.raises(ValidationError, match="stands in the way"):
        put_on(billed, make_tier("Dollars", currency="USD"), date(2027, 1, 1))
    moved = put_on(billed, make_tier("Large"), date(2026, 12, 15))
    assert moved.fees_in(JANUARY) == [later]
    assert client_month(billed, JANUARY).draft.fees == (later,)
    assert len(client_month(billed, NOVEMBER).draft.fees) == 1
    with pytest.raises(ValidationError, match="take it back first"):
        cancel_subscription(BUILDER, moved)


def test_fees_cost_no_query_of_their_own(billed: Client, birch: Client) -> None:
    from django.db import connection

    made(billed, OCTOBER)
    with CaptureQueriesContext(connection) as queries:
        client_months([billed, birch], OCTOBER)
    assert len(asked(queries)) == 3


def test_finance_proposes_on_the_page_and_everybody_sees_the_line(
    browse: Browse, billed: Client, actor: ActorOf
) -> None:
    finance = browse(ERIN)
    draft = page_url("statement_draft", billed.pk, OCTOBER)
    assert "One-off fee" in finance.get(draft).content.decode()
    form = page_url("fee_add", billed.pk, OCTOBER)
    assert "Name the fee." in finance.post(form, {"amount": "5", "why": "r"}).content.decode()
    sent = {"what": "Implementation", "amount": "1500", "why": "Go-live of the second entity"}
    answer = finance.post(form, sent)
    request = ChangeRequest.objects.get()
    assert answer.headers["Location"] == page_url("change_detail", request.pk)
    assert "Waits for approval" in finance.get(draft).content.decode()
    approve(actor(CAROL), request)
    page = finance.get(draft).content.decode()
    assert "Waits for approval" not in page
    for shown in ("Implementation", "Go-live of the second entity", "Erin", "1,762.98"):
        assert shown in page
    key = client_month(billed, OCTOBER).draft.fees[0].key
    back = page_url("fee_take_back", billed.pk, OCTOBER, key)
    assert back in page
    assert "Implementation" in finance.get(back).content.decode()
    finance.post(back, {"reason": "Agreed otherwise."})
    assert ChangeRequest.objects.count() == 2
    assert browse(FRANK).get(back).status_code == 403
    assert finance.get(page_url("fee_take_back", billed.pk, NOVEMBER, key)).status_code == 404
    portal = browse(GRACE).get(page_url("statement_draft", OCTOBER, door="portal"))
    seen = portal.content.decode().split("<main")[1]
    assert "Go-live of the second entity" in seen
    assert "Erin" not in seen
    assert "Take it back" not in seen
    issue_statement(BUILDER, billed, OCTOBER)
    assert Statement.objects.get().rounded_total == Decimal("1762.98")
