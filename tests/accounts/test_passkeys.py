"""Passkeys: added on one host, used there as a second step or alone, and nowhere else."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from tenants.accounts.models import User
from tenants.accounts.services import second_factors
from tenants.models import Partner
from tests.actors import BOB, DAVE, HEIDI, PASSWORD, Person
from tests.conftest import host_of
from tests.fakes.passkey import Passkey

Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("at_home")


def come_in(browse: Browse, person: Person, slug: str = "northwind") -> Browser:
    browser = browse(None, host=host_of(person, slug))
    browser.post("/sign-in/", {"email": person.email, "password": PASSWORD})
    return browser


def question(page: bytes) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]+)"', page.decode())
    assert found, page.decode()
    asked: dict[str, Any] = json.loads(html.unescape(found[1]))
    return asked


def add(browser: Browser, key: Passkey) -> Any:
    asked = question(browser.get("/account/factors/passkey/").content)
    return browser.post(
        "/account/factors/passkey/", {"name": "Laptop", "credential": key.create(asked)}
    )


def origin_of(person: Person, slug: str = "northwind") -> str:
    return f"http://{host_of(person, slug)}"


def with_passkey(browse: Browse, person: Person) -> Passkey:
    key = Passkey(origin_of(person))
    answer = add(come_in(browse, person), key)
    assert "Recovery codes" in answer.content.decode()
    return key


def is_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200


def ask(browser: Browser) -> dict[str, Any]:
    asked: dict[str, Any] = browser.post("/sign-in/passkey/options/").json()
    return asked


@pytest.mark.parametrize("person", [DAVE, HEIDI])
def test_a_passkey_is_the_second_step(browse: Browse, person: Person) -> None:
    key = with_passkey(browse, person)
    browser = come_in(browse, person)
    assert not is_in(browser)
    asked = question(browser.get("/sign-in/second/").content)
    assert browser.post("/sign-in/second/", {"credential": key.get(asked)}).status_code == 302
    assert is_in(browser)


def test_a_passkey_alone_signs_in(browse: Browse) -> None:
    key = with_passkey(browse, DAVE)
    browser = browse(None, host=host_of(DAVE))
    answer = browser.post("/sign-in/passkey/", {"credential": key.get(ask(browser))})
    assert answer["Location"] == "/"
    assert is_in(browser)


def test_an_answer_works_once(browse: Browse) -> None:
    key = with_passkey(browse, DAVE)
    browser = browse(None, host=host_of(DAVE))
    answer = key.get(ask(browser))
    browser.post("/sign-in/passkey/", {"credential": answer})
    browser.post("/sign-out/")
    again = browser.post("/sign-in/passkey/", {"credential": answer})
    assert "refused" in again["Location"]
    assert not is_in(browser)


def test_an_answer_to_somebody_elses_question_is_refused(browse: Browse) -> None:
    key = with_passkey(browse, DAVE)
    mine, other = browse(None, host=host_of(DAVE)), browse(None, host=host_of(DAVE))
    ask(mine)
    mine.post("/sign-in/passkey/", {"credential": key.get(ask(other))})
    assert not is_in(mine)


def test_another_key_or_a_changed_signature_is_refused(browse: Browse) -> None:
    real = with_passkey(browse, DAVE)
    forged = Passkey(origin_of(DAVE))
    forged.rp_id, forged.handle = real.rp_id, real.handle
    browser = browse(None, host=host_of(DAVE))
    browser.post("/sign-in/passkey/", {"credential": forged.get(ask(browser))})
    assert not is_in(browser)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://sub.admin.northwind.localhost", "https://localhost"],
)
def test_an_answer_given_at_another_address_is_refused(browse: Browse, origin: str) -> None:
    key = with_passkey(browse, DAVE)
    key.origin = origin
    browser = browse(None, host=host_of(DAVE))
    browser.post("/sign-in/passkey/", {"credential": key.get(ask(browser))})
    assert not is_in(browser)


def test_a_key_that_asked_for_no_finger_or_pin_is_not_taken(browse: Browse) -> None:
    browser = come_in(browse, DAVE)
    add(browser, Passkey(origin_of(DAVE), verifies=False))
    assert not second_factors.has_factor(User.objects.get(email=DAVE.email))


def test_a_passkey_of_one_partner_is_nobodys_at_another(
    browse: Browse, brightbridge: Partner
) -> None:
    key = with_passkey(browse, DAVE)
    key.origin = origin_of(DAVE, "brightbridge")
    browser = browse(None, host=host_of(DAVE, "brightbridge"))
    asked = ask(browser)
    key.rp_id = "admin.brightbridge.localhost"
    browser.post("/sign-in/passkey/", {"credential": key.get(asked)})
    assert not is_in(browser)


def test_a_passkey_of_a_client_does_not_open_the_staff_door(browse: Browse) -> None:
    key = with_passkey(browse, HEIDI)
    browser = browse(None, host=host_of(DAVE))
    key.origin, key.rp_id = origin_of(DAVE), host_of(DAVE)
    browser.post("/sign-in/passkey/", {"credential": key.get(ask(browser))})
    assert not is_in(browser)


def test_a_closed_account_has_no_use_of_its_passkey(browse: Browse) -> None:
    key = with_passkey(browse, DAVE)
    User.objects.filter(email=DAVE.email).update(is_active=False)
    browser = browse(None, host=host_of(DAVE))
    browser.post("/sign-in/passkey/", {"credential": key.get(ask(browser))})
    assert not is_in(browser)


def test_somebody_elses_passkey_is_not_my_second_step(browse: Browse) -> None:
    key = with_passkey(browse, DAVE)
    with_passkey(browse, BOB)
    browser = come_in(browse, BOB)
    asked = question(browser.get("/sign-in/second/").content)
    assert browser.post("/sign-in/second/", {"credential": key.get(asked)}).status_code == 200
    assert not is_in(browser)


def test_questions_are_not_handed_out_without_end(browse: Browse) -> None:
    browser = browse(None, host=host_of(DAVE))
    answers = [browser.post("/sign-in/passkey/options/").status_code for _ in range(61)]
    assert answers == [200] * 60 + [429]


@pytest.mark.parametrize("rubbish", ["", "[]", "1", "{}", '{"id": 5}', '{"response": []}', "x"])
def test_rubbish_is_refused_without_an_error(browse: Browse, rubbish: str) -> None:
    browser = browse(None, host=host_of(DAVE))
    ask(browser)
    assert browser.post("/sign-in/passkey/", {"credential": rubbish}).status_code == 302
    inside = come_in(browse, DAVE)
    inside.get("/account/factors/passkey/")
    answer = inside.post("/account/factors/passkey/", {"credential": rubbish})
    assert answer.status_code == 200
