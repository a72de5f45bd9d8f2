"""Nobody signs their own change through an account that they made."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client as Browser

from governance import correlation
from governance.actors import Actor
from governance.errors import NotIndependent, Ungoverned
from governance.independence import Hands, circle, why_dependent
from governance.models import AuditEntry, ChangeRequest, Policy
from governance.services.details import awaiting_signature, request_detail
from tenants.accounts.actors import actor_for
from tenants.accounts.models import Client, User
from tenants.accounts.services.people import add_person, set_active, set_roles
from tenants.accounts.services.role_changes import change_or_propose
from tenants.accounts.services.roles import change_role, make_role
from tests.actors import BOB, CAROL, DAVE, FRANK, Person
from tests.entries import entry_of_days_ago
from tests.governance.governed import approve, propose

pytestmark = pytest.mark.usefixtures("governed")


@pytest.fixture
def settled(policies: None) -> Iterator[None]:
    """The partner is older than the days of the rule."""
    with entry_of_days_ago(400):
        yield


def fresh(user: User) -> Actor:
    return actor_for(User.objects.get(pk=user.pk))


def invited(by: Actor, name: str, *roles: str) -> Actor:
    with correlation.scope(actor=by, door="admin"):
        return fresh(add_person(by, email=f"{name}@partner.example", name=name, roles=roles))


def refusal(signer: Actor, request: ChangeRequest) -> str:
    with pytest.raises(NotIndependent) as refused:
        approve(signer, request)
    return str(refused.value)


def of_person(person: Person) -> User:
    return User.objects.get(email=person.email)


@pytest.mark.usefixtures("settled")
def test_the_writers_own_guest_does_not_sign_and_is_told_why(alder: Client, alice: Actor) -> None:
    guest = invited(alice, "puppet", "approver")
    request = propose(alice, alder)
    said = refusal(guest, request)
    assert said.startswith("Alice Moreau, who wrote this change, let you in or gave you a role")
    assert "less than 14 days ago. Until then somebody else has to sign it." in said
    assert request_detail(guest, request.pk).why_not == said
    assert not request_detail(guest, request.pk).can_sign
    assert awaiting_signature(guest) == []
    entry = AuditEntry.objects.get(action="change.signature_refused")
    assert (entry.object_id, entry.reason) == (str(request.pk), said)
    assert not request.approvals.exists()


@pytest.mark.usefixtures("settled")
def test_nor_does_the_host_sign_what_the_guest_wrote(alder: Client, alice: Actor) -> None:
    guest = invited(alice, "puppet", "integration_engineer")
    assert refusal(alice, propose(guest, alder)).startswith("You let in puppet")


@pytest.mark.usefixtures("settled")
def test_nor_do_two_guests_of_one_host_sign_for_each_other(alder: Client, alice: Actor) -> None:
    writer = invited(alice, "one", "integration_engineer")
    signer = invited(alice, "two", "approver")
    assert "Alice Moreau let in both you and one" in refusal(signer, propose(writer, alder))


@pytest.mark.usefixtures("settled")
def test_a_chain_of_guests_is_followed(alder: Client, alice: Actor) -> None:
    between = invited(alice, "between", "owner")
    last = invited(between, "last", "approver")
    assert "Alice Moreau" in refusal(last, propose(alice, alder))


@pytest.mark.usefixtures("settled")
def test_giving_a_role_and_opening_an_account_count_as_letting_in(
    alder: Client, alice: Actor
) -> None:
    with correlation.scope(actor=alice, door="admin"):
        set_roles(alice, of_person(DAVE), ["approver"])
        set_active(alice, of_person(CAROL), active=False)
        set_active(alice, of_person(CAROL), active=True)
    request = propose(alice, alder)
    for person in (DAVE, CAROL):
        assert "let you in or gave you a role" in refusal(actor_for(of_person(person)), request)


@pytest.mark.usefixtures("settled")
def test_widening_a_role_counts_for_everybody_who_has_it(
    alder: Client, alice: Actor, carol: Actor
) -> None:
    role = make_role(alice, name="Readers", kind="staff", permissions=["changes.view"])
    set_roles(alice, of_person(FRANK), [role.key])
    both = ["changes.view", "changes.approve"]
    with pytest.raises(Ungoverned):
        change_role(alice, role, name="Readers", permissions=both)
    asked = change_or_propose(alice, role, name="Readers", permissions=both)
    assert isinstance(asked, ChangeRequest)
    with correlation.scope(actor=carol, door="admin"):
        assert approve(carol, asked).status == "applied"
    assert "Alice Moreau" in refusal(actor_for(of_person(FRANK)), propose(alice, alder))


@pytest.mark.usefixtures("settled")
def test_taking_a_role_away_and_giving_it_back_by_another_frees_nobody(
    alder: Client, alice: Actor
) -> None:
    invited(alice, "puppet", "approver", "auditor")
    other = actor_for(of_person(BOB))
    other = Actor("person", other.id, other.label, permissions=alice.permissions)
    with correlation.scope(actor=other, door="admin"):
        user = User.objects.get(email="puppet@partner.example")
        set_roles(other, user, ["auditor"])
        set_roles(other, user, ["approver", "auditor"])
    assert "Alice Moreau" in refusal(fresh(user), propose(alice, alder))


@pytest.mark.usefixtures("settled")
def test_the_days_pass_and_a_policy_may_set_others(alder: Client, alice: Actor) -> None:
    guest = invited(alice, "puppet", "approver")
    request = propose(alice, alder)
    Policy.objects.update(independence_days=0)
    assert request_detail(guest, request.pk).can_sign
    Policy.objects.filter(kind="*").update(independence_days=14)
    assert request_detail(guest, request.pk).can_sign, "the mapping's policy governs it"
    Policy.objects.update(independence_days=14)
    assert not request_detail(guest, request.pk).can_sign


@pytest.mark.usefixtures("settled")
def test_an_old_hand_and_a_stranger_are_independent(
    alder: Client, alice: Actor, bob: Actor, carol: Actor
) -> None:
    invited(alice, "newcomer", "approver")
    assert approve(carol, propose(alice, alder)).approvals.count() == 1


def test_while_a_partner_is_new_its_owners_guests_sign_for_each_other_only(
    alder: Client, alice: Actor
) -> None:
    writer = invited(alice, "one", "integration_engineer")
    signer = invited(alice, "two", "approver")
    assert approve(signer, propose(writer, alder)).approvals.count() == 1
    assert "Alice Moreau" in refusal(signer, propose(alice, alder, money=False))


@pytest.mark.usefixtures("settled")
def test_the_page_says_it_and_shows_no_button(
    alder: Client, alice: Actor, browse: Callable[..., Browser]
) -> None:
    with correlation.scope(actor=alice, door="admin"):
        set_roles(alice, of_person(DAVE), ["approver"])
    request = propose(alice, alder)
    page = browse(DAVE).get(f"/changes/{request.pk}/").content.decode()
    assert "let you in or gave you a role" in page
    assert f"/changes/{request.pk}/approve/" not in page


HANDS = Hands({"b": frozenset("a"), "c": frozenset("b"), "d": frozenset("a")}, {})


def test_circles_follow_hands_and_end() -> None:
    assert circle("c", HANDS) == {"a", "b", "c"}
    round_about = Hands({"a": frozenset("b"), "b": frozenset("a")}, {})
    assert circle("a", round_about) == {"a", "b"}
    assert why_dependent("x", "y", HANDS, founding=False) == ""
    assert why_dependent("d", "c", HANDS, founding=False)
    assert why_dependent("d", "c", HANDS, founding=True) == ""
    assert why_dependent("a", "c", HANDS, founding=True)
