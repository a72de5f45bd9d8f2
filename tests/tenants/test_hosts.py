"""A partner's host names: theirs alone, in one spelling, served only when in service."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from governance.actors import Actor, command_actor
from governance.errors import NotPermitted
from tenants.models import Domain, Partner
from tenants.services.hosts import activate_host, add_host, checked_host, remove_host
from tenants.services.serving import served_host

OPERATOR = command_actor("tests")
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def partner() -> Partner:
    found: Partner = Partner.objects.get(slug="northwind")
    return found


def status_at(host: str, path: str = "/sign-in/") -> int:
    return Client(headers={"host": host}).get(path).status_code


@pytest.mark.parametrize(
    "host",
    [
        "nobody.localhost",
        "northwind.localhost.evil.example",
        "xnorthwind.localhost",
        "example.com",
        "..",
        "northwind.localhost@evil.example",
        "[::1]",
        "a b",
        "",
    ],
)
def test_an_unknown_host_gets_a_neutral_404(host: str) -> None:
    answer = Client(headers={"host": host}).get("/sign-in/")
    assert answer.status_code == 404
    for word in (b"Livery", b"Django", b"Northwind", b"Unfold"):
        assert word not in answer.content


@pytest.mark.parametrize(
    "spelling", ["NorthWind.localhost", "northwind.localhost.", "northwind.localhost:8000"]
)
def test_a_host_is_one_in_every_spelling(spelling: str) -> None:
    assert status_at(spelling) == 200


def test_a_new_host_is_served_only_once_it_is_in_service(partner: Partner) -> None:
    host = add_host(OPERATOR, partner, "Portal.Northwind.example.", "portal")
    assert (host.domain, host.state) == ("portal.northwind.example", "pending")
    assert status_at("portal.northwind.example") == 404
    activate_host(OPERATOR, host)
    assert status_at("portal.northwind.example") == 200
    remove_host(OPERATOR, host)
    assert status_at("portal.northwind.example") == 404


@pytest.mark.parametrize(
    "host",
    [
        "http://x.example",
        "x.example:8000",
        "x.example/path",
        "-x.example",
        "x_y.example",
        "xn--ü.example",
        "single",
        "10.0.0.1",
        f"{'a' * 64}.example",
        ".".join(["a" * 60] * 5),
        "",
        "localhost",
        "brightbridge.localhost",
        "BRIGHTBRIDGE.localhost.",
    ],
)
def test_a_wrong_or_taken_host_is_refused(partner: Partner, host: str) -> None:
    with pytest.raises(ValidationError):
        add_host(OPERATOR, partner, host, "portal")


def test_the_last_host_in_service_of_its_kind_stays(partner: Partner) -> None:
    only = Domain.objects.get(tenant=partner, kind="portal")
    with pytest.raises(ValidationError, match="only portal host"):
        remove_host(OPERATOR, only)
    second = activate_host(OPERATOR, add_host(OPERATOR, partner, "p.northwind.example", "portal"))
    assert remove_host(OPERATOR, only).state == "removed"
    assert status_at(str(second.domain)) == 200


def test_a_kind_that_does_not_exist_is_refused(partner: Partner) -> None:
    with pytest.raises(ValidationError):
        add_host(OPERATOR, partner, "x.example", "public")


def test_only_an_operator_changes_hosts(partner: Partner) -> None:
    owner = Actor(kind="person", id=1, label="Alice", permissions=frozenset({"brand.manage"}))
    host = Domain.objects.get(tenant=partner, kind="portal")
    with pytest.raises(NotPermitted):
        add_host(owner, partner, "x.example", "portal")
    with pytest.raises(NotPermitted):
        activate_host(owner, host)
    with pytest.raises(NotPermitted):
        remove_host(owner, host)


def test_a_good_name_comes_back_in_its_one_spelling() -> None:
    assert checked_host(" Portal.Example.COM. ") == "portal.example.com"


def test_a_request_finds_a_connection_dead_and_goes_on_with_another(
    outside: Callable[[Callable[[], object]], object],
) -> None:
    """The database was started anew, or somebody in between closed a connection that was idle."""

    backends: list[int] = []

    def asks_after_the_end() -> None:
        connection.ensure_connection()
        backends.append(connection.connection.info.backend_pid)
        with connection.cursor() as cursor, pytest.raises(Exception, match="terminat"):
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        served = served_host("northwind.localhost")
        assert served
        assert served.partner.slug == "northwind"
        backends.append(connection.connection.info.backend_pid)

    outside(asks_after_the_end)
    assert len(set(backends)) == 2
