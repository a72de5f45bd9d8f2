"""A gate that asks for approval: one asks, another signs, and what was missing still ends it."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from governance.actors import Actor
from governance.errors import BaseMoved, NotPermitted
from governance.models import AuditEntry, ChangeRequest
from governance.services import changes
from governance.services.policies import ensure_default_policies
from syncjobs.api.serializers import DeliveryDetailSerializer
from syncjobs.blueprints import BLUEPRINTS
from syncjobs.gates import APPROVE, then_of
from syncjobs.models import Hold, Issue, IssueEntry
from syncjobs.services.hold_releases import release_hold
from tenants.accounts.models import Client
from tenants.models import Partner
from tests import actors
from tests.actors import Person
from tests.syncjobs.factories import Lab, make_lab, step
from tests.syncjobs.releases import TAX_GATE


@pytest.fixture
def asking(alder: Client, at_work: None) -> Lab:
    """The lab, with a gate on the tax code that others have to sign off; C-1 is held by it."""
    ensure_default_policies()
    lab = make_lab(alder)
    gate = {**TAX_GATE, "then": "approve"}
    lab.replace_workflow([step("customer", lab.target_connection, gates=[gate])])
    lab.put_customer("1")
    lab.drain()
    return lab


def test_a_gate_that_asks_for_approval_lets_go_when_another_has_signed(
    asking: Lab, actor: Callable[[Person], Actor]
) -> None:
    bob, carol = actor(actors.BOB), actor(actors.CAROL)
    done = release_hold(bob, Hold.objects.get(), reason="Agreed by phone.")
    assert (done.count, asking.delivery("C-1").state) == (0, "held")
    request = done.request
    assert request is not None
    assert "tax code of customer C-1" in request.title
    assert DeliveryDetailSerializer(asking.delivery("C-1")).data["change_request"] == request.pk
    with pytest.raises(Exception, match="asked for already"):
        release_hold(bob, Hold.objects.get(), reason="Again.")
    with pytest.raises(NotPermitted):
        changes.approve(bob, request.pk, content_hash=request.content_hash)
    asking.drain()
    assert asking.delivery("C-1").state == "held"

    signed = changes.approve(carol, request.pk, content_hash=request.content_hash)
    assert signed.status == "applied"
    asking.drain()
    assert asking.delivery("C-1").state == "delivered"
    hold = Hold.objects.get()
    assert (hold.released_by, hold.reason) == (bob.label, "Agreed by phone.")
    said = [(one.text, one.actor) for one in IssueEntry.objects.filter(kind="decision")]
    asked = f"Asked in request {request.pk} for its release: Agreed by phone."
    assert (asked, bob.label) in said
    assert ("Released C-1: Agreed by phone.", bob.label) in said
    assert "The cause is gone." not in str(said)
    assert AuditEntry.objects.filter(action="delivery.released").exists()


def test_what_was_missing_still_lets_go_by_itself_and_the_request_does_nothing_more(
    asking: Lab, actor: Callable[[Person], Actor]
) -> None:
    done = release_hold(actor(actors.BOB), Hold.objects.get(), reason="Agreed.")
    asking.put_customer("1", tax="EU")
    asking.drain()
    assert asking.delivery("C-1").state == "delivered"
    assert done.request is not None
    carol, request = actor(actors.CAROL), done.request
    with pytest.raises(BaseMoved):
        changes.approve(carol, request.pk, content_hash=request.content_hash)
    assert len(asking.target.effects) == 1


def test_who_works_exceptions_may_ask_and_who_does_not_may_not(
    asking: Lab, dave: Actor, actor: Callable[[Person], Actor]
) -> None:
    with pytest.raises(NotPermitted):
        release_hold(actor(actors.FRANK), Hold.objects.get(), reason="I think so.")
    done = release_hold(dave, Hold.objects.get(), reason="Finance agreed by phone.")
    assert done.request is not None
    assert asking.delivery("C-1").state == "held"
    with pytest.raises(NotPermitted):
        changes.approve(dave, done.request.pk, content_hash=done.request.content_hash)


@pytest.mark.parametrize(
    ("blueprint", "gate"),
    [
        ("milestone_to_invoice", "amendment"),
        ("milestone_to_invoice", "contract_reference"),
        ("time_to_billing", "billable_project"),
        ("expense_to_billing", "billable_project"),
    ],
)
def test_what_would_be_billed_without_its_terms_is_let_go_by_others_only(
    blueprint: str, gate: str
) -> None:
    points = BLUEPRINTS[blueprint]["extension_points"].values()
    found = [
        one
        for point in points
        if isinstance(point["default"], list)
        for one in point["default"]
        if one["name"] == gate
    ]
    assert [then_of(one) for one in found] == [APPROVE]


def test_the_pages_say_that_others_have_to_sign(
    asking: Lab, northwind: Partner, browse: Callable[..., Browser]
) -> None:
    place = f"/work/exceptions/on-hold/{Hold.objects.get().pk}/release/"
    staff = browse(actors.BOB, host="admin.northwind.localhost")
    shown = staff.get("/work/exceptions/on-hold/").content.decode()
    assert "Ask to release" in shown
    assert "For finance" in shown
    told = staff.post(place, {"reason": "Agreed."}, follow=True).content.decode()
    assert "Others must sign it" in told
    with tenant_context(northwind):
        request = ChangeRequest.objects.get()
        assert request.changes.get().kind == "hold_release"
        issue = Issue.objects.get()
    waits = staff.get(f"/work/exceptions/{issue.pk}/").content.decode()
    assert f'href="/changes/{request.pk}/"' in waits
    assert "Why it may pass" not in waits
    assert "It still stops 1 record." in waits
    seen = staff.get(f"/changes/{request.pk}/").content.decode()
    assert "C-1 is on hold: missing tax code of customer C-1" in seen
