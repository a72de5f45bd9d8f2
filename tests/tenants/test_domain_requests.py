"""What a host name means to a request: gone at once, cookies worth nothing elsewhere, and
links never from what the caller wrote."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.actors import command_actor
from tenants.models import Domain, Partner
from tenants.services.domains import add_domain, remove_domain
from tenants.services.hosts import activate_host
from tests.actors import ALICE, GRACE, PASSWORD
from tests.posted import posted

OPERATOR = command_actor("tests")
OPS, PORTAL = "ops.northwind.example", "portal.northwind.example"
Browse = Callable[..., Browser]
pytestmark = pytest.mark.usefixtures("db")


def served(name: str, kind: str, slug: str = "northwind") -> Domain:
    partner = Partner.objects.get(slug=slug)
    return activate_host(OPERATOR, add_domain(OPERATOR, partner, name, kind))


def test_another_process_removes_it_and_the_next_request_is_refused() -> None:
    """No process keeps a host in memory: a row changed behind our back counts at once."""
    row = served(PORTAL, "portal")
    browser = Browser(headers={"host": PORTAL})
    assert browser.get("/sign-in/").status_code == 200
    Domain.objects.filter(pk=row.pk).update(state="removed")
    assert browser.get("/sign-in/").status_code == 404
    Partner.objects.filter(slug="northwind").update(status="suspended")
    other = Browser(headers={"host": "northwind.localhost"})
    assert other.get("/sign-in/").status_code == 503


def test_finding_the_host_costs_one_query() -> None:
    browser = Browser(headers={"host": "northwind.localhost"})
    browser.get("/robots.txt")
    with CaptureQueriesContext(connection) as made:
        browser.get("/robots.txt")
    lookups = [one["sql"] for one in made if "tenants_domain" in one["sql"]]
    assert len(lookups) == 1
    assert "tenants_partner" in lookups[0]


def test_an_unknown_and_a_removed_host_answer_the_same(browse: Browse) -> None:
    row = served(PORTAL, "portal")
    remove_domain(OPERATOR, row)
    answers = [
        Browser(headers={"host": host}).get("/sign-in/")
        for host in (PORTAL, "never.seen.example", "waiting.northwind.example")
    ]
    assert {answer.status_code for answer in answers} == {404}
    for answer in answers:
        assert b"Northwind" not in answer.content
        assert not answer.cookies


def test_cookies_are_for_one_host_only() -> None:
    served(PORTAL, "portal")
    browser = Browser(headers={"host": PORTAL})
    answer = browser.post("/sign-in/", {"email": GRACE.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert answer.cookies
    for cookie in answer.cookies.values():
        assert cookie["domain"] == ""
        assert cookie["path"] == "/"
        assert cookie["httponly"]


def test_the_cookie_of_a_lost_domain_opens_nothing_elsewhere() -> None:
    """Whoever has the name next gets the cookies that browsers still send there."""
    row = served(OPS, "admin")
    victim = Browser(headers={"host": OPS})
    victim.post("/sign-in/", {"email": ALICE.email, "password": PASSWORD})
    assert victim.get("/").status_code == 200
    remove_domain(OPERATOR, row)
    assert victim.get("/").status_code == 404
    for host in (
        "admin.northwind.localhost",
        "northwind.localhost",
        "admin.brightbridge.localhost",
        "localhost",
    ):
        thief = Browser(headers={"host": host})
        thief.cookies = victim.cookies
        answer = thief.get("/")
        assert (answer.status_code, "/sign-in/" in answer.headers.get("Location", "")) == (
            302,
            True,
        ), host


def test_the_next_owner_of_the_name_gets_no_session_of_the_last_one() -> None:
    victim = Browser(headers={"host": OPS})
    row = served(OPS, "admin")
    victim.post("/sign-in/", {"email": ALICE.email, "password": PASSWORD})
    remove_domain(OPERATOR, row)
    served(OPS, "admin", "brightbridge")
    assert victim.get("/").headers["Location"].startswith("/sign-in/")


def test_a_session_goes_on_at_its_own_host(browse: Browse) -> None:
    browser = browse(ALICE)
    assert browser.get("/").status_code == 200
    assert browser.get("/", headers={"host": "ADMIN.northwind.localhost.:8000"}).status_code == 200
    served(OPS, "admin")
    assert browser.get("/", headers={"host": OPS}).status_code == 302
    assert browser.get("/").status_code == 200


# --- links in mails -------------------------------------------------------------------


def reset_path() -> str:
    return reverse("password_forgotten", urlconf="config.urls_admin")


@pytest.mark.parametrize(
    "header",
    ["x-forwarded-host", "x-host", "x-forwarded-server", "x-original-host", "forwarded"],
)
def test_a_password_link_never_holds_what_the_caller_wrote(header: str) -> None:
    browser = Browser(headers={"host": "admin.northwind.localhost", header: "evil.example"})
    browser.post(reset_path(), {"email": ALICE.email})
    (sent,) = posted()
    assert "http://admin.northwind.localhost/welcome/" in sent.body
    assert "evil" not in str(sent.message())


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "admin.northwind.localhost.evil.example",
        "admin.northwind.localhost@evil.example",
        "admin.northwind.localhost:80@evil.example",
        "admin.northwind.localhost/evil.example",
        "admin.northwind.localhost evil.example",
    ],
)
def test_a_poisoned_host_sends_no_mail_at_all(host: str) -> None:
    answer = Browser(headers={"host": host}).post(reset_path(), {"email": ALICE.email})
    assert answer.status_code in {400, 404}
    assert posted() == []


def test_a_port_of_the_callers_does_not_reach_the_link() -> None:
    browser = Browser(headers={"host": "admin.northwind.localhost:6666"})
    browser.post(reset_path(), {"email": ALICE.email})
    (sent,) = posted()
    assert ":6666" not in sent.body


def test_a_password_link_uses_the_domain_chosen_for_its_door() -> None:
    served(OPS, "admin")
    served(PORTAL, "portal")
    Browser(headers={"host": "admin.northwind.localhost"}).post(
        reset_path(), {"email": ALICE.email}
    )
    Browser(headers={"host": "northwind.localhost"}).post(reset_path(), {"email": GRACE.email})
    staff, client = posted()
    assert f"http://{OPS}/welcome/" in staff.body
    assert f"http://{PORTAL}/welcome/" in client.body
