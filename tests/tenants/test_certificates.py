"""Which names may have a certificate, and who may ask."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from governance.actors import command_actor
from tenants import certificates
from tenants.models import Domain, Partner
from tenants.services.domains import add_domain, remove_domain
from tenants.services.hosts import activate_host
from tenants.services.suspension import suspend_partner

OPERATOR = command_actor("tests")
NAME = "portal.northwind.example"
KEY = "k" * 40
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def served() -> Domain:
    partner = Partner.objects.get(slug="northwind")
    return activate_host(OPERATOR, add_domain(OPERATOR, partner, NAME, "portal"))


def asked(
    domain: str, host: str = "127.0.0.1:8000", address: str = "127.0.0.1", **headers: str
) -> int:
    browser = Browser(headers={"host": host, **headers}, REMOTE_ADDR=address)
    answer = browser.get(certificates.PATH, {"domain": domain})
    assert answer.content == b""
    return answer.status_code


def test_yes_for_what_is_served_and_for_nothing_else(served: Domain) -> None:
    assert asked(NAME) == 200
    assert asked(NAME.upper() + ".") == 200
    assert asked("northwind.localhost") == 200
    assert asked("admin.northwind.localhost") == 200
    for name in ("", "x.example", f"x.{NAME}", f"{NAME}\x00", "ü.example", "a" * 300, f" {NAME}"):
        assert asked(name) == 404


@pytest.mark.parametrize(
    ("state", "status"),
    [("pending", 404), ("verified", 404), ("active", 200), ("failing", 200), ("removed", 404)],
)
def test_only_in_the_states_that_are_served(served: Domain, state: str, status: int) -> None:
    Domain.objects.filter(pk=served.pk).update(state=state)
    assert asked(NAME) == status


def test_removed_and_suspended_stop_at_once(served: Domain) -> None:
    remove_domain(OPERATOR, served)
    assert asked(NAME) == 404
    suspend_partner(OPERATOR, served.tenant, "Unpaid")
    assert asked("northwind.localhost") == 404


def test_the_operators_own_hosts_may_have_one(settings: Settings) -> None:
    settings.OPERATOR_HOSTS = ["ops.example.org"]
    assert asked("ops.example.org") == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_may_ask_at_any_host(served: Domain, address: str) -> None:
    assert asked(NAME, address=address) == 200
    assert asked(NAME, host="nobody.example", address=address) == 200


@pytest.mark.parametrize("address", ["203.0.113.7", "10.0.0.1", "", "unix:", "127.0.0.1.evil"])
def test_nobody_else_may_without_the_key(served: Domain, address: str) -> None:
    assert asked(NAME, address=address) == 404


@pytest.mark.parametrize(
    "header", ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "via"]
)
def test_what_a_proxy_passed_on_is_never_answered(
    served: Domain, settings: Settings, header: str
) -> None:
    """Behind a proxy on this machine every visitor comes from loopback."""
    settings.DOMAIN_CHECK_KEY = KEY
    assert asked(NAME, **{header: "127.0.0.1"}) == 404
    assert asked(NAME, authorization=f"Bearer {KEY}", **{header: "127.0.0.1"}) == 404


def test_the_key_lets_another_machine_ask(served: Domain, settings: Settings) -> None:
    settings.DOMAIN_CHECK_KEY = KEY
    far = {"address": "203.0.113.7"}
    assert asked(NAME, authorization=f"Bearer {KEY}", **far) == 200
    assert asked(NAME, authorization=f"Bearer {KEY}x", **far) == 404
    assert asked(NAME, authorization="Bearer ", **far) == 404
    assert asked(NAME, authorization="Bearer ключ", **far) == 404
    browser = Browser(REMOTE_ADDR="203.0.113.7")
    assert browser.get(f"{certificates.PATH}?key={KEY}&domain={NAME}").status_code == 200
    assert browser.get(f"{certificates.PATH}?key=&domain={NAME}").status_code == 404
    settings.DOMAIN_CHECK_KEY = ""
    assert browser.get(f"{certificates.PATH}?key=&domain={NAME}").status_code == 404


def test_it_costs_one_query_and_none_for_nonsense(served: Domain) -> None:
    asked(NAME)
    with CaptureQueriesContext(connection) as made:
        asked(NAME)
    assert len([one for one in made if "SET search_path" not in one["sql"]]) == 1
    with CaptureQueriesContext(connection) as made:
        asked("a" * 300)
    assert len(made) == 0


def test_a_flood_is_bounded(served: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.certificates.time.time", lambda: 1000.0)
    monkeypatch.setattr(certificates, "MOST_A_SECOND", 3)
    cache.clear()
    assert [asked(NAME) for _ in range(5)] == [200, 200, 200, 429, 429]
    monkeypatch.setattr("tenants.certificates.time.time", lambda: 1001.0)
    assert asked(NAME) == 200


def test_only_reading_is_possible(served: Domain) -> None:
    browser = Browser(REMOTE_ADDR="127.0.0.1")
    assert browser.post(f"{certificates.PATH}?domain={NAME}").status_code == 404
    assert browser.head(f"{certificates.PATH}?domain={NAME}").status_code == 200
    other = browser.get("/internal/", headers={"host": "northwind.localhost"})
    assert other.status_code == 404
