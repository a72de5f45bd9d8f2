"""Operators' own accounts: second factors, sessions, and the way back for who lost them."""

import os
import re
import time
from collections.abc import Iterator

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from governance.models import AuditEntry
from tenants.accounts.models import User
from tenants.accounts.services import second_factors
from tenants.context import public_scope
from tenants.models import OperatorKey
from tests.actors import PASSWORD

NEW = "another long passphrase"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-11-21T12:00:05+00:00", tick=True) as coordinates:
        yield coordinates


def come_in(password: str = PASSWORD) -> Client:
    browser = Client(headers={"host": "localhost"})
    browser.post("/sign-in/", {"email": "olga@operator.example", "password": password})
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


def code_of(key: str) -> str:
    return str(format_hotp_value(hotp_value(key, int(time.time()) // 30)))


def set_up_app(browser: Client) -> tuple[str, list[str]]:
    page = browser.get("/account/factors/app/").content.decode()
    shown = re.search(r"<code>([A-Z2-7 ]{32,})</code>", page)
    assert shown, page
    key = shown[1].replace(" ", "")
    answer = browser.post("/account/factors/app/", {"code": code_of(key)})
    return key, re.findall(r"\b\d{12}\b", answer.content.decode())


def test_with_a_factor_an_operators_password_opens_nothing(
    operator: User, clock: time_machine.Traveller
) -> None:
    before = come_in()
    assert 'href="/account/"' in before.get("/").content.decode()
    key, codes = set_up_app(come_in())
    assert len(codes) == 10
    assert not is_in(before), "who came in without a factor is out"
    clock.shift(60)
    browser = come_in()
    assert not is_in(browser)
    assert browser.post("/sign-in/second/", {"code": "000000"}).status_code == 200
    assert browser.post("/sign-in/second/", {"code": code_of(key)}).status_code == 302
    assert is_in(browser)
    again = come_in()
    assert again.post("/sign-in/second/", {"code": codes[2]}).status_code == 302
    assert is_in(again)
    with public_scope():
        row = Authenticator.objects.get(type=second_factors.APP)
        assert key not in str(row.data)
        assert OperatorKey.objects.count() == 1
        assert AuditEntry.objects.filter(action="account.factor_added").exists()


def test_the_installation_can_ask_every_operator_for_a_factor(
    operator: User, settings: Settings
) -> None:
    browser = come_in()
    assert is_in(browser)
    settings.OPERATOR_SECOND_FACTOR = True
    for path in ("/", "/partners/new/", "/account/"):
        assert browser.get(path)["Location"] == "/account/factors/", path
    assert "Operators need a second factor" in browser.get("/account/factors/").content.decode()
    set_up_app(browser)
    assert is_in(browser)


def test_an_operator_sees_where_they_are_signed_in_and_ends_it(operator: User) -> None:
    here, there, third = come_in(), come_in(), come_in()
    for browser in (here, there, third):
        assert is_in(browser)
    page = here.get("/account/").content.decode()
    assert page.count("This one") == 1
    ends = re.findall(r"/account/sessions/(\d+)/end/", page)
    assert len(ends) == 2
    assert here.post(f"/account/sessions/{ends[0]}/end/").status_code == 302
    assert [is_in(one) for one in (here, there, third)].count(True) == 2
    here.post("/account/sessions/end/")
    assert [is_in(one) for one in (here, there, third)] == [True, False, False]


def test_an_operator_changes_name_and_password(operator: User) -> None:
    browser = come_in()
    browser.post("/account/", {"name": "Olga R."})
    browser.post("/account/password/", {"old": PASSWORD, "password": NEW, "again": NEW})
    assert is_in(browser)
    assert not is_in(come_in())
    assert "Olga R." in come_in(NEW).get("/account/").content.decode()


def test_who_lost_their_factors_comes_in_again_by_command(
    operator: User, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = come_in()
    set_up_app(browser)
    with pytest.raises(CommandError, match="No operator has this address"):
        call_command("reset_operator_factors", "--email", "x@y.example", "--reason", "Lost")
    call_command(
        "reset_operator_factors", "--email", "olga@operator.example", "--reason", "Phone lost"
    )
    assert not is_in(browser)
    assert is_in(come_in())
    with public_scope():
        assert AuditEntry.objects.get(action="account.factors_reset").reason == "Phone lost"


def test_without_the_master_key_an_operators_recovery_code_opens(
    operator: User, settings: Settings
) -> None:
    key, codes = set_up_app(come_in())
    settings.MASTER_KEY = os.urandom(32)
    browser = come_in()
    answer = browser.post("/sign-in/second/", {"code": code_of(key)})
    assert "be checked at the moment" in answer.content.decode()
    assert browser.post("/sign-in/second/", {"code": codes[0]}).status_code == 302
    assert is_in(browser)
