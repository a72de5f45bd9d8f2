"""Your account: name, password, sessions, and the mail about a new device."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from governance.models import AuditEntry
from tenants.accounts.devices import device_name
from tenants.accounts.models import User
from tenants.accounts.services import sign_in
from tests.actors import BOB, DAVE, HEIDI, PASSWORD, Person
from tests.conftest import host_of
from tests.posted import a_while_later, posted

Browse = Callable[..., Browser]
NEW = "another long passphrase"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
pytestmark = pytest.mark.usefixtures("at_home")


def come_in(
    browse: Browse, person: Person, password: str = PASSWORD, browser: Browser | None = None
) -> Browser:
    browser = browser or browse(None, host=host_of(person))
    browser.post(
        "/sign-in/",
        {"email": person.email, "password": password},
        headers={"user-agent": FIREFOX},
    )
    return browser


def is_in(browser: Browser) -> bool:
    return browser.get("/account/").status_code == 200


def change(browser: Browser, old: str, new: str = NEW) -> Any:
    form = {"old": old, "password": new, "again": new}
    return browser.post("/account/password/", form)


@pytest.mark.parametrize("person", [DAVE, HEIDI])
def test_people_change_their_own_name_at_both_doors(browse: Browse, person: Person) -> None:
    browser = come_in(browse, person)
    browser.post("/account/", {"name": "  Somebody Else "})
    assert User.objects.get(email=person.email).name == "Somebody Else"
    entry = AuditEntry.objects.filter(action="account.changed").latest("id")
    assert (entry.before, entry.after) == ({"name": person.name}, {"name": "Somebody Else"})


@pytest.mark.parametrize("name", ["", "   ", "two\nlines", "turned \u202e round"])
def test_a_name_that_is_none_is_refused(browse: Browse, name: str) -> None:
    assert come_in(browse, DAVE).post("/account/", {"name": name}).status_code == 200
    assert User.objects.get(email=DAVE.email).name == DAVE.name


def test_a_new_password_ends_every_other_session_and_not_this_one(browse: Browse) -> None:
    here, there = come_in(browse, DAVE), come_in(browse, DAVE)
    assert change(here, PASSWORD).status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert is_in(come_in(browse, DAVE, NEW))


@pytest.mark.parametrize(("old", "new"), [("wrong", NEW), (PASSWORD, "short"), (PASSWORD, "dave")])
def test_a_wrong_or_weak_password_changes_nothing(browse: Browse, old: str, new: str) -> None:
    assert change(come_in(browse, DAVE), old, new).status_code == 200
    assert User.objects.get(email=DAVE.email).check_password(PASSWORD)


def test_a_stolen_session_cannot_guess_the_password(browse: Browse) -> None:
    browser = come_in(browse, DAVE)
    for number in range(sign_in.TRIES):
        cache.clear()
        assert change(browser, f"wrong {number}").status_code == 200
    assert change(browser, PASSWORD).status_code == 429
    assert browser.post("/account/confirm/", {"proof": PASSWORD}).status_code == 429
    assert User.objects.get(email=DAVE.email).check_password(PASSWORD)


def test_the_list_names_the_device_and_one_can_be_ended(browse: Browse) -> None:
    here, there = come_in(browse, DAVE), come_in(browse, DAVE)
    page = here.get("/account/").content.decode()
    assert page.count("Firefox on Linux") >= 2
    assert "127.0.0.1" in page
    from allauth.usersessions.models import UserSession

    row = UserSession.objects.get(session_key=there.session.session_key)
    here.post(f"/account/sessions/{row.pk}/end/")
    assert not is_in(there)
    assert is_in(here)


def test_nobody_ends_somebody_elses_session(browse: Browse) -> None:
    from allauth.usersessions.models import UserSession

    bob = come_in(browse, BOB)
    row = UserSession.objects.get(session_key=bob.session.session_key)
    assert come_in(browse, DAVE).post(f"/account/sessions/{row.pk}/end/").status_code == 404
    assert is_in(bob)


def test_signing_out_everywhere_else_reaches_a_session_that_did_nothing_yet(
    browse: Browse,
) -> None:
    quiet, here, bob = come_in(browse, DAVE), come_in(browse, DAVE), come_in(browse, BOB)
    here.post("/account/sessions/end/")
    assert not is_in(quiet)
    assert is_in(here)
    assert is_in(bob)


def test_a_new_device_is_told_of_once_and_the_first_sign_in_is_not(browse: Browse) -> None:
    laptop = come_in(browse, DAVE)
    assert not posted()
    phone = come_in(browse, DAVE)
    (sent,) = posted()
    assert sent.to == [DAVE.email]
    text = str(sent.body)
    assert "Firefox on Linux" in text
    assert "http://admin.northwind.localhost" in text
    for browser in (laptop, phone):
        browser.post("/sign-out/")
        a_while_later()
        come_in(browse, DAVE, browser=browser)
    assert len(posted()) == 1


def test_a_forged_device_or_one_of_another_partner_is_new(browse: Browse) -> None:
    abroad = browse(None, host="admin.brightbridge.localhost")
    come_in(browse, DAVE, browser=abroad)
    stolen = abroad.cookies["device"].value
    come_in(browse, DAVE)
    for number, value in enumerate((stolen, "rubbish"), start=1):
        browser = browse(None, host=host_of(DAVE))
        browser.cookies["device"] = value
        come_in(browse, DAVE, browser=browser)
        assert len(posted()) == number
        a_while_later()


def test_a_mail_server_that_is_away_keeps_nobody_out(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("tenants.accounts.services.sessions.send_new_device", away)
    come_in(browse, DAVE)
    assert is_in(come_in(browse, DAVE))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("curl/8", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_devices_have_names_that_people_use(said: str, name: str) -> None:
    assert device_name(said) == name
