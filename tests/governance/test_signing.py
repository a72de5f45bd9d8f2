"""Who may sign what: the rules of approval."""

import pytest

from governance.actors import Actor
from governance.errors import (
    BaseMoved,
    ContentChanged,
    NotPermitted,
    SignatureRefused,
)
from governance.models import Change, ChangeRequest, Policy
from governance.services import changes
from governance.services.details import request_detail
from tenants.accounts.models import Client, User
from tests import actors
from tests.governance.governed import KIND, approve, currency, proposal, propose, steps

pytestmark = pytest.mark.usefixtures("governed")


def test_money_of_one_client_needs_staff_and_the_client(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    request = propose(bob, alder)
    after_staff = approve(carol, request, "Fine.")
    assert after_staff.status == "submitted"
    assert currency(alder) == "EUR"
    assert request_detail(carol, request.pk).missing == ["the signature of Alder Consulting"]
    after_client = approve(heidi, request)
    assert after_client.status == "applied"
    assert currency(alder) == "USD"
    assert steps(request) == [
        "change.proposed",
        "change.signed",
        "change.signed",
        "change.approved",
        "change.applied",
    ]


def test_it_is_told_where_nobody_of_the_client_may_sign(
    alder: Client, bob: Actor, carol: Actor
) -> None:
    request = propose(bob, alder)
    approve(carol, request, "Fine.")
    User.objects.filter(client=alder).update(is_active=False)
    wanted = "the signature of Alder Consulting, where nobody may sign yet"
    assert request_detail(carol, request.pk).missing == [wanted]


def test_the_client_may_sign_first(alder: Client, bob: Actor, carol: Actor, heidi: Actor) -> None:
    request = propose(bob, alder)
    assert approve(heidi, request).status == "submitted"
    assert approve(carol, request).status == "applied"


def test_a_client_alone_is_not_enough(alder: Client, bob: Actor, heidi: Actor) -> None:
    request = propose(bob, alder)
    approve(heidi, request)
    with pytest.raises(SignatureRefused, match="already"):
        approve(heidi, request)
    assert currency(alder) == "EUR"


def test_what_does_not_touch_money_needs_one_approval_and_no_client(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    request = propose(bob, alder, money=False)
    with pytest.raises(SignatureRefused, match="does not need your company's"):
        approve(heidi, request)
    assert approve(carol, request).status == "applied"


def test_nobody_approves_or_rejects_their_own(alder: Client, alice: Actor) -> None:
    request = propose(alice, alder)
    with pytest.raises(SignatureRefused, match="somebody else"):
        approve(alice, request)
    with pytest.raises(SignatureRefused, match="somebody else"):
        changes.reject(alice, request.pk, comment="No.")


def test_nobody_approves_what_they_edited_or_drafted(
    alder: Client, bob: Actor, alice: Actor, carol: Actor, heidi: Actor
) -> None:
    request = changes.edit(alice, propose(bob, alder).pk, changes=[proposal(alder, "GBP")])
    for writer in (alice, bob):
        with pytest.raises((SignatureRefused, NotPermitted)):
            approve(writer, request)
    assert carol.id is not None
    drafted = changes.ProposedChange(
        kind=KIND,
        target_id=str(alder.pk),
        target_label="x",
        content={"currency": "CHF", "money": False},
        client_id=alder.pk,
        editor_ids=(carol.id,),
    )
    by_carol = changes.propose(bob, title="t", reason="r", changes=[drafted])
    with pytest.raises(SignatureRefused, match="You wrote this"):
        approve(carol, by_carol)


def test_one_person_with_two_accounts_signs_once(
    alder: Client, bob: Actor, carol: Actor, alice: Actor
) -> None:
    Policy.objects.update(approvals=2, client_signature=False)
    request = propose(bob, alder)
    approve(carol, request)
    # The database keeps addresses in lower case; another spelling is the same person.
    User.objects.filter(email=actors.ALICE.email).update(email=" CAROL@Partner.Example ")
    with pytest.raises(SignatureRefused, match="already"):
        approve(alice, request)
    assert currency(alder) == "EUR"


@pytest.mark.parametrize("kind", ["token", "task", "command", "operator", "system"])
def test_only_people_sign(alder: Client, bob: Actor, carol: Actor, kind: str) -> None:
    request = propose(bob, alder)
    pretender = Actor(kind, carol.id, "x", permissions=carol.permissions)  # type: ignore[arg-type]  # each kind in turn
    with pytest.raises(SignatureRefused, match="Only a person"):
        approve(pretender, request)
    with pytest.raises(SignatureRefused, match="Only a person"):
        changes.reject(pretender, request.pk, comment="No.")


def test_a_dismissed_approver_cannot_sign_with_an_open_session(
    alder: Client, bob: Actor, carol: Actor
) -> None:
    request = propose(bob, alder)
    User.objects.filter(email=actors.CAROL.email).update(is_active=False)
    with pytest.raises(SignatureRefused, match="no longer active"):
        approve(carol, request)


def test_signing_needs_the_permission(alder: Client, alice: Actor, bob: Actor) -> None:
    request = propose(alice, alder)
    with pytest.raises(NotPermitted, match=r"changes\.approve"):
        approve(bob, request)


def test_another_clients_people_do_not_know_that_it_exists(
    birch: Client, bob: Actor, heidi: Actor
) -> None:
    request = propose(bob, birch)
    for step in (
        lambda: approve(heidi, request),
        lambda: changes.reject(heidi, request.pk, comment="No."),
        lambda: changes.withdraw(heidi, request.pk),
        lambda: changes.apply(heidi, request.pk),
        lambda: request_detail(heidi, request.pk),
    ):
        with pytest.raises(ChangeRequest.DoesNotExist):
            step()


def test_a_signature_names_exactly_what_was_read(alder: Client, bob: Actor, carol: Actor) -> None:
    request = propose(bob, alder, money=False)
    edited = changes.edit(bob, request.pk, changes=[proposal(alder, "GBP", money=False)])
    with pytest.raises(ContentChanged):
        approve(carol, request)
    assert approve(carol, edited).status == "applied"
    assert currency(alder) == "GBP"


def test_an_edit_voids_signatures_and_the_same_content_again_does_not_revive_them(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    request = propose(bob, alder)
    approve(carol, request)
    changes.edit(bob, request.pk, changes=[proposal(alder, "GBP")])
    back = changes.edit(bob, request.pk, changes=[proposal(alder, "USD")])
    assert approve(heidi, back).status == "submitted"
    detail = request_detail(heidi, request.pk)
    assert [one.person_key for one in detail.void_signatures] == ["carol@partner.example"]
    assert "no longer count" in detail.request.notice
    assert currency(alder) == "EUR"


def test_content_altered_behind_our_back_cannot_be_signed_or_applied(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    Policy.objects.update(auto_apply=False)
    request = propose(bob, alder)
    approve(carol, request)
    other = {"currency": "JPY", "money": True}
    Change.objects.filter(request=request).update(content=other)
    with pytest.raises(ContentChanged):
        approve(heidi, request)
    ChangeRequest.objects.filter(pk=request.pk).update(status="approved")
    with pytest.raises(ContentChanged):
        changes.apply(bob, request.pk)
    assert currency(alder) == "EUR"


def test_a_moved_base_voids_and_says_so(
    alder: Client, bob: Actor, carol: Actor, heidi: Actor
) -> None:
    request = propose(bob, alder)
    approve(carol, request)
    Client.objects.filter(pk=alder.pk).update(currency="CHF")
    with pytest.raises(BaseMoved, match="version EUR, and version CHF is live"):
        approve(heidi, request)
    voided = ChangeRequest.objects.get(pk=request.pk)
    assert voided.status == "submitted"
    assert "signature given no longer counts" in voided.notice
    assert voided.changes.get().diff[0] == ["-", "currency: CHF"]
    with pytest.raises(ContentChanged):
        approve(heidi, request)
    assert approve(heidi, voided).status == "submitted"
    assert approve(carol, voided).status == "applied"
    assert "change.voided" in steps(request)
