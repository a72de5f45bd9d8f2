"""What tests of single sign-on share."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser

from governance.actors import command_actor
from tenants.accounts.models import IdentityProvider, User
from tenants.accounts.services.providers import Setup, set_up
from tests.actors import DAVE, Person
from tests.conftest import host_of
from tests.fakes.identity_provider import SECRET, Provider, running_provider

Browse = Callable[..., Browser]
ROLES = {"crew-support": "support_agent", "crew-finance": "finance", "crew-owner": "owner"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as one:
        one.person = {"sub": "s-1", "email": DAVE.email, "email_verified": True, "name": "Dave"}
        yield one


def user_of(person: Person) -> User:
    return User.objects.get(email=person.email)


def configure(provider: Provider, kind: str = "staff", **values: Any) -> IdentityProvider:
    given = {
        "label": "Sign in with Contoso",
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "secret": SECRET,
        **values,
    }
    return set_up(command_actor("tests"), kind, Setup(**given))


def go(browser: Browser, target: str = "") -> str:
    """Go to the provider; the address there."""
    query = {"next": target} if target else {}
    answer = browser.get("/sign-in/with/", query)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def back(browser: Browser, address: str) -> Any:
    parts = urlsplit(address)
    return browser.get(f"{parts.path}?{parts.query}")


def come_in(browse: Browse, provider: Provider, person: Person = DAVE) -> tuple[Browser, Any]:
    browser = browse(None, host=host_of(person))
    return browser, back(browser, provider.visit(go(browser)))


def is_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200
