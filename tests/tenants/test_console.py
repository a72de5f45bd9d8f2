"""The operators' console: partners, hosts, health; never a partner's own data."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from governance.models import AuditEntry
from tenants.accounts.models import User
from tenants.context import public_scope, schema_scope
from tenants.models import Domain, Partner, Wakeup
from tenants.outbox.services.sending import send_due
from tenants.services.pending import Pending
from tests.actors import ALICE, PASSWORD

pytestmark = pytest.mark.usefixtures("db")
PAGES = ("/", "/partners/new/", "/health/")


@pytest.fixture
def northwind_partner() -> Partner:
    with public_scope():
        found: Partner = Partner.objects.get(slug="northwind")
        return found


def test_an_operator_signs_in_with_their_password(operator: User) -> None:
    browser = Client(headers={"host": "localhost"})
    answer = browser.post(
        "/sign-in/", {"email": "OLGA@operator.example", "password": PASSWORD, "next": "/"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_nobody_is_sent_to_sign_in(path: str) -> None:
    answer = Client(headers={"host": "localhost"}).get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("path", PAGES)
def test_a_partners_session_opens_nothing_here(
    path: str, browse: Callable[..., Client], operator: User
) -> None:
    """Equal ids: the owner's session names user 1, and so does the operator's row."""
    partner_browser = browse(ALICE)
    stolen = Client(headers={"host": "localhost"})
    stolen.cookies = partner_browser.cookies
    assert stolen.get(path).status_code == 302


@pytest.mark.parametrize("path", PAGES)
def test_the_console_does_not_exist_on_a_partners_host(path: str, console: Client) -> None:
    answer = console.get("/health/", headers={"host": "admin.northwind.localhost"})
    assert answer.status_code in {302, 404}
    assert b"Checks" not in answer.content


def test_a_staff_member_in_the_public_schema_is_nobody(operator: User) -> None:
    with public_scope():
        stray = User.objects.create_user("s@x.example", PASSWORD, kind="staff", name="Stray")
        browser = Client(headers={"host": "localhost"})
        browser.force_login(stray)
    assert browser.get("/").status_code == 302


def test_the_list_shows_every_partner_with_its_hosts(console: Client) -> None:
    page = console.get("/").content.decode()
    for word in ("Northwind Ops", "Brightbridge", "admin.northwind.localhost"):
        assert word in page


@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ("q=bright", "Brightbridge", "Northwind Ops"),
        ("q=ADMIN.NORTH", "Northwind Ops", "Brightbridge"),
        ("status=suspended", "No partner matches", "Brightbridge"),
        ("status=nonsense&sort=-name&page=99", "Brightbridge", "No partner matches"),
    ],
)
def test_the_list_is_narrowed(console: Client, query: str, seen: str, unseen: str) -> None:
    page = console.get(f"/?{query}").content.decode()
    assert seen in page
    assert unseen not in page


def test_the_list_tells_whose_work_waits(console: Client) -> None:
    with public_scope():
        Wakeup.objects.update(due_at=None)  # both partners ring when they are set up
    assert "Work waits" not in console.get("/").content.decode()
    late = timezone.now() - timedelta(minutes=5)
    with public_scope():
        Wakeup.objects.filter(schema_name="p_northwind").update(due_at=late)
    assert console.get("/").content.decode().count("Work waits") == 1


def test_the_list_tells_whose_tables_are_behind(
    console: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = [Pending("p_brightbridge", 2)]
    monkeypatch.setattr("tenants.console.queries.pending_in", lambda schemas: behind)
    assert console.get("/").content.decode().count("Tables behind") == 1


def test_it_never_shows_who_works_at_a_partner(console: Client, northwind_partner: Partner) -> None:
    for path in ("/", f"/partners/{northwind_partner.pk}/", "/health/"):
        page = console.get(path).content.decode()
        assert ALICE.email not in page
        assert "Alder Consulting" not in page


def wanted(**changed: str) -> dict[str, str]:
    return {
        "name": "Quince Advisory",
        "slug": "quince",
        "owner_name": "Quentin Ives",
        "owner_email": "quentin@quince.example",
        **changed,
    }


def test_a_partner_is_set_up_from_the_form(console: Client, provision: object) -> None:
    answer = console.post("/partners/new/", wanted())
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "http://admin.quince.localhost/welcome/" in page
    assert "no-store" in answer.headers["Cache-Control"]
    with public_scope():
        assert Partner.objects.get(slug="quince").status == "active"
        entry = AuditEntry.objects.get(action="partner.provisioned", object_label="Quince Advisory")
    assert (entry.actor_kind, entry.door) == ("operator", "console")
    assert mail.outbox == []


def test_the_owner_is_mailed_when_asked_for(console: Client, provision: object) -> None:
    console.post("/partners/new/", wanted(send="on"))
    with schema_scope("p_quince"):
        send_due()
    assert [message.to for message in mail.outbox] == [["quentin@quince.example"]]
    assert "/welcome/" in mail.outbox[0].body


def test_the_new_owner_comes_in_by_the_link(console: Client, provision: object) -> None:
    page = console.post("/partners/new/", wanted()).content.decode()
    link = page.split("http://admin.quince.localhost")[1].split('"')[0]
    browser = Client(headers={"host": "admin.quince.localhost"})
    assert browser.get(link).status_code == 200
    browser.post(link, {"password": PASSWORD, "again": PASSWORD})
    signed = browser.post("/sign-in/", {"email": "quentin@quince.example", "password": PASSWORD})
    assert signed.status_code == 302, signed.content.decode()[:400]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"slug": "northwind"}, "is taken"),
        ({"slug": "admin"}, "is reserved"),
        ({"slug": "Bad Name"}, "small letters"),
        ({"owner_email": "nobody"}, "valid email"),
        ({"name": ""}, "required"),
    ],
)
def test_a_wrong_form_says_so_and_keeps_what_was_typed(
    console: Client, changed: dict[str, str], said: str
) -> None:
    page = console.post("/partners/new/", wanted(**changed)).content.decode()
    assert said in page
    assert "Quentin Ives" in page
    with public_scope():
        assert Partner.objects.count() == 2


def test_a_partner_is_suspended_and_resumed_with_a_reason(
    console: Client, northwind_partner: Partner
) -> None:
    at = f"/partners/{northwind_partner.pk}/"
    assert console.post(f"{at}suspend/", {"reason": ""}).status_code == 422
    assert console.post(f"{at}suspend/", {"reason": "Unpaid"}).status_code == 302
    page = console.get(at).content.decode()
    assert "Unpaid" in page
    assert Client(headers={"host": "northwind.localhost"}).get("/sign-in/").status_code == 503
    assert console.post(f"{at}resume/", {"reason": "Paid"}).status_code == 302
    assert "Resumed a partner" in console.get(at).content.decode()
    assert Client(headers={"host": "northwind.localhost"}).get("/sign-in/").status_code == 200


def test_a_host_is_added_served_and_removed(console: Client, northwind_partner: Partner) -> None:
    at = f"/partners/{northwind_partner.pk}/"
    console.post(f"{at}hosts/", {"host": "portal.northwind.example", "kind": "portal"})
    with public_scope():
        host = Domain.objects.get(domain="portal.northwind.example")
    console.post(f"/hosts/{host.pk}/activate/")
    assert Client(headers={"host": host.domain}).get("/sign-in/").status_code == 200
    console.post(f"/hosts/{host.pk}/remove/")
    assert Client(headers={"host": host.domain}).get("/sign-in/").status_code == 404
    wrong = console.post(f"{at}hosts/", {"host": "http://x", "kind": "portal"})
    assert wrong.status_code == 422
    assert "without https://" in wrong.content.decode()


def test_a_fresh_link_only_for_an_owner_who_never_came_in(
    console: Client, northwind_partner: Partner, provision: Callable[..., Any]
) -> None:
    refused = console.post(f"/partners/{northwind_partner.pk}/invite/", follow=True)
    assert "owners invite each other" in refused.content.decode()
    made = provision()
    page = console.post(f"/partners/{made.partner.pk}/invite/").content.decode()
    assert "http://admin.quince.localhost/welcome/" in page
    with schema_scope("p_quince"):
        assert AuditEntry.objects.filter(action="owner.link_renewed").exists()


def test_health_shows_what_doctor_says(console: Client) -> None:
    page = console.get("/health/").content.decode()
    assert "Audit trail" in page
    assert "What to do" in page


@pytest.mark.parametrize(
    "path", ["/partners/999999/", "/partners/0/", "/admin/", "/partners/x/", "/hosts/1/"]
)
def test_what_is_not_there_is_404(console: Client, path: str) -> None:
    missing = console.get(path)
    assert missing.status_code == 404
    assert "Go to the start page" in missing.content.decode()


@pytest.mark.parametrize(
    "path", ["/partners/1/suspend/", "/partners/1/hosts/", "/hosts/1/remove/", "/sign-out/"]
)
def test_changes_are_posts(console: Client, path: str) -> None:
    assert console.get(path).status_code == 405


def test_a_form_of_another_site_is_refused(operator: User) -> None:
    browser = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
    with public_scope():
        browser.force_login(operator)
    assert browser.post("/partners/new/", wanted()).status_code == 403
