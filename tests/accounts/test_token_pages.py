"""API tokens are shown once, hold no more than their maker, and stop when revoked."""

import re
from collections.abc import Callable, Mapping

import pytest
from django.test import Client as Browser

from tenants.accounts.models import ApiToken, Client, User
from tenants.accounts.services.tokens import make_token
from tests.actors import ALICE, BOB, GRACE, HEIDI, MALLORY, Person
from tests.at_home import page_url
from tests.branding.commerce import BUILDER

Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")


def token_of(person: Person, name: str, client: Client | None = None) -> ApiToken:
    user = User.objects.get(email=person.email)
    scopes = ["clients.view"]
    return make_token(BUILDER, user=user, name=name, scopes=scopes, client=client)[0]


def made_in(browser: Browser, door: str, values: Mapping[str, object]) -> str:
    answer = browser.post(page_url("token_make", door=door), values)
    found = re.search(r"key_[0-9a-f]{8}_[\w-]+", answer.content.decode())
    assert found, answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    return found[0]


def test_a_token_works_at_once_and_is_never_shown_again(browse: Browse) -> None:
    browser = browse(ALICE)
    values = {"name": "Nightly", "lifetime": "30", "scopes": ["clients.view"]}
    text = made_in(browser, "admin", values)
    listed = browser.get(page_url("token_list")).content.decode()
    assert "Nightly" in listed
    assert text not in listed
    program = browse(None, host="admin.northwind.localhost")
    header = {"Authorization": f"Bearer {text}"}
    assert program.get("/api/v1/clients/", headers=header).status_code == 200


def test_a_clients_token_reaches_that_client_only(browse: Browse, alder: Client) -> None:
    values = {"name": "Ours", "lifetime": "", "scopes": ["clients.view", "usage.view"]}
    text = made_in(browse(GRACE), "portal", values)
    assert ApiToken.objects.get(name="Ours").client == alder
    program = browse(None)
    answer = program.get("/api/v1/clients/", headers={"Authorization": f"Bearer {text}"})
    assert [row["id"] for row in answer.json()["results"]] == [alder.pk]


@pytest.mark.parametrize("scope", ["prices.manage", "changes.approve", "no.such"])
def test_nobody_gives_what_they_do_not_hold(browse: Browse, scope: str) -> None:
    page = browse(GRACE).post(
        page_url("token_make", door="portal"), {"name": "Too much", "scopes": [scope]}
    )
    assert "not one of the available choices" in page.content.decode()
    assert not ApiToken.objects.exists()


def test_a_revoked_token_stops_at_once(browse: Browse) -> None:
    browser = browse(ALICE)
    text = made_in(browser, "admin", {"name": "Nightly", "scopes": ["clients.view"]})
    answer = browser.post(page_url("token_revoke", ApiToken.objects.get().pk), follow=True)
    assert "Nightly is revoked" in answer.content.decode()
    program = browse(None, host="admin.northwind.localhost")
    header = {"Authorization": f"Bearer {text}"}
    assert program.get("/api/v1/clients/", headers=header).status_code == 401


def test_a_client_neither_sees_nor_stops_the_tokens_of_others(
    browse: Browse, alder: Client, birch: Client
) -> None:
    own = token_of(GRACE, "Own token")
    others = [
        token_of(MALLORY, "Birch token"),
        token_of(ALICE, "Partner token"),
        token_of(ALICE, "Partner token for Alder", alder),
    ]
    browser = browse(GRACE)
    page = browser.get(page_url("token_list", door="portal")).content.decode()
    assert own.name in page
    for token in others:
        assert token.prefix not in page
        address = page_url("token_revoke", token.pk, door="portal")
        assert browser.post(address).status_code == 404
    assert ApiToken.objects.filter(revoked_at=None).count() == 4


@pytest.mark.parametrize(("person", "door"), [(BOB, "admin"), (HEIDI, "portal")])
def test_others_do_not_get_in(browse: Browse, person: Person, door: str) -> None:
    browser = browse(person)
    assert browser.get(page_url("token_list", door=door)).status_code == 403
    assert browser.post(page_url("token_make", door=door), {"name": "x"}).status_code == 403
