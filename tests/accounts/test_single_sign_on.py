"""Single sign-on: who comes in, as what, and every way that must not lead in."""

import html
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from governance.actors import command_actor
from governance.models import AuditEntry
from tenants.accounts.models import ExternalIdentity, User
from tenants.models import Partner
from tests.accounts import signing_on
from tests.accounts.signing_on import ROLES, Browse, back, come_in, configure, go, is_in, user_of
from tests.actors import ALICE, DAVE, GRACE, HEIDI, Person
from tests.conftest import host_of
from tests.fakes.identity_provider import Provider

pytestmark = pytest.mark.usefixtures("at_home")
provider = signing_on.provider


@pytest.mark.parametrize(("person", "kind"), [(DAVE, "staff"), (HEIDI, "client")])
def test_a_verified_address_comes_in_and_is_linked(
    browse: Browse, provider: Provider, person: Person, kind: str
) -> None:
    configure(provider, kind)
    provider.person["email"] = person.email.upper()
    browser = browse(None, host=host_of(person))
    assert "Sign in with Contoso" in browser.get("/sign-in/").content.decode()
    answer = back(browser, provider.visit(go(browser, "/account/")))
    assert answer["Location"] == "/account/"
    assert is_in(browser)
    assert ExternalIdentity.objects.get().user == user_of(person)
    entry = AuditEntry.objects.filter(action="account.signed_in").latest("id")
    assert entry.after == {"with": "single sign-on"}


def test_once_linked_the_subject_counts_and_not_the_address(
    browse: Browse, provider: Provider
) -> None:
    configure(provider)
    come_in(browse, provider)
    provider.person["email"] = ALICE.email
    browser, _ = come_in(browse, provider)
    assert browser.session["_auth_user_id"] == str(user_of(DAVE).pk)


def test_another_subject_does_not_take_over_a_linked_account(
    browse: Browse, provider: Provider
) -> None:
    configure(provider)
    come_in(browse, provider)
    provider.person["sub"] = "s-2"
    browser, answer = come_in(browse, provider)
    assert answer.status_code == 400
    assert not is_in(browser)


@pytest.mark.parametrize("verified", [False, None, "yes", 1, "false"])
def test_an_address_that_is_not_verified_links_nobody(
    browse: Browse, provider: Provider, verified: object
) -> None:
    configure(provider)
    provider.person["email_verified"] = verified
    browser, answer = come_in(browse, provider)
    assert answer.status_code == 400
    assert not is_in(browser)
    assert not ExternalIdentity.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "http://127.0.0.1:1"},
        {"aud": "another-partner"},
        {"aud": ["this-partner", "another"]},
        {"azp": "another"},
        {"exp": 1},
        {"exp": None},
        {"iat": 1},
        {"iat": 9999999999},
        {"sub": ""},
        {"sub": 5},
    ],
    ids=json.dumps,
)
def test_a_token_for_somebody_or_something_else_is_refused(
    browse: Browse, provider: Provider, changed: dict[str, Any]
) -> None:
    configure(provider)
    provider.changed = changed
    browser, answer = come_in(browse, provider)
    assert answer.status_code == 400
    assert not is_in(browser)


def test_an_unsigned_or_foreign_signed_token_is_refused(browse: Browse, provider: Provider) -> None:
    configure(provider)
    for head, key in (
        ({"alg": "none"}, "one"),
        ({"alg": "HS256", "kid": "one"}, "one"),
        ({"alg": "RS256", "kid": "one"}, "another"),
        ({"alg": "RS256", "kid": "unknown"}, "one"),
    ):
        provider.head, provider.signs_with = head, key
        browser, answer = come_in(browse, provider)
        assert answer.status_code == 400, head
        assert not is_in(browser)


def test_an_answer_is_taken_once_and_only_where_it_was_asked_for(
    browse: Browse, provider: Provider
) -> None:
    configure(provider)
    browser, other = browse(None, host=host_of(DAVE)), browse(None, host=host_of(DAVE))
    address = provider.visit(go(browser))
    assert back(other, address).status_code == 400
    assert back(browser, address).status_code == 302
    browser.post("/sign-out/")
    assert back(browser, address).status_code == 400
    assert not is_in(browser)


def test_a_wrong_state_is_refused_and_spoils_the_question(
    browse: Browse, provider: Provider
) -> None:
    configure(provider)
    browser = browse(None, host=host_of(DAVE))
    address = provider.visit(go(browser))
    code = parse_qs(urlsplit(address).query)["code"][0]
    assert browser.get("/sign-in/back/", {"code": code, "state": "x"}).status_code == 400
    assert back(browser, address).status_code == 400
    assert code in provider.codes, "the code was not even shown to the provider"


def test_a_code_of_somebody_elses_session_is_refused(browse: Browse, provider: Provider) -> None:
    configure(provider)
    victim, attacker = browse(None, host=host_of(DAVE)), browse(None, host=host_of(DAVE))
    stolen = parse_qs(urlsplit(provider.visit(go(victim))).query)["code"][0]
    state = parse_qs(urlsplit(go(attacker)).query)["state"][0]
    assert attacker.get("/sign-in/back/", {"code": stolen, "state": state}).status_code == 400
    assert provider.refused == ["verifier or address"]
    assert not is_in(attacker)


def test_the_provider_of_one_partner_opens_nothing_at_another(
    browse: Browse, provider: Provider, northwind: Partner, brightbridge: Partner
) -> None:
    with tenant_context(northwind):
        configure(provider)
    browser = browse(None, host=host_of(DAVE))
    address = provider.visit(go(browser))
    for host in ("admin.brightbridge.localhost", "brightbridge.localhost", "northwind.localhost"):
        parts = urlsplit(address)
        answer = browser.get(f"{parts.path}?{parts.query}", headers={"host": host})
        assert answer.status_code == 404
    with tenant_context(brightbridge):
        configure(provider)
    abroad = browse(None, host="admin.brightbridge.localhost")
    assert back(abroad, address).status_code == 400
    assert "_auth_user_id" not in abroad.session


def test_staff_do_not_come_in_at_the_portal_nor_clients_people_at_the_staff_door(
    browse: Browse, provider: Provider
) -> None:
    configure(provider, "client")
    browser, answer = come_in(browse, provider, HEIDI)  # Dave's address at the portal
    assert answer.status_code == 400
    configure(provider)
    provider.person["email"] = GRACE.email
    browser, answer = come_in(browse, provider)
    assert answer.status_code == 400
    assert not is_in(browser)


def test_a_closed_account_stays_closed(browse: Browse, provider: Provider) -> None:
    configure(provider)
    come_in(browse, provider)
    User.objects.filter(email=DAVE.email).update(is_active=False)
    browser, answer = come_in(browse, provider)
    assert answer.status_code == 400
    assert not is_in(browser)


def test_roles_follow_the_claim_at_each_sign_in(browse: Browse, provider: Provider) -> None:
    configure(provider, role_claim="groups", roles=ROLES)
    provider.person["groups"] = ["crew-support", "crew-finance", "unknown"]
    come_in(browse, provider)
    assert user_of(DAVE).roles == ["finance", "support_agent"]
    provider.person["groups"] = "crew-finance"
    come_in(browse, provider)
    assert user_of(DAVE).roles == ["finance"]
    provider.person["groups"] = []
    _, answer = come_in(browse, provider)
    assert answer.status_code == 400
    entry = AuditEntry.objects.filter(action="account.roles_changed").latest("id")
    assert entry.actor_label == "Single sign-on: Sign in with Contoso"


def test_claims_that_are_only_in_userinfo_count(browse: Browse, provider: Provider) -> None:
    configure(provider, role_claim="groups", roles=ROLES)
    provider.person["groups"] = ["crew-finance"]
    provider.in_userinfo = {"email", "email_verified", "groups"}
    browser, _ = come_in(browse, provider)
    assert is_in(browser)
    assert user_of(DAVE).roles == ["finance"]


def test_somebody_new_is_added_only_where_that_is_wanted(
    browse: Browse, provider: Provider
) -> None:
    provider.person |= {"email": "nina@partner.example", "name": "Nina", "groups": "crew-finance"}
    configure(provider, role_claim="groups", roles=ROLES)
    assert come_in(browse, provider)[1].status_code == 400
    configure(
        provider,
        role_claim="groups",
        roles=ROLES,
        creates_people=True,
        domains=("partner.example",),
    )
    provider.person["email"] = "nina@elsewhere.example"
    assert come_in(browse, provider)[1].status_code == 400
    provider.person["email"] = "nina@partner.example"
    browser, _ = come_in(browse, provider)
    nina = User.objects.get(email="nina@partner.example")
    assert is_in(browser)
    assert (nina.name, nina.roles, nina.has_usable_password()) == ("Nina", ["finance"], False)


def test_a_factor_of_ones_own_is_asked_for(browse: Browse, provider: Provider) -> None:
    from allauth.mfa.models import Authenticator

    configure(provider)
    Authenticator.objects.create(user=user_of(DAVE), type="totp", data={"secret": "x"})
    browser, answer = come_in(browse, provider)
    assert answer["Location"].startswith("/sign-in/second/")
    assert not is_in(browser)


def left_to(browser: Browser) -> tuple[str, dict[str, list[str]]]:
    """Sign out; where the page goes on to, without its query, and the query."""
    page = browser.post("/sign-out/").content.decode()
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert found, page
    parts = urlsplit(html.unescape(found[1]))
    return parts._replace(query="").geturl(), parse_qs(parts.query)


def test_signing_out_ends_the_sign_in_at_the_provider_that_has_a_place_for_it(
    browse: Browse, provider: Provider
) -> None:
    from allauth.mfa.models import Authenticator

    provider.ends = True
    configured = configure(provider)
    browser, _ = come_in(browse, provider)
    where, asked = left_to(browser)
    assert where == f"{provider.issuer}/end"
    assert asked["at"] == ["all"]
    assert asked["client_id"] == [provider.client_id]
    assert asked["post_logout_redirect_uri"] == [f"http://{host_of(DAVE)}/sign-in/"]
    assert asked["id_token_hint"][0].count(".") == 2
    assert not is_in(browser)
    assert browser.post("/sign-out/")["Location"] == "/sign-in/", "only who came in that way"

    browser, _ = come_in(browse, provider)
    configured.is_active = False
    configured.save()
    assert browser.post("/sign-out/")["Location"] == "/sign-in/", "the provider is not used now"
    configure(provider)

    Authenticator.objects.create(user=user_of(DAVE), type="recovery_codes", data={})
    browser, _ = come_in(browse, provider)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenants.accounts.services.second_factors.check_code", lambda *_: "Code")
        browser.post("/sign-in/second/", {"code": "123456"})
    assert is_in(browser)
    assert left_to(browser)[0] == f"{provider.issuer}/end", "after a second step too"


def test_the_rule_of_a_second_factor_holds_unless_the_provider_asks_for_one(
    browse: Browse, provider: Provider
) -> None:
    from tenants.accounts.services.sign_in_rules import change_rules

    change_rules(command_actor("tests"), factor_roles=["support_agent"])
    configure(provider)
    browser, _ = come_in(browse, provider)
    assert browser.get("/account/")["Location"] == "/account/factors/"
    configure(provider, has_second_factor=True)
    browser, _ = come_in(browse, provider)
    assert is_in(browser)
