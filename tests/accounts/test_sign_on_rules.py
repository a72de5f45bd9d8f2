"""Single sign-on: only by it, setting it up, and what its secret is worth."""

from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client as Browser

from governance.actors import Actor, command_actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from tenants.accounts import invitations
from tenants.accounts.models import ExternalIdentity, IdentityProvider
from tenants.accounts.services import providers
from tenants.accounts.services.inviting import invite_person
from tenants.accounts.services.people import set_active, set_roles
from tenants.accounts.services.providers import Setup, set_up
from tenants.outbox.services.sending import send_due
from tests.accounts import signing_on
from tests.accounts.signing_on import Browse, back, come_in, configure, go, is_in, user_of
from tests.actors import ALICE, BOB, DAVE, HEIDI, PASSWORD, Person
from tests.at_home import page_url
from tests.conftest import host_of
from tests.fakes.identity_provider import SECRET, Provider, running_provider

pytestmark = pytest.mark.usefixtures("at_home")
provider = signing_on.provider


def only_single_sign_on(provider: Provider) -> None:
    configure(provider, required=True, break_glass=user_of(ALICE))


def by_password(browse: Browse, person: Person) -> Browser:
    browser = browse(None, host=host_of(person))
    browser.post("/sign-in/", {"email": person.email, "password": PASSWORD})
    return browser


def test_only_single_sign_on_keeps_one_owner_with_a_password(
    browse: Browse, provider: Provider
) -> None:
    only_single_sign_on(provider)
    assert not is_in(by_password(browse, DAVE))
    assert is_in(by_password(browse, ALICE))
    assert is_in(by_password(browse, HEIDI)), "clients' people are not concerned"
    assert is_in(come_in(browse, provider)[0])


def test_only_single_sign_on_leaves_no_way_by_a_link(browse: Browse, provider: Provider) -> None:
    link = invitations.link_path(user_of(DAVE))
    only_single_sign_on(provider)
    browser = browse(None, host=host_of(DAVE))
    browser.post("/password/", {"email": DAVE.email})
    assert not mail.outbox
    new = "another long passphrase"
    assert browser.post(link, {"password": new, "again": new})["Location"] == "/sign-in/"
    assert user_of(DAVE).check_password(PASSWORD)


def test_the_way_in_for_emergencies_cannot_be_taken_away(
    browse: Browse, provider: Provider
) -> None:
    only_single_sign_on(provider)
    robot = command_actor("tests")
    set_roles(robot, user_of(BOB), ["owner"])
    with pytest.raises(ValidationError, match="single sign-on fails"):
        set_roles(robot, user_of(ALICE), ["finance"])
    with pytest.raises(ValidationError, match="single sign-on fails"):
        set_active(robot, user_of(ALICE), active=False)


def test_whoever_is_invited_to_single_sign_on_is_not_told_to_set_a_password(
    browse: Browse, provider: Provider
) -> None:
    browser = browse(ALICE)
    assert "a link to set their password" in browser.get(page_url("person_invite")).content.decode()
    only_single_sign_on(provider)
    shown = browser.get(page_url("person_invite")).content.decode()
    assert "leads to your single sign-on" in shown
    assert "password" not in shown
    robot = command_actor("tests")
    invite_person(robot, email="nina@partner.example", name="Nina", roles=["finance"])
    send_due()
    said = str(mail.outbox[0].body)
    assert host_of(BOB) in said
    assert "/sign-in/" in said
    assert "password" not in said


@pytest.mark.parametrize("person", [None, BOB])
def test_only_single_sign_on_needs_an_owner_with_a_password(
    provider: Provider, person: Person | None
) -> None:
    keeper = user_of(person) if person else None
    with pytest.raises(ValidationError, match="Choose an owner"):
        configure(provider, required=True, break_glass=keeper)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example"])
def test_it_leads_nowhere_else(browse: Browse, provider: Provider, target: str) -> None:
    configure(provider)
    browser = browse(None, host=host_of(DAVE))
    assert back(browser, provider.visit(go(browser, target)))["Location"] == "/"


def test_the_secret_is_sealed_is_never_shown_and_survives_a_new_key(
    browse: Browse, provider: Provider
) -> None:
    from syncjobs.services.secrets import rotate_data_key

    row = configure(provider)
    assert SECRET not in row.secret
    page = browse(ALICE).get(page_url("identity_provider", "staff")).content.decode()
    assert provider.issuer in page
    assert SECRET not in page
    for _ in range(3):
        rotate_data_key(command_actor("tests"))
    assert providers.secret_of(IdentityProvider.objects.get()) == SECRET
    assert SECRET not in str(list(AuditEntry.objects.values_list("before", "after")))


def test_another_issuer_needs_its_secret_and_makes_links_void(
    browse: Browse, provider: Provider
) -> None:
    configure(provider)
    come_in(browse, provider)
    assert ExternalIdentity.objects.count() == 1
    with running_provider() as other:
        with pytest.raises(ValidationError, match="secret is needed"):
            configure(other, secret="")
        configure(other)
    assert not ExternalIdentity.objects.exists()


def test_an_issuer_that_calls_itself_otherwise_is_not_taken(provider: Provider) -> None:
    provider.says_it_is = "https://accounts.example"
    with pytest.raises(ValidationError, match="another address"):
        configure(provider)


def test_an_issuer_inside_the_operators_network_is_not_called(
    provider: Provider, settings: Any
) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    with pytest.raises(ValidationError, match="may not reach"):
        configure(provider)


def test_whoever_holds_less_than_an_owner_does_not_decide_who_comes_in(provider: Provider) -> None:
    manager = Actor(kind="person", id=0, label="Manager", permissions=frozenset({"users.manage"}))
    setup = Setup(label="Mine", issuer=provider.issuer, client_id="x", secret=SECRET)
    with pytest.raises(NotPermitted):
        set_up(manager, "staff", setup)
    assert not IdentityProvider.objects.exists()


def test_an_owner_sets_it_up_on_a_page_and_others_do_not(
    browse: Browse, provider: Provider
) -> None:
    form = {
        "is_active": "on",
        "protocol": "oidc",
        "label": "Contoso",
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "secret": SECRET,
        "scopes": "openid email",
        "role_claim": "groups",
        "values_finance": "crew-finance, crew-money",
    }
    address = page_url("identity_provider", "staff")
    assert browse(BOB).post(address, form).status_code == 403
    assert browse(ALICE).post(address, form).status_code == 302
    row = IdentityProvider.objects.get()
    assert row.roles == {"crew-finance": "finance", "crew-money": "finance"}
    page = browse(ALICE).get(address).content.decode()
    assert "crew-finance, crew-money" in page
    assert "admin.northwind.localhost" in page
