"""Guessing passwords, filling mailboxes, finding out who has an account."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client as Browser
from django_tenants.utils import tenant_context

from governance.models import AuditEntry
from tenants.accounts import actions, invitations
from tenants.accounts.models import User
from tenants.accounts.places import place_of
from tenants.accounts.services import forgotten, sign_in
from tenants.models import Partner
from tenants.outbox.services.sending import send_due
from tests.actors import ALICE, DAVE, PASSWORD

Browse = Callable[..., Browser]
HOST = "admin.northwind.localhost"


def _try(browse: Browse, email: str, password: str, **headers: str) -> Any:
    browser = browse(None, host=HOST)
    form = {"email": email, "password": password}
    return browser.post("/sign-in/", form, headers=headers or None)


def _fail(browse: Browse, email: str, times: int, **headers: str) -> None:
    for number in range(times):
        # A process that shares nothing with the one before: its memory is empty.
        cache.clear()
        assert _try(browse, email, f"wrong {number}", **headers).status_code == 200


def test_guessing_ends_after_eight_tries_whichever_process_answers(browse: Browse) -> None:
    _fail(browse, DAVE.email, sign_in.TRIES)
    cache.clear()

    assert _try(browse, DAVE.email.upper(), PASSWORD).status_code == 429
    assert _try(browse, ALICE.email, PASSWORD).status_code == 302


def test_a_password_set_by_link_ends_the_wait(browse: Browse, northwind: Partner) -> None:
    _fail(browse, DAVE.email, sign_in.TRIES)
    with tenant_context(northwind):
        invitations.set_password(User.objects.get(email=DAVE.email), "another long passphrase")

    assert _try(browse, DAVE.email, "another long passphrase").status_code == 302


def test_signing_in_starts_the_count_anew(browse: Browse) -> None:
    _fail(browse, DAVE.email, sign_in.TRIES - 1)
    assert _try(browse, DAVE.email, PASSWORD).status_code == 302

    _fail(browse, DAVE.email, sign_in.TRIES - 1)
    assert _try(browse, DAVE.email, PASSWORD).status_code == 302


def test_one_place_cannot_try_one_password_on_everybody(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "TRIES_FROM_ONE_PLACE", 5)
    for number in range(5):
        _fail(browse, f"nobody{number}@partner.example", 1)

    assert _try(browse, ALICE.email, PASSWORD).status_code == 429


def test_behind_a_proxy_one_guesser_does_not_shut_out_the_others(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "TRIES_FROM_ONE_PLACE", 3)
    monkeypatch.setitem(settings.REST_FRAMEWORK, "NUM_PROXIES", 1)
    for number in range(3):
        header = {"x-forwarded-for": f"10.9.9.{number}, 203.0.113.7"}  # the first is made up
        _fail(browse, f"nobody{number}@partner.example", 1, **header)

    guesser = {"x-forwarded-for": "198.51.100.1, 203.0.113.7"}
    assert _try(browse, ALICE.email, PASSWORD, **guesser).status_code == 429
    assert (
        _try(browse, ALICE.email, PASSWORD, **{"x-forwarded-for": "192.0.2.4"}).status_code == 302
    )


def test_without_proxies_the_header_is_not_believed(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "TRIES_FROM_ONE_PLACE", 3)
    for number in range(3):
        header = {"x-forwarded-for": f"192.0.2.{number}"}
        _fail(browse, f"nobody{number}@partner.example", 1, **header)

    assert (
        _try(browse, ALICE.email, PASSWORD, **{"x-forwarded-for": "192.0.2.99"}).status_code == 429
    )


@pytest.mark.parametrize("sent", ["x" * 500, "203.0.113.7' OR 1=1", ""])
def test_a_proxy_header_that_is_no_address_is_left_out(
    browse: Browse, monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    monkeypatch.setitem(settings.REST_FRAMEWORK, "NUM_PROXIES", 1)

    assert _try(browse, ALICE.email, PASSWORD, **{"x-forwarded-for": sent}).status_code == 302


def test_a_link_is_sent_once_a_minute_whichever_process_answers(
    browse: Browse, northwind: Partner
) -> None:
    for _ in range(5):
        cache.clear()
        browse(None, host=HOST).post("/password/", {"email": DAVE.email})
    assert mail.outbox == [], "nothing is sent while somebody waits for the answer"

    with tenant_context(northwind):
        send_due()
    assert len(mail.outbox) == 1


def test_somebody_signed_in_is_counted_like_everybody_when_they_ask_for_links(
    browse: Browse, northwind: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a person does is filed under their key; a limit must see where they ask from."""
    monkeypatch.setattr(forgotten, "FROM_ONE_PLACE", 3)
    inside = browse(DAVE)
    for number in range(6):
        inside.post("/password/", {"email": f"nobody{number}@partner.example"})

    with tenant_context(northwind):
        assert AuditEntry.objects.filter(action=actions.PASSWORD_ASKED.key).count() == 3


def test_the_addresses_of_one_ipv6_network_are_one_place(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "TRIES_FROM_ONE_PLACE", 3)
    monkeypatch.setitem(settings.REST_FRAMEWORK, "NUM_PROXIES", 1)
    for number in range(3):
        guesser = {"x-forwarded-for": f"2001:db8:0:7:{number}::{number + 1}"}
        _fail(browse, f"nobody{number}@partner.example", 1, **guesser)

    near, far = {"x-forwarded-for": "2001:db8:0:7::99"}, {"x-forwarded-for": "2001:db8:0:8::1"}
    assert _try(browse, ALICE.email, PASSWORD, **near).status_code == 429
    assert _try(browse, ALICE.email, PASSWORD, **far).status_code == 302


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_a_place_is_an_address_or_an_ipv6_network(address: str, place: str) -> None:
    assert place_of(address) == place
