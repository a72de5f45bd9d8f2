"""Requests about prices: who sees them, who rushes them and who asks for what was before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from branding.commercial.months import Month
from branding.services.fee_changes import propose_fee
from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import ChangeRequest
from governance.services.comments import comment
from governance.services.emergencies import rush
from governance.services.policies import ensure_default_policies
from governance.services.rollbacks import roll_back
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tenants.outbox.models import OutgoingMail
from tests.actors import ALICE, BOB, CAROL, DAVE, ERIN, FRANK, Person
from tests.at_home import page_url
from tests.branding.commerce import BUILDER, make_tier, put_on
from tests.governance.governed import approve

pytestmark = pytest.mark.usefixtures("november", "at_home")
ActorOf = Callable[[Person], Actor]
Browse = Callable[..., Browser]


@pytest.fixture
def fee(alder: Client, actor: ActorOf) -> ChangeRequest:
    """A one-off fee that finance asks for."""
    ensure_default_policies()
    put_on(alder, make_tier(), date(2026, 10, 11))
    return propose_fee(
        actor(ERIN), alder, Month(2026, 11), name="Setup", amount=Decimal(2400), why="Two systems."
    )


@pytest.mark.parametrize(
    ("person", "sees"),
    [(ALICE, True), (CAROL, True), (ERIN, True), (FRANK, True), (BOB, False), (DAVE, False)],
)
def test_only_who_sees_prices_or_signs_sees_it(
    fee: ChangeRequest, browse: Browse, person: Person, sees: bool
) -> None:
    staff = browse(person)
    page = staff.get(page_url("change_detail", fee.pk))
    assert page.status_code == (200 if sees else 404)
    assert ("2400" in page.content.decode()) == sees
    assert (fee.title in staff.get(page_url("change_list")).content.decode()) == sees


@pytest.mark.parametrize(
    ("person", "scopes", "sees"),
    [
        (ERIN, ["changes.view", "prices.view"], True),
        (ERIN, ["changes.view"], False),
        (BOB, ["changes.view"], False),
    ],
)
def test_a_program_sees_it_by_the_same_permissions(
    fee: ChangeRequest, browse: Browse, person: Person, scopes: list[str], sees: bool
) -> None:
    user = User.objects.get(email=person.email)
    text = make_token(BUILDER, user=user, name="t", scopes=scopes)[1]
    bearer: dict[str, Any] = {"headers": {"Authorization": f"Bearer {text}"}}
    caller = browse(None)
    found = caller.get("/api/v1/change-requests/", **bearer).json()["results"]
    assert ([one["id"] for one in found] == [fee.pk]) == sees
    one = caller.get(f"/api/v1/change-requests/{fee.pk}/", **bearer)
    assert one.status_code == (200 if sees else 404)


def test_who_may_not_change_prices_makes_none_live(fee: ChangeRequest, actor: ActorOf) -> None:
    bob = actor(BOB)
    with pytest.raises(ChangeRequest.DoesNotExist):
        rush(bob, fee.pk, content_hash=fee.content_hash, reason="Now.")
    with pytest.raises(NotPermitted, match=r"prices\.manage is needed"):
        rush(_proposing(actor(CAROL)), fee.pk, content_hash=fee.content_hash, reason=".")
    assert rush(actor(ALICE), fee.pk, content_hash=fee.content_hash, reason="Now.").emergency


def test_nor_asks_for_what_was_before(fee: ChangeRequest, actor: ActorOf, browse: Browse) -> None:
    approve(actor(CAROL), fee)
    with pytest.raises(NotPermitted, match=r"prices\.manage is needed"):
        roll_back(_proposing(actor(CAROL)), fee.pk, reason="No.")
    address = page_url("change_roll_back", fee.pk)
    assert address not in browse(CAROL).get(page_url("change_detail", fee.pk)).content.decode()
    assert address in browse(ERIN).get(page_url("change_detail", fee.pk)).content.decode()
    assert roll_back(actor(ERIN), fee.pk, reason="Agreed otherwise.").status == "submitted"


def test_it_says_which_client_it_concerns(fee: ChangeRequest, browse: Browse) -> None:
    for place in (page_url("change_detail", fee.pk), page_url("change_list")):
        shown = browse(ERIN).get(place).content.decode()
        assert "Alder Consulting" in shown
        assert "All clients" not in shown


def _proposing(actor: Actor) -> Actor:
    """The same person in a role of the partner's own that may propose as well."""
    return replace(actor, permissions=actor.permissions | {"changes.propose"})


def test_a_comment_is_told_to_those_who_see_it(fee: ChangeRequest, actor: ActorOf) -> None:
    comment(actor(ERIN), fee.pk, text=f"Ask @{BOB.email} and @{CAROL.email}.")
    told = OutgoingMail.objects.filter(kind="change_comment").values_list("to", flat=True)
    assert list(told) == [CAROL.email]
