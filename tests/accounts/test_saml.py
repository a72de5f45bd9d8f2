"""Single sign-on by SAML: a signed answer to this session's request, and nothing else."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from governance.actors import command_actor
from tenants.accounts.models import ExternalIdentity, User
from tenants.accounts.services.providers import Setup, set_up
from tenants.models import Partner
from tests.actors import ALICE, DAVE, HEIDI, Person
from tests.at_home import page_url
from tests.conftest import host_of
from tests.fakes.saml_provider import SamlProvider, certificate_of

Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")
EMAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"


@pytest.fixture
def provider() -> SamlProvider:
    return SamlProvider("dave-7", {EMAIL: [DAVE.email], "groups": ["crew-finance"]})


def configure(provider: SamlProvider, kind: str = "staff", **values: Any) -> None:
    given = {
        "label": "Sign in with Contoso",
        "protocol": "saml",
        "issuer": provider.issuer,
        "sign_in_url": provider.address,
        "certificate": certificate_of("one"),
        "email_claim": EMAIL,
        "domains": ("partner.example", "alder.example"),
        **values,
    }
    set_up(command_actor("tests"), kind, Setup(**given))


def go(browser: Browser) -> str:
    return str(browser.get("/sign-in/with/")["Location"])


def send(browser: Browser, answer: str, **headers: str) -> Any:
    return browser.post("/sign-in/saml/", {"SAMLResponse": answer}, headers=headers or None)


def come_in(browse: Browse, provider: SamlProvider, person: Person = DAVE) -> tuple[Browser, Any]:
    browser = browse(None, host=host_of(person))
    back, answer = provider.visit(go(browser))
    assert back == f"http://{host_of(person)}/sign-in/saml/"
    return browser, send(browser, answer)


def is_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200


@pytest.mark.parametrize(("person", "kind"), [(DAVE, "staff"), (HEIDI, "client")])
def test_a_signed_answer_opens_the_door(
    browse: Browse, provider: SamlProvider, person: Person, kind: str
) -> None:
    configure(provider, kind)
    provider.attributes[EMAIL] = [person.email]
    browser, answer = come_in(browse, provider, person)
    assert answer.status_code == 302
    assert is_in(browser)
    link = ExternalIdentity.objects.get()
    assert (link.user.email, link.subject) == (person.email, "dave-7")


def test_the_name_id_can_be_the_address(browse: Browse, provider: SamlProvider) -> None:
    configure(provider, email_claim="")
    provider.name, provider.form, provider.attributes = DAVE.email, "emailAddress", {}
    assert is_in(come_in(browse, provider)[0])


def test_roles_follow_the_attribute(browse: Browse, provider: SamlProvider) -> None:
    configure(provider, role_claim="groups", roles={"crew-finance": "finance"})
    come_in(browse, provider)
    assert User.objects.get(email=DAVE.email).roles == ["finance"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"signs": False},
        {"signs_with": "another"},
        {"unsolicited": True},
        {"form": "transient"},
        {"name": ""},
        {"age": timedelta(minutes=30)},
        {"age": timedelta(minutes=-30)},
        {"changed": {"audience": "https://elsewhere.example/"}},
        {"changed": {"back": "http://admin.brightbridge.localhost/sign-in/saml/"}},
        {"changed": {"asked": ' InResponseTo="_another"'}},
        {"changed": {"issuer": "https://another.example"}},
    ],
    ids=str,
)
def test_an_answer_that_does_not_hold_is_refused(
    browse: Browse, provider: SamlProvider, wrong: dict[str, Any]
) -> None:
    configure(provider)
    for name, value in wrong.items():
        setattr(provider, name, value)
    browser, answer = come_in(browse, provider)
    assert answer.status_code == 400
    assert not is_in(browser)
    assert not ExternalIdentity.objects.exists()


def test_an_answer_that_was_changed_or_wrapped_is_refused(
    browse: Browse, provider: SamlProvider
) -> None:
    configure(provider)
    for change in (_renamed, _wrapped):
        browser = browse(None, host=host_of(DAVE))
        _, answer = provider.visit(go(browser))
        bent = base64.b64encode(change(base64.b64decode(answer).decode()).encode()).decode()
        assert send(browser, bent).status_code == 400
        assert not is_in(browser)


def _renamed(xml: str) -> str:
    return xml.replace(DAVE.email, ALICE.email)


def _wrapped(xml: str) -> str:
    """Put an unsigned assertion about Alice before the signed one."""
    start, end = xml.index("<saml:Assertion"), xml.index("</saml:Assertion>") + 17
    forged = xml[start:end].replace(DAVE.email, ALICE.email).replace('ID="_a1"', 'ID="_a2"')
    return xml[:start] + forged + xml[start:]


def test_an_answer_is_taken_once_and_by_the_session_that_asked(
    browse: Browse, provider: SamlProvider
) -> None:
    configure(provider)
    browser, other = browse(None, host=host_of(DAVE)), browse(None, host=host_of(DAVE))
    _, answer = provider.visit(go(browser))
    go(other)
    assert send(other, answer).status_code == 400
    assert send(browser, answer).status_code == 302
    browser.post("/sign-out/")
    again = browser.post("/sign-in/saml/", {"SAMLResponse": answer, "again": "yes"})
    assert again.status_code == 400
    assert not is_in(browser)


def test_a_form_that_came_without_cookies_is_sent_again_from_our_own_page(
    browse: Browse, provider: SamlProvider
) -> None:
    configure(provider)
    without = browse(None, host=host_of(DAVE))
    page = send(without, '"><script>').content.decode()
    assert "data-again" in page
    assert '<script>"' not in page
    assert "&quot;&gt;&lt;script&gt;" in page


def test_an_answer_for_one_partner_opens_nothing_at_another(
    browse: Browse, provider: SamlProvider, northwind: Partner, brightbridge: Partner
) -> None:
    for partner in (northwind, brightbridge):
        with tenant_context(partner):
            configure(provider)
    here = browse(None, host=host_of(DAVE))
    _, answer = provider.visit(go(here))
    abroad = browse(None, host="admin.brightbridge.localhost")
    go(abroad)
    assert send(abroad, answer).status_code == 400
    assert "_auth_user_id" not in abroad.session


def test_an_address_outside_the_named_domains_links_nobody(
    browse: Browse, provider: SamlProvider
) -> None:
    configure(provider, domains=("elsewhere.example",))
    browser, answer = come_in(browse, provider)
    assert answer.status_code == 400
    assert not is_in(browser)


@pytest.mark.parametrize(
    "answer", ["", "x", "PHg+", base64.b64encode(b"<!DOCTYPE x><x/>").decode(), "A" * 300_000]
)
def test_rubbish_is_refused_without_an_error(
    browse: Browse, provider: SamlProvider, answer: str
) -> None:
    configure(provider)
    browser = browse(None, host=host_of(DAVE))
    go(browser)
    assert send(browser, answer).status_code == 400


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"domains": ()}, "whose addresses"),
        ({"certificate": "x"}, "no certificate"),
        ({"sign_in_url": "javascript:alert(1)"}, "whole address"),
        ({"protocol": "x"}, "OpenID Connect or SAML"),
    ],
)
def test_what_is_missing_is_said(provider: SamlProvider, values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        configure(provider, **values)


@pytest.mark.parametrize("host", ["admin.northwind.localhost", "northwind.localhost"])
def test_each_host_describes_itself_to_a_provider(browse: Browse, host: str) -> None:
    answer = browse(None, host=host).get("/sign-in/saml/metadata/")
    assert answer.headers["Content-Type"] == "application/samlmetadata+xml"
    root = fromstring(answer.content)
    space = "{urn:oasis:names:tc:SAML:2.0:metadata}"
    assert root.get("entityID") == f"http://{host}/sign-in/saml/"
    assert root.get("validUntil") is None
    (descriptor,) = root.findall(f"{space}SPSSODescriptor")
    assert descriptor.get("WantAssertionsSigned") == "true"
    (answers,) = descriptor.findall(f"{space}AssertionConsumerService")
    assert answers.get("Location") == f"http://{host}/sign-in/saml/"
    assert not descriptor.findall(f"{space}SingleLogoutService")


def test_the_console_and_nobodys_host_describe_nothing(browse: Browse) -> None:
    for host in ("localhost", "evil.example"):
        assert browse(None, host=host).get("/sign-in/saml/metadata/").status_code == 404


def test_the_page_names_the_address_of_the_description(browse: Browse) -> None:
    page = browse(ALICE).get(page_url("identity_provider", "client")).content.decode()
    assert "http://northwind.localhost/sign-in/saml/metadata/" in page
