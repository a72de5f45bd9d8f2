"""Domains through their doors: the staff's pages, the API, the operators' console."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django_tenants.utils import tenant_context
from pytest_django import Settings

from governance.actors import command_actor
from tenants.accounts.models import User
from tenants.accounts.services.tokens import make_token
from tenants.models import Domain, Partner
from tenants.services.domains import add_domain
from tests.actors import ALICE, BOB
from tests.fakes.dns import FakeDns

OPERATOR = command_actor("tests")
NAME = "portal.northwind.example"
TARGET = "in.platform.example"
HOST = "admin.northwind.localhost"
Browse = Callable[..., Browser]


@pytest.fixture(autouse=True)
def _target(settings: Settings, zone: FakeDns) -> None:
    settings.DOMAIN_TARGET = TARGET
    zone.point(TARGET, "192.0.2.1")


@pytest.fixture
def partner(db: None) -> Partner:
    return Partner.objects.get(slug="northwind")


@pytest.fixture
def owner(browse: Browse) -> Browser:
    return browse(ALICE)


@pytest.fixture
def calls(partner: Partner) -> Browser:
    """A program with the owner's token."""
    with tenant_context(partner):
        user = User.objects.get(email=ALICE.email)
        _, text = make_token(OPERATOR, user=user, name="t", scopes=["domains.manage"])
    return Browser(headers={"host": HOST, "authorization": f"Bearer {text}"})


def proven(partner: Partner, zone: FakeDns, name: str = NAME, kind: str = "portal") -> Domain:
    """Add a name and write down what proves it."""
    row = add_domain(OPERATOR, partner, name, kind)
    zone.prove(row.record_name, row.token)
    zone.point(name, "203.0.113.5", via=[TARGET])
    return row


def text_of(browser: Browser, path: str) -> str:
    return browser.get(path).content.decode()


def test_an_owner_adds_proves_and_removes_a_domain(
    owner: Browser, zone: FakeDns, partner: Partner
) -> None:
    assert "northwind.localhost" in text_of(owner, "/domains/")
    sent = owner.post("/domains/add/", {"domain": NAME, "kind": "portal"})
    row = Domain.objects.get(domain=NAME)
    assert sent.headers["Location"] == f"/domains/{row.pk}/"
    page = text_of(owner, f"/domains/{row.pk}/")
    for word in (row.record_name, row.token, TARGET, "CNAME", "TXT", "data-copy"):
        assert word in page
    owner.post(f"/domains/{row.pk}/check/")
    assert "No TXT record found at" in text_of(owner, f"/domains/{row.pk}/")
    Domain.objects.filter(pk=row.pk).update(checked_at=None)
    zone.prove(row.record_name, row.token)
    zone.point(NAME, via=[TARGET])
    owner.post(f"/domains/{row.pk}/check/")
    assert "In service" in text_of(owner, f"/domains/{row.pk}/")
    assert Browser(headers={"host": NAME}).get("/sign-in/").status_code == 200
    assert "What stops" in text_of(owner, f"/domains/{row.pk}/remove/")
    gone = owner.post(f"/domains/{row.pk}/remove/", follow=True)
    assert "no longer served" in gone.content.decode()
    assert Browser(headers={"host": NAME}).get("/sign-in/").status_code == 404
    assert owner.get(f"/domains/{row.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("https://x.example", "without https://"),
        ("a.example\r\nb", "cannot be seen"),
        ("brightbridge.localhost", "lead nowhere"),
        ("*.x.example", "Wildcards"),
        ("<script>.example", "no part of a domain"),
        ("a" * 300, "longer than 253"),
        ("", "required"),
    ],
)
def test_a_wrong_name_is_told_at_the_field_and_kept(owner: Browser, name: str, said: str) -> None:
    answer = owner.post("/domains/add/", {"domain": name, "kind": "portal"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert said in page
    assert "<script>.example" not in page


def test_strangers_text_from_dns_is_only_text(
    owner: Browser, partner: Partner, zone: FakeDns
) -> None:
    row = add_domain(OPERATOR, partner, NAME, "portal")
    zone.prove(row.record_name, "<script>alert(1)</script>{{ brand.name }}")
    owner.post(f"/domains/{row.pk}/check/")
    for path in ("/domains/", f"/domains/{row.pk}/"):
        page = text_of(owner, path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "{{ brand.name }}" in page


def test_the_owner_serves_a_proved_name_and_chooses_the_one_for_links(
    owner: Browser, partner: Partner, zone: FakeDns
) -> None:
    row = proven(partner, zone)
    zone.point(NAME, "203.0.113.5")
    owner.post(f"/domains/{row.pk}/check/")
    assert "203.0.113.5, expected" in text_of(owner, f"/domains/{row.pk}/")
    owner.post(f"/domains/{row.pk}/activate/")
    assert "Mails and invitations link to it" in text_of(owner, f"/domains/{row.pk}/")
    platform = Domain.objects.get(domain="northwind.localhost")
    owner.post(f"/domains/{platform.pk}/links/")
    assert "link to another address" in text_of(owner, f"/domains/{row.pk}/")
    refused = owner.post(f"/domains/{platform.pk}/remove/", follow=True)
    assert "address stays" in refused.content.decode()


def test_who_removes_the_domain_that_they_came_by_goes_on_elsewhere(
    partner: Partner, zone: FakeDns, browse: Browse
) -> None:
    row = proven(partner, zone, "ops.northwind.example", "admin")
    browse(ALICE).post(f"/domains/{row.pk}/check/")
    there = browse(ALICE, host="ops.northwind.example")
    answer = there.post(f"/domains/{row.pk}/remove/")
    assert answer.headers["Location"] == f"http://{HOST}/domains/"
    assert there.get("/").status_code == 404


def test_another_partners_domain_is_not_there(
    owner: Browser, calls: Browser, zone: FakeDns
) -> None:
    theirs = proven(Partner.objects.get(slug="brightbridge"), zone, "x.rival.example")
    for path in ("", "remove/"):
        assert owner.get(f"/domains/{theirs.pk}/{path}").status_code == 404
    for path in ("check/", "activate/", "links/", "remove/"):
        assert owner.post(f"/domains/{theirs.pk}/{path}").status_code == 404
    assert calls.get(f"/api/v1/domains/{theirs.pk}/").status_code == 404
    assert calls.delete(f"/api/v1/domains/{theirs.pk}/").status_code == 404
    for path in ("check", "activate", "primary"):
        assert calls.post(f"/api/v1/domains/{theirs.pk}/{path}/").status_code == 404
    assert "rival" not in text_of(owner, "/domains/")
    theirs.refresh_from_db()
    assert (theirs.state, theirs.checked_at) == ("pending", None)


def test_who_may_not_manage_domains_gets_no_page_and_no_menu_entry(browse: Browse) -> None:
    bob = browse(BOB)
    assert bob.get("/domains/").status_code == 403
    assert 'href="/domains/"' not in text_of(bob, "/")
    assert 'href="/domains/"' in text_of(browse(ALICE), "/")


def test_a_program_does_the_same(calls: Browser, zone: FakeDns) -> None:
    made = calls.post("/api/v1/domains/", {"domain": NAME, "kind": "portal"}, "application/json")
    body = made.json()
    assert made.status_code == 201
    assert (body["domain"], body["state"]) == (NAME, "pending")
    proof = body["records"][0]
    assert (proof["type"], proof["host"]) == ("TXT", f"_domain-proof.{NAME}")
    zone.prove(proof["host"], proof["value"])
    at = f"/api/v1/domains/{body['id']}/"
    seen = calls.post(f"{at}check/").json()
    assert (seen["state"], seen["proof"]) == ("verified", "The TXT record is in place.")
    assert calls.post(f"{at}check/").status_code == 400, "not in a rush"
    assert calls.post(f"{at}activate/").json()["state"] == "active"
    assert calls.post(f"{at}primary/").json()["used_for_links"] is True
    hosts = {row["domain"] for row in calls.get("/api/v1/domains/").json()["results"]}
    assert hosts == {NAME, "northwind.localhost", "admin.northwind.localhost"}
    assert calls.delete(at).status_code == 204
    assert calls.get(at).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"domain": "https://x.example", "kind": "portal"}, "domain"),
        ({"domain": "x.example\n", "kind": "portal"}, "domain"),
        ({"domain": "x.example\x00", "kind": "portal"}, "domain"),
        ({"domain": "x.example", "kind": "public"}, "kind"),
        ({"domain": ["x"], "kind": "portal"}, "domain"),
        ({}, "domain"),
    ],
)
def test_a_wrong_call_names_the_field(calls: Browser, body: dict[str, object], field: str) -> None:
    answer = calls.post("/api/v1/domains/", body, content_type="application/json")
    assert answer.status_code == 400
    assert field in {row["field"] for row in answer.json()["error"]["fields"]}


def test_operators_see_every_domain_and_what_dns_said(
    console: Browser, partner: Partner, zone: FakeDns, owner: Browser
) -> None:
    row = add_domain(OPERATOR, partner, NAME, "portal")
    owner.post(f"/domains/{row.pk}/check/")
    page = text_of(console, "/domains/")
    for word in (NAME, "No TXT record found", "admin.brightbridge.localhost", "Northwind Ops"):
        assert word in page
    assert ALICE.email not in page
    assert NAME not in text_of(console, "/domains/?state=active")
    assert NAME in text_of(console, "/domains/?state=pending&q=NORTHWIND")
    assert "No domain matches" in text_of(console, "/domains/?state=failing")
    assert console.get("/domains/?state=x&q=%25&page=99").status_code == 200
