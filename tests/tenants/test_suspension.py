"""A suspended partner's hosts pause, its work is not swept, and nothing is lost."""

import re
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django_tenants.utils import tenant_context

from branding.models import Brand
from governance import correlation
from governance.actors import Actor, command_actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from tenants.context import public_scope
from tenants.models import Partner
from tenants.services.suspension import resume_partner, suspend_partner, working_schemas
from tests.actors import ALICE, GRACE, Person
from tests.isolation.routes import routes

OPERATOR = command_actor("tests")
pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def partner() -> Partner:
    found: Partner = Partner.objects.get(slug="northwind")
    return found


def status_at(host: str) -> int:
    return Client(headers={"host": host}).get("/sign-in/").status_code


@pytest.mark.parametrize("host", ["northwind.localhost", "admin.northwind.localhost"])
def test_its_hosts_answer_that_the_service_is_paused(partner: Partner, host: str) -> None:
    assert status_at(host) == 200
    suspend_partner(OPERATOR, partner, "Unpaid since August")
    paused = Client(headers={"host": host}).get("/sign-in/")
    assert paused.status_code == 503
    assert paused.headers["Retry-After"]
    assert b"Unpaid" not in paused.content, "the reason is the operator's"
    assert b"Livery" not in paused.content
    assert status_at("brightbridge.localhost") == 200
    resume_partner(OPERATOR, partner, "Paid")
    assert status_at(host) == 200


def test_its_api_is_paused_too(partner: Partner) -> None:
    suspend_partner(OPERATOR, partner, "Unpaid")
    answer = Client(headers={"host": "northwind.localhost"}).get("/api/v1/clients/")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"


def test_its_work_is_not_swept(partner: Partner) -> None:
    assert "p_northwind" in working_schemas()
    suspend_partner(OPERATOR, partner, "Unpaid")
    assert "p_northwind" not in working_schemas()
    assert "p_brightbridge" in working_schemas()
    resume_partner(OPERATOR, partner, "Paid")
    assert "p_northwind" in working_schemas()


def test_both_are_in_the_trail_with_who_and_why(partner: Partner, operating: Actor) -> None:
    with correlation.scope(actor=operating, door="console"):
        suspend_partner(operating, partner, "Unpaid")
        suspend_partner(operating, partner, "Unpaid, again")
        resume_partner(operating, partner, "Paid")
    with public_scope():
        entries = AuditEntry.objects.filter(object_kind="partner", object_id=str(partner.pk))
        told = [
            (entry.action, entry.reason, entry.actor_kind)
            for entry in entries.exclude(action="partner.provisioned").order_by("pk")
        ]
    assert told == [
        ("partner.suspended", "Unpaid", "operator"),
        ("partner.resumed", "Paid", "operator"),
    ]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_a_reason_is_needed(partner: Partner, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        suspend_partner(OPERATOR, partner, reason)
    assert "reason" in refused.value.message_dict


def test_a_partners_owner_may_not(partner: Partner) -> None:
    owner = Actor(kind="person", id=1, label="Alice", permissions=frozenset({"users.manage"}))
    with pytest.raises(NotPermitted):
        suspend_partner(owner, partner, "Because")


HOSTS = ["northwind.localhost", "admin.northwind.localhost"]


@pytest.fixture
def branded(partner: Partner) -> Partner:
    with tenant_context(partner):
        Brand.objects.filter(state="live").delete()
        Brand.objects.create(
            state="live", name="North Star", primary="#7a1fa2", support_email="help@north.example"
        )
    return partner


@pytest.mark.parametrize("host", HOSTS)
def test_the_page_is_in_the_partners_brand_with_its_support_address(
    branded: Partner, host: str
) -> None:
    suspend_partner(OPERATOR, branded, "Unpaid since August")
    browser = Client(headers={"host": host})
    answer = browser.get("/work/exceptions/1/?x=1")
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "North Star" in page
    assert "mailto:help@north.example" in page
    assert "Northwind Ops" not in page
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    theme = re.search(r'href="(/theme\.css\?v=\w+)"', page)
    assert theme
    assert browser.get(theme[1]).status_code == 200
    assert browser.get("/brand/icon.png").headers["Content-Type"] == "image/png"


@pytest.mark.parametrize("person", [ALICE, GRACE], ids=lambda person: person.name)
def test_nothing_else_is_reachable_not_even_with_an_open_session(
    branded: Partner, browse: Callable[..., Client], person: Person
) -> None:
    browser = browse(person)
    assert browser.get("/").status_code == 200
    suspend_partner(OPERATOR, branded, "Unpaid")
    for route in routes("portal" if person.client else "admin"):
        if route.name in {
            "theme",
            "brand_icon",
            "brand_icon_sized",
            "brand_social",
            "brand_logo",
            "brand_client_logo",
            "favicon",
            "manifest",
            "robots",
        }:
            continue  # fmt: skip
        path = "/" + re.sub(r"<[^>]+>", "1", route.pattern)
        for method in ("GET", "POST"):
            answer = browser.generic(method, path)
            assert answer.status_code == 503, f"{method} {path}"
            assert person.name.encode() not in answer.content


def test_a_partner_without_a_brand_is_paused_under_its_own_name(partner: Partner) -> None:
    with tenant_context(partner):
        Brand.objects.all().delete()
    suspend_partner(OPERATOR, partner, "Unpaid")
    page = Client(headers={"host": HOSTS[0]}).get("/").content.decode()
    assert "Ask Northwind Ops if it stays so." in page
