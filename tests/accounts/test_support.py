"""Support grants: an operator acts for a partner only while it lets them, and is seen."""

import re
from collections.abc import Callable
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from tenants.accounts.actors import actor_for
from tenants.accounts.models import SupportGrant, SupportVisit, User
from tenants.accounts.permissions import PERMISSIONS, SUPPORT_PERMISSIONS
from tenants.accounts.services import support
from tenants.accounts.services.support import give_grant, revoke_grant
from tenants.context import public_scope, schema_scope
from tenants.models import Domain, Partner
from tenants.services.suspension import suspend_partner
from tests.actors import ALICE, BOB, GRACE, PASSWORD, Person
from tests.at_home import page_url

ActorOf = Callable[[Person], Actor]
Browse = Callable[..., Browser]
ADMIN = "admin.northwind.localhost"
pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture
def olga(northwind: Partner) -> User:
    """An operator."""
    with public_scope():
        return User.objects.create_user(
            "olga@operator.example", PASSWORD, kind="operator", name="Olga Reyes"
        )


@pytest.fixture
def console(olga: User) -> Browser:
    """Olga's browser at the console."""
    browser = Browser(headers={"host": "localhost"})
    with public_scope():
        browser.force_login(olga)
    return browser


@pytest.fixture
def grant(actor: ActorOf) -> SupportGrant:
    """Alice lets support read for four hours."""
    return give_grant(actor(ALICE), level="read", reason="Invoices are stuck", hours=4)


@pytest.fixture
def full(actor: ActorOf) -> SupportGrant:
    """Alice lets support operate."""
    return give_grant(actor(ALICE), level="full", reason="Invoices are stuck", hours=4)


def ask(console: Browser, partner: Partner, grant_id: int) -> "tuple[int, str]":
    """Ask for a ticket in the console; returns the status and the path that it gives."""
    answer = console.post(
        f"/partners/{partner.pk}/support/{grant_id}/",
        {"support-reason": "Looking at the hold"},
        headers={"host": "localhost"},
    )
    found = re.search(r"/support/enter/[^\"]+/", answer.content.decode())
    return answer.status_code, found[0] if found else ""


def come_in(console: Browser, partner: Partner, grant: SupportGrant) -> Browser:
    """Return a browser that is in as support."""
    path = ask(console, partner, grant.pk)[1]
    browser = Browser(headers={"host": ADMIN})
    assert browser.get(path).status_code == 200
    assert browser.post(path).status_code == 302
    return browser


@pytest.fixture
def inside(console: Browser, northwind: Partner, grant: SupportGrant) -> Browser:
    """Olga, in under the grant to read."""
    return come_in(console, northwind, grant)


def trail(action: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("pk"))


def public_trail(action: str) -> list[AuditEntry]:
    with public_scope():
        return trail(action)


# --- what it lets do -----------------------------------------------------------------


def test_support_reads_under_its_own_name_with_a_banner_and_a_way_out(inside: Browser) -> None:
    page = inside.get(page_url("client_list"))
    text = page.content.decode()
    assert page.status_code == 200
    assert "Alder Consulting" in text
    assert "Support (Olga Reyes): read only" in text
    assert "/support/leave/" in text
    assert "olga@operator.example" not in text
    assert "Support (Olga Reyes)" in inside.get("/no/such/page/").content.decode()


def test_read_only_changes_nothing(inside: Browser) -> None:
    assert inside.get(page_url("client_add")).status_code == 403
    assert inside.post(page_url("client_add"), {"name": "X"}).status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        "person_list", "person_invite", "role_add", "token_list", "token_make", "support_list",
        "connection_catalogue", "tier_add", "brand_edit",
    ],
)  # fmt: skip
def test_not_even_full_access_opens_people_tokens_grants_credentials_and_prices(
    console: Browser, northwind: Partner, full: SupportGrant, name: str
) -> None:
    browser = come_in(console, northwind, full)
    assert browser.get(page_url("client_add")).status_code == 200
    assert browser.get(page_url(name)).status_code == 403
    assert browser.post(page_url(name)).status_code == 403


def test_what_support_may_is_written_out_and_holds_nothing_that_widens_itself() -> None:
    barred = {
        "users.manage", "tokens.manage", "support.grant", "connections.manage", "prices.manage",
        "brand.manage",
        "changes.propose", "changes.approve", "changes.apply",
    }  # fmt: skip
    for held in SUPPORT_PERMISSIONS.values():
        assert held <= PERMISSIONS.keys()
        assert not held & barred
    assert all(name.endswith(".view") for name in SUPPORT_PERMISSIONS["read"])


def test_support_acts_as_a_kind_of_its_own_and_each_page_leaves_a_trace(
    console: Browser, northwind: Partner, full: SupportGrant
) -> None:
    browser = come_in(console, northwind, full)
    browser.get(page_url("client_list"))
    browser.post(
        page_url("client_add"),
        {"name": "Cedar", "time_zone": "UTC", "currency": "EUR", "locale": "en-gb"},
    )
    added = trail("client.added")[-1]
    assert (added.actor_kind, added.actor_id) == ("support", full.pk)
    assert added.actor_label == "Support (Olga Reyes)"
    assert page_url("client_list") in [one.object_label for one in trail("support.opened")]


# --- getting in ----------------------------------------------------------------------


def test_without_a_grant_there_is_nothing_to_ask_for(console: Browser, northwind: Partner) -> None:
    assert ask(console, northwind, 1) == (404, "")
    page = console.get(f"/partners/{northwind.pk}/", headers={"host": "localhost"})
    assert "Come in as support" not in page.content.decode()


def test_a_grant_of_another_partner_opens_nothing(
    console: Browser, northwind: Partner, grant: SupportGrant
) -> None:
    other = Partner.objects.get(slug="brightbridge")
    assert ask(console, other, grant.pk) == (404, "")
    path = ask(console, northwind, grant.pk)[1]
    foreign = Browser(headers={"host": "admin.brightbridge.localhost"})
    assert foreign.get(path).status_code == 410
    assert foreign.post(path).status_code == 410
    for host in ("northwind.localhost", "localhost"):
        assert Browser(headers={"host": host}).post(path).status_code in {403, 404}
    assert Browser(headers={"host": ADMIN}).post(path).status_code == 302


def test_a_ticket_works_once_and_for_two_minutes(
    console: Browser, northwind: Partner, grant: SupportGrant
) -> None:
    path = ask(console, northwind, grant.pk)[1]
    assert Browser(headers={"host": ADMIN}).post(path).status_code == 302
    assert Browser(headers={"host": ADMIN}).post(path).status_code == 410
    late = ask(console, northwind, grant.pk)[1]
    SupportVisit.objects.filter(entered_at=None).update(
        asked_at=timezone.now() - timedelta(minutes=3)
    )
    assert Browser(headers={"host": ADMIN}).post(late).status_code == 410


def test_a_followed_link_signs_nobody_in_and_nobody_loses_their_own_session(
    console: Browser, northwind: Partner, grant: SupportGrant, browse: Browse
) -> None:
    path = ask(console, northwind, grant.pk)[1]
    browser = Browser(headers={"host": ADMIN})
    browser.get(path)
    assert browser.get("/").status_code == 302
    bob = browse(BOB)
    assert bob.post(path).status_code == 409
    assert "Bob Tran" in bob.get("/").content.decode()


def test_only_a_signed_in_operator_gets_a_ticket(
    browse: Browse, northwind: Partner, grant: SupportGrant, actor: ActorOf
) -> None:
    stranger = Browser(headers={"host": "localhost"})
    stranger.cookies = browse(ALICE).cookies
    assert ask(stranger, northwind, grant.pk)[0] == 302
    with pytest.raises(NotPermitted):
        support.ask_in(actor(ALICE), northwind, grant.pk, "Let me")


def test_a_reason_is_needed(console: Browser, northwind: Partner, grant: SupportGrant) -> None:
    answer = console.post(
        f"/partners/{northwind.pk}/support/{grant.pk}/", headers={"host": "localhost"}
    )
    assert answer.status_code == 302
    assert not SupportVisit.objects.exists()


# --- getting out ---------------------------------------------------------------------


@pytest.fixture(params=["expired", "revoked", "operator closed", "left"])
def ended(
    request: pytest.FixtureRequest, inside: Browser, grant: SupportGrant, actor: ActorOf, olga: User
) -> str:
    """One of the ways in which a stay ends while the cookie lives on."""
    if request.param == "expired":
        SupportGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif request.param == "revoked":
        revoke_grant(actor(ALICE), grant)
    elif request.param == "operator closed":
        with public_scope():
            User.objects.filter(pk=olga.pk).update(is_active=False)
    else:
        kept = inside.cookies["session"].value
        assert inside.post("/support/leave/").status_code == 200
        inside.cookies["session"] = kept
    return str(request.param)


def test_the_end_holds_from_the_next_request_and_the_old_cookie_opens_nothing(
    ended: str, inside: Browser
) -> None:
    for _ in range(2):
        answer = inside.get(page_url("client_list"))
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in/")
    action = "support.left" if ended == "left" else "support.ended"
    assert len(trail(action)) == 1
    assert len(public_trail(action)) == 1


def test_a_session_is_of_one_host_of_one_partner(inside: Browser) -> None:
    for host in ("northwind.localhost", "admin.brightbridge.localhost", "brightbridge.localhost"):
        other = Browser(headers={"host": host})
        other.cookies = inside.cookies
        answer = other.get("/")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in/")


def test_a_session_is_worth_nothing_at_another_name_of_the_same_staff_host(
    inside: Browser, northwind: Partner
) -> None:
    """Whoever gets a name that the partner has lost gets the cookies that are sent there, too."""
    assert inside.get("/").status_code == 200
    with public_scope():
        Domain.objects.create(
            tenant=northwind, domain="staff.northwind.example", kind="admin", state="active"
        )
    other = Browser(headers={"host": "staff.northwind.example"})
    other.cookies = inside.cookies
    answer = other.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/")
    assert inside.get("/").status_code == 200, "where it began it goes on"


def test_a_suspended_partner_is_closed_to_support_too(
    inside: Browser, console: Browser, northwind: Partner, grant: SupportGrant, olga: User
) -> None:
    with public_scope():
        suspend_partner(actor_for(olga), northwind, "Unpaid")
    assert inside.get("/").status_code == 503
    assert ask(console, northwind, grant.pk)[1] == ""


def test_the_session_is_not_an_api_token(inside: Browser) -> None:
    assert inside.get("/api/v1/clients/").status_code == 401


# --- the partner's side --------------------------------------------------------------


def test_an_owner_gives_sees_and_takes_back(
    browse: Browse, console: Browser, northwind: Partner
) -> None:
    alice = browse(ALICE)
    alice.post(
        page_url("support_list"), {"level": "read", "hours": "4", "reason": "Invoices are stuck"}
    )
    grant = SupportGrant.objects.get()
    inside = come_in(console, northwind, grant)
    page = alice.get(page_url("support_list")).content.decode()
    assert "Olga Reyes" in page
    assert "Looking at the hold" in page
    link = f"{page_url('audit_list')}?who=support%3A{grant.pk}"
    assert link in page
    inside.get(page_url("run_list"))
    done = alice.get(link).content.decode()
    assert "Support came in" in done
    assert page_url("run_list") in done
    alice.post(page_url("support_revoke", grant.pk))
    assert inside.get("/").status_code == 302


@pytest.mark.parametrize("hours", [0, 73, -1])
def test_a_grant_has_a_short_end(actor: ActorOf, hours: int) -> None:
    with pytest.raises(ValidationError):
        give_grant(actor(ALICE), level="read", reason="r", hours=hours)


def test_only_who_may_and_only_a_person_lets_support_in(actor: ActorOf, alder: object) -> None:
    alice = actor(ALICE)
    token = Actor("token", 1, "t", permissions=alice.permissions, person_id=alice.id)
    for other in (actor(BOB), actor(GRACE), token):
        with pytest.raises(NotPermitted):
            give_grant(other, level="full", reason="r", hours=1)
    assert not SupportGrant.objects.exists()


def test_both_sides_keep_every_step(inside: Browser, grant: SupportGrant, olga: User) -> None:
    inside.post("/support/leave/")
    for action in ("support.granted", "support.asked", "support.entered", "support.left"):
        (ours,) = trail(action)
        (theirs,) = public_trail(action)
        assert (ours.object_kind, ours.object_id) == ("support_grant", str(grant.pk))
        assert (theirs.object_kind, theirs.object_label) == ("partner", "Northwind Ops")
        assert "@" not in theirs.actor_label
        if action != "support.granted":
            assert (ours.actor_kind, ours.actor_id) == ("support", grant.pk)
            assert (theirs.actor_kind, theirs.actor_id) == ("operator", olga.pk)


def test_equal_ids_at_two_partners_are_two_grants(
    console: Browser, northwind: Partner, grant: SupportGrant
) -> None:
    """Brightbridge has a grant of the same number; a stay here does not end or open with it."""
    other = Partner.objects.get(slug="brightbridge")
    with schema_scope(other.schema_name):
        SupportGrant.objects.create(
            pk=grant.pk,
            level="full",
            reason="r",
            granted_by=User.objects.get(email=ALICE.email),
            expires_at=timezone.now() + timedelta(hours=1),
        )
    path = ask(console, other, grant.pk)[1]
    assert Browser(headers={"host": ADMIN}).post(path).status_code == 410
    connection.set_tenant(northwind)  # type: ignore[attr-defined]  # the tenant backend's


def test_a_failing_public_trail_lets_nobody_in(
    console: Browser, northwind: Partner, grant: SupportGrant
) -> None:
    path = ask(console, northwind, grant.pk)[1]
    browser = Browser(headers={"host": ADMIN}, raise_request_exception=False)
    with patch.object(support, "public_scope", side_effect=RuntimeError):
        assert browser.post(path).status_code == 500
    assert not SupportVisit.objects.filter(entered_at__isnull=False).exists()
