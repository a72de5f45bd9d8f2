"""Pages of people: staff manage everybody, a client's administrator the client's own."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser

from governance.actors import command_actor
from governance.models import AuditEntry
from tenants.accounts.models import Client, User
from tenants.accounts.permissions import NOTES, PERMISSIONS, ROLES
from tenants.accounts.services.people import set_roles
from tenants.accounts.services.tokens import make_token
from tenants.models import Partner
from tenants.outbox.models import OutgoingMail
from tests.actors import ALICE, BOB, ERIN, GRACE, HEIDI, IVAN, MALLORY, Person
from tests.at_home import page_url

Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")


def pk_of(person: Person) -> int:
    return User.objects.get(email=person.email).pk


def roles_of(person: Person) -> list[str]:
    return User.objects.get(email=person.email).roles


def test_every_role_says_what_it_is_for() -> None:
    assert NOTES.keys() == ROLES.keys()


def test_staff_see_everybody_and_can_search_and_filter(browse: Browse) -> None:
    browser = browse(ALICE)
    everybody = browser.get(page_url("person_list")).content.decode()
    assert BOB.email in everybody
    assert MALLORY.email in everybody
    staff = browser.get(page_url("person_list"), {"kind": "staff"}).content.decode()
    assert MALLORY.email not in staff
    found = browser.get(page_url("person_list"), {"q": "birch"}).content.decode()
    assert MALLORY.email in found
    assert BOB.email not in found


def test_a_search_without_a_hit_says_what_to_do(browse: Browse) -> None:
    page = browse(ALICE).get(page_url("person_list"), {"q": "zzz"}).content.decode()
    assert "Nobody here" in page


def test_a_client_administrator_sees_colleagues_only(browse: Browse) -> None:
    browser = browse(GRACE)
    page = browser.get(page_url("person_list", door="portal")).content.decode()
    assert HEIDI.email in page
    for stranger in (MALLORY, BOB, ALICE):
        assert stranger.email not in page


@pytest.mark.parametrize("stranger", [MALLORY, ALICE])
@pytest.mark.parametrize("name", ["person_detail", "person_active", "person_resend"])
def test_a_stranger_is_not_found_from_the_portal(
    browse: Browse, stranger: Person, name: str
) -> None:
    browser = browse(GRACE)
    address = page_url(name, pk_of(stranger), door="portal")
    ask = browser.get if name == "person_detail" else browser.post
    assert ask(address).status_code == 404
    assert User.objects.get(email=stranger.email).is_active


@pytest.mark.parametrize(("person", "door"), [(BOB, "admin"), (ERIN, "admin"), (IVAN, "portal")])
def test_others_do_not_get_in(browse: Browse, person: Person, door: str) -> None:
    browser = browse(person)
    for name in ("person_list", "person_invite", "role_matrix"):
        assert browser.get(page_url(name, door=door)).status_code == 403


def test_nobody_signed_in_is_sent_to_the_sign_in_page(browse: Browse) -> None:
    answer = browse(None, host="admin.northwind.localhost").get(page_url("person_list"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")


def test_an_owner_invites_staff_and_is_told_that_the_mail_left(browse: Browse) -> None:
    answer = browse(ALICE).post(
        page_url("person_invite"),
        {"name": "Nina", "email": "nina@partner.example", "roles": ["finance", "auditor"]},
        follow=True,
    )
    assert "The invitation is on its way to nina@partner.example." in answer.content.decode()
    nina = User.objects.get(email="nina@partner.example")
    assert (nina.kind, nina.roles) == ("staff", ["auditor", "finance"])
    assert [one.to for one in OutgoingMail.objects.all()] == ["nina@partner.example"]


def test_an_owner_invites_a_clients_person(browse: Browse, birch: Client) -> None:
    browse(ALICE).post(
        page_url("person_invite") + "?for=client",
        {
            "name": "Nina",
            "email": "nina@birch.example",
            "client": birch.pk,
            "roles": ["client_admin"],
        },
    )
    assert User.objects.get(email="nina@birch.example").client == birch


def test_a_colleague_invited_from_the_portal_belongs_to_the_same_client(
    browse: Browse, alder: Client, birch: Client
) -> None:
    browse(GRACE).post(
        page_url("person_invite", door="portal"),
        {
            "name": "Nina",
            "email": "nina@alder.example",
            "client": birch.pk,
            "roles": ["client_viewer"],
        },
    )
    assert User.objects.get(email="nina@alder.example").client == alder


def test_a_client_does_not_learn_who_else_is_here(browse: Browse) -> None:
    answer = browse(GRACE).post(
        page_url("person_invite", door="portal"),
        {"name": "Nina", "email": "bob@partner.example", "roles": ["client_viewer"]},
    )
    page = answer.content.decode()
    assert "Ask support." in page
    assert "Somebody here has" not in page


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"email": "bob@partner.example"}, "Somebody here has this e-mail address already"),
        ({"email": "no address"}, "valid email address"),
        ({"roles": ["client_admin"]}, "not one of the available choices"),
        ({"roles": []}, "Choose one role at least."),
        ({"name": ""}, "required"),
    ],
)
def test_a_wrong_invitation_says_what_is_wrong_and_adds_nobody(
    browse: Browse, values: dict[str, object], said: str
) -> None:
    before = User.objects.count()
    good = {"name": "Nina", "email": "nina@partner.example", "roles": ["finance"]}
    answer = browse(ALICE).post(page_url("person_invite"), {**good, **values})
    assert said in answer.content.decode()
    assert User.objects.count() == before
    assert not OutgoingMail.objects.exists()


def test_roles_are_given_and_hold_at_once(browse: Browse) -> None:
    bob = browse(BOB)
    assert bob.get(page_url("person_list")).status_code == 403
    browse(ALICE).post(page_url("person_detail", pk_of(BOB)), {"roles": ["owner"]})
    assert roles_of(BOB) == ["owner"]
    assert bob.get(page_url("person_list")).status_code == 200


def test_nobody_changes_their_own_roles(browse: Browse) -> None:
    page = browse(ALICE).post(page_url("person_detail", pk_of(ALICE)), {"roles": ["finance"]})
    assert "Somebody else has to change your own roles" in page.content.decode()
    assert roles_of(ALICE) == ["owner"]


def test_the_last_owner_cannot_be_taken_away(browse: Browse) -> None:
    alice = User.objects.get(pk=pk_of(ALICE))
    with pytest.raises(ValidationError, match="is the only owner"):
        set_roles(command_actor("tests"), alice, ["finance"])
    assert roles_of(ALICE) == ["owner"]


def test_a_closed_account_is_out_from_the_next_request(browse: Browse) -> None:
    bob, alice = browse(BOB), browse(ALICE)
    assert bob.get(page_url("client_list")).status_code == 200
    alice.post(page_url("person_active", pk_of(BOB)), {"active": "no"})
    assert bob.get(page_url("client_list")).status_code == 302


def test_an_account_that_is_opened_again_has_no_session_and_no_token(browse: Browse) -> None:
    bob, alice = browse(BOB), browse(ALICE)
    person = User.objects.get(pk=pk_of(BOB))
    _, text = make_token(
        command_actor("tests"), user=person, name="Nightly", scopes=["clients.view"]
    )
    program, asked = browse(None, host="admin.northwind.localhost"), f"Bearer {text}"

    def answers() -> tuple[int, int]:
        called = program.get("/api/v1/clients/", headers={"authorization": asked})
        return bob.get(page_url("client_list")).status_code, called.status_code

    assert answers() == (200, 200)
    alice.post(page_url("person_active", person.pk), {"active": "no"})
    alice.post(page_url("person_active", person.pk), {"active": "yes"})
    assert answers() == (302, 401)
    told = AuditEntry.objects.filter(actor_id=pk_of(ALICE)).values_list("action", flat=True)
    assert {"account.sessions_ended", "token.revoked"} <= set(told)


def test_a_sign_in_that_was_under_way_does_not_outlive_a_closed_account(browse: Browse) -> None:
    bob, alice = browse(BOB), browse(ALICE)
    assert bob.get(page_url("client_list")).status_code == 200
    User.objects.filter(pk=pk_of(BOB)).update(is_active=False)
    alice.post(page_url("person_active", pk_of(BOB)), {"active": "yes"})
    assert bob.get(page_url("client_list")).status_code == 302


def test_the_role_matrix_has_every_permission_and_the_portal_only_its_own_roles(
    browse: Browse,
) -> None:
    staff = browse(ALICE).get(page_url("role_matrix")).content.decode()
    assert all(label in staff for label in PERMISSIONS.values())
    portal = browse(GRACE).get(page_url("role_matrix", door="portal")).content.decode()
    assert "Change tiers and subscriptions" not in portal
    assert "Viewer" in portal


def test_the_portal_host_has_no_page_of_clients(browse: Browse, northwind: Partner) -> None:
    assert browse(GRACE).get("/clients/").status_code == 404
