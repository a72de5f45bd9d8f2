"""A new partner's checklist: computed, put away by the owner, and gone when all is done."""

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urlencode

from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.crowd import make_crowd
from branding.models import Brand
from governance.actors import Actor
from governance.models import AuditEntry, ChangeRequest
from governance.services.changes import withdraw
from syncjobs.models import Blueprint, Connection
from syncjobs.services.connections import create_connection
from syncjobs.services.workflow_changes import Wanted, propose_installation
from tenants.accounts.models import Client, User
from tenants.models import Domain, Partner
from tests.actors import ALICE, BOB, DAVE, FRANK, Person
from tests.at_home import at_home, page_url

__all__ = ["at_home"]
Browse = Callable[..., Browser]
TITLE = "Getting started"


def shown(browser: Browser) -> str:
    return browser.get("/").content.decode()


def test_it_says_what_is_done_and_leads_to_what_is_not(at_home: Partner, browse: Browse) -> None:
    browser = browse(ALICE)
    page = shown(browser)
    assert "2 of 7 done" in page, "the cast has clients and colleagues"
    for name in ("brand_edit", "connection_catalogue", "workflow_install"):
        assert f'<a href="{page_url(name)}">' in page
    Connection.objects.create(client=Client.objects.all()[0], name="ERP", connector="sandbox_erp")
    Brand.objects.filter(state="live").update(primary="#123456")
    assert "4 of 7 done" in shown(browser)


def test_it_is_for_those_who_can_do_something_about_it(at_home: Partner, browse: Browse) -> None:
    assert TITLE in shown(browse(BOB))
    assert TITLE not in shown(browse(DAVE))
    assert TITLE not in shown(browse(FRANK))
    assert f'<a href="{page_url("brand_edit")}">Set your brand' not in shown(browse(BOB))


def test_the_owner_puts_it_away_and_nobody_else(at_home: Partner, browse: Browse) -> None:
    address = page_url("onboarding_dismiss")
    assert browse(BOB).post(address).status_code == 403
    assert TITLE in shown(browse(BOB))
    assert browse(ALICE).post(address).status_code == 302
    assert TITLE not in shown(browse(ALICE))
    assert AuditEntry.objects.filter(action="checklist.dismissed").count() == 1
    browse(ALICE).post(address)
    assert AuditEntry.objects.filter(action="checklist.dismissed").count() == 1


def test_a_domain_of_ones_own_is_one_way_to_have_that_step_done(
    at_home: Partner, browse: Browse
) -> None:
    Domain.objects.create(tenant=at_home, domain="portal.cedar.example", kind="portal")
    assert "3 of 7 done" in shown(browse(ALICE))


def test_saying_that_no_domain_is_needed_is_the_other(at_home: Partner, browse: Browse) -> None:
    browser = browse(ALICE)
    browser.post(page_url("onboarding_dismiss"), {"step": "domain"})
    page = shown(browser)
    assert "3 of 7 done" in page
    assert TITLE in page


def test_once_all_is_done_it_goes_and_is_not_looked_for_again(
    at_home: Partner, browse: Browse
) -> None:
    make_crowd(1, records_each=2)
    Brand.objects.filter(state="live").update(primary="#123456")
    Domain.objects.create(tenant=at_home, domain="portal.cedar.example", kind="portal")
    browser = browse(ALICE)
    assert TITLE not in shown(browser)
    with CaptureQueriesContext(connection) as captured:
        shown(browser)
    assert not [
        one for one in captured if "branding_brand" in one["sql"] and "EXISTS" in one["sql"]
    ]


def test_it_takes_one_query(at_home: Partner, browse: Browse) -> None:
    browser = browse(ALICE)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            shown(browser)
        return len([one for one in captured if not one["sql"].startswith("SET ")])

    shown(browser)
    with_it = queries()
    browser.post(page_url("onboarding_dismiss"))
    shown(browser)
    assert queries() == with_it - 1


def test_whoever_works_alone_needs_no_colleague(at_home: Partner, browse: Browse) -> None:
    User.objects.exclude(email=ALICE.email).update(is_active=False)
    browser = browse(ALICE)
    assert "1 of 7 done" in shown(browser)
    assert 'aria-label="Invite a colleague: not needed"' in shown(browser)
    browser.post(page_url("onboarding_dismiss"), {"step": "people"})
    assert "2 of 7 done" in shown(browser)
    assert "Invite a colleague: not needed" not in shown(browser)


def test_who_installs_before_connecting_is_led_to_the_systems(
    at_home: Partner, browse: Browse
) -> None:
    browser, client = browse(ALICE), Client.objects.all()[0]
    choice = browser.get(page_url("workflow_install")).content.decode()
    blueprint = Blueprint.objects.get(slug="contract_changes")
    assert blueprint.summary in unescape(choice)
    asked = {"client": str(client.pk), "blueprint": blueprint.slug}
    page = browser.get(page_url("workflow_install"), asked).content.decode()
    assert "has none of these yet: Contracts, CRM, ERP, PSA." in page
    assert f'href="{page_url("connection_catalogue")}?client={client.pk}"' in page
    assert "Propose installation" not in page
    for name, system in (("Old", "crm"), ("Books", "erp")):
        Connection.objects.create(client=client, name=name, connector=f"sandbox_{system}")
    Connection.objects.filter(name="Books").update(state="ready")
    there = {**asked, "blueprint": "customer_master"}
    page = browser.get(page_url("workflow_install"), there).content.decode()
    assert "Propose installation" in page
    assert "Old (not tested yet)" in page
    assert "Gate: Complete customer." in page  # what stops a record is read before it is signed
    assert ">Books</option>" in page


def test_a_system_of_which_a_blueprint_has_only_optional_parts_may_be_left_out(
    at_home: Partner, browse: Browse
) -> None:
    browser, client = browse(ALICE), Client.objects.all()[0]
    made = {
        kind: Connection.objects.create(client=client, name=kind, connector=f"sandbox_{kind}")
        for kind in ("crm", "erp", "staffing")
    }
    asked = {"client": str(client.pk), "blueprint": "opportunity_to_project"}
    page = browser.get(page_url("workflow_install"), asked).content.decode()
    assert "has none of these yet: PSA." in page

    made["psa"] = Connection.objects.create(client=client, name="psa", connector="sandbox_psa")
    page = browser.get(page_url("workflow_install"), asked).content.decode()
    assert ">Without one</option>" in page
    answers = {f"role_{kind}": str(one.pk) for kind, one in made.items() if kind != "staffing"}
    address = f"{page_url('workflow_install')}?{urlencode(asked)}"
    browser.post(address, {**answers, "name": "Won work", "role_staffing": ""})
    proposed = ChangeRequest.objects.latest("pk").changes.get().content
    assert set(proposed["bindings"]) == {"crm", "erp", "psa"}


def test_a_proposed_installation_waits_and_is_no_longer_to_do(
    at_home: Partner, browse: Browse, actor: Callable[[Person], Actor]
) -> None:
    browser, client = browse(ALICE), Client.objects.all()[0]
    assert "Waiting for approval" not in shown(browser)
    bound = {
        system: Connection.objects.create(
            client=client, name=system, connector=f"sandbox_{system}", state="ready"
        )
        for system in ("crm", "erp")
    }
    blueprint = Blueprint.objects.get(slug="customer_master")
    asked = propose_installation(actor(BOB), client, blueprint, Wanted("Customers", bound, {}))
    assert asked.status == "submitted"
    assert "Waiting for approval" in shown(browser)
    withdraw(actor(BOB), asked.pk, comment="Not now")
    assert "Waiting for approval" not in shown(browser)


def test_a_mistyped_address_is_told_and_leaves_no_connection(
    at_home: Partner, browse: Browse
) -> None:
    client = Client.objects.all()[0]
    address = page_url("connection_add", "sandbox_crm")
    values = {"client": client.pk, "name": "CRM", "secret_token": "t"}
    page = browse(ALICE).post(address, {**values, "config_base_url": "crm.example.com"})
    shown = page.content.decode()
    assert 'id="id_config_base_url_error"' in shown
    assert "The address must start with https://." in shown
    assert 'value="crm.example.com"' in shown
    assert "Type it once more" in shown, "a token that was typed is not sent back"
    assert not Connection.objects.exists()


def test_a_new_secret_is_asked_for_again_after_a_mistyped_address(
    at_home: Partner, browse: Browse, actor: Callable[[Person], Actor]
) -> None:
    made = create_connection(
        actor(ALICE),
        client=Client.objects.all()[0],
        connector="sandbox_crm",
        name="CRM",
        config={"base_url": "https://crm.example.com"},
        secret={"token": "old"},
    )
    typed = {"config_base_url": "crm.example.com", "secret_token": "new"}
    page = browse(ALICE).post(page_url("connection_credentials", made.pk), typed)
    assert "Type it once more" in page.content.decode(), "left empty, the old one would stay"
    kept = Connection.objects.get()
    assert (kept.secret, kept.config) == (made.secret, made.config)


def test_who_starts_without_a_client_is_led_to_add_one(at_home: Partner, browse: Browse) -> None:
    browser = browse(ALICE)
    pages = [
        page_url("connection_catalogue"),
        page_url("connection_add", "sandbox_crm"),
        page_url("workflow_install"),
    ]
    said = f'href="{page_url("client_add")}">Add the first one'
    assert [said in browser.get(one).content.decode() for one in pages] == [False] * 3
    Client.objects.update(status=Client.Status.LEFT)
    assert [said in browser.get(one).content.decode() for one in pages] == [True] * 3


def test_no_system_is_connected_for_a_client_that_has_left(
    at_home: Partner, browse: Browse
) -> None:
    left, here = Client.objects.order_by("name")[:2]
    Client.objects.filter(pk=left.pk).update(status=Client.Status.LEFT)
    page = browse(ALICE).get(page_url("connection_add", "sandbox_crm")).content.decode()
    assert f">{here.name}</option>" in page
    assert f">{left.name}</option>" not in page


def test_a_system_that_never_answered_asks_for_its_credentials_first(
    at_home: Partner, browse: Browse
) -> None:
    made = Connection.objects.create(
        client=Client.objects.all()[0], name="CRM", connector="sandbox_crm", state="failing"
    )
    credentials = f'href="{page_url("connection_credentials", made.pk)}"'

    def first() -> bool:
        page = browse(ALICE).get(page_url("connection_detail", made.pk)).content.decode()
        (button,) = re.findall(rf"<a [^>]*{re.escape(credentials)}[^>]*>", page)
        return "ui-primary" in button

    assert first()
    Connection.objects.update(last_ok_at=timezone.now())
    assert not first(), "it worked before: it is down, and is tested again"


def test_who_cancels_a_system_chooses_another_for_the_same_client(
    at_home: Partner, browse: Browse
) -> None:
    client = Client.objects.all()[0]
    address = page_url("connection_add", "sandbox_crm")
    page = browse(ALICE).get(address, {"client": client.pk}).content.decode()
    assert page.count(f'href="{page_url("connection_catalogue")}?client={client.pk}"') == 2
