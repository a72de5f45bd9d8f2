"""A client's own logo: beside the partner's where the tier allows it, and at no other client."""

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from pytest_django import Settings

from branding.commercial.months import Month
from branding.models import Tier
from branding.pdf import paper_of
from branding.services.client_brand import client_logo, edit_client_brand
from branding.services.identity import current_identity, forget_identity
from branding.services.statements import issue_statement
from branding.services.subscriptions import end_subscription
from branding.services.tiers import change_tier
from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry, ChangeRequest, Policy
from tenants.accounts.models import Client
from tests.actors import ALICE, BOB, GRACE, MALLORY, Person
from tests.at_home import page_url
from tests.branding.commerce import BUILDER, make_tier, put_on, used
from tests.branding.test_images import picture

pytestmark = pytest.mark.usefixtures("november", "at_home")
Browse = Callable[..., Browser]
ActorOf = Callable[[Person], Actor]
LOGO = re.compile(r'src="(/brand/client-logo\.png\?v=[0-9a-f]+)"')


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def shared_tier(alder: Client, birch: Client) -> Tier:
    """A tier with co-branding that both clients are on."""
    tier = change_tier(BUILDER, make_tier(), co_branding=True)
    for client in (alder, birch):
        put_on(client, tier, date(2026, 10, 1))
    return tier


def _edit(actor: Actor, client: Client, **values: object) -> Client:
    forget_identity()
    known = {"locale": client.locale, "time_zone": client.time_zone}
    changed = edit_client_brand(actor, client, **{**known, **values})  # type: ignore[arg-type]  # by name
    forget_identity()
    return changed


def test_the_clients_people_see_their_logo_and_no_other_client_does(
    browse: Browse, shared_tier: Tier, alder: Client
) -> None:
    _edit(BUILDER, alder, logo=picture("PNG"))
    grace = browse(GRACE)
    (address,) = LOGO.findall(grace.get(page_url("usage", door="portal")).content.decode())
    answer = grace.get(address)
    assert answer.headers["Content-Type"] == "image/png"
    assert "private" in answer.headers["Cache-Control"]
    mallory = browse(MALLORY)
    assert not LOGO.search(mallory.get(page_url("usage", door="portal")).content.decode())
    for other in (mallory, browse(None), browse(ALICE)):
        assert other.get(address).status_code == 404
    assert not LOGO.search(browse(None).get("/sign-in/").content.decode())


def test_the_logo_is_on_the_clients_statements_alone(
    browse: Browse, shared_tier: Tier, alder: Client, birch: Client
) -> None:
    _edit(BUILDER, alder, logo=picture("PNG"))
    for client in (alder, birch):
        used(client, date(2026, 10, 12), 10)
    ours, theirs = (issue_statement(BUILDER, one, Month(2026, 10)) for one in (alder, birch))
    assert paper_of(ours, current_identity()).client_logo_url
    assert not paper_of(theirs, current_identity()).client_logo_url


def test_without_co_branding_a_logo_is_refused_and_one_that_is_there_is_not_shown(
    browse: Browse, shared_tier: Tier, alder: Client
) -> None:
    _edit(BUILDER, alder, logo=picture("PNG"))
    change_tier(BUILDER, shared_tier, co_branding=False)
    forget_identity()
    assert client_logo(alder)
    assert not current_identity().client_logos
    with pytest.raises(ValidationError, match="no co-branding"):
        _edit(BUILDER, alder, logo=picture("PNG", (90, 90)))
    _edit(BUILDER, alder, remove_logo=True)
    assert client_logo(alder) == ""


def test_a_subscription_that_ended_takes_the_logo_with_it(shared_tier: Tier, alder: Client) -> None:
    _edit(BUILDER, alder, logo=picture("PNG"))
    assert alder.pk in current_identity().client_logos
    subscription = alder.subscriptions.get()
    end_subscription(BUILDER, subscription, ends_on=date(2026, 11, 20))
    forget_identity()
    assert alder.pk not in current_identity().client_logos


def test_only_who_manages_the_brand_changes_it_and_it_is_audited(
    actor: ActorOf, shared_tier: Tier, alder: Client
) -> None:
    for person in (BOB, GRACE):
        with pytest.raises(NotPermitted):
            _edit(actor(person), alder, locale="de")
    _edit(actor(ALICE), alder, locale="de", time_zone="Europe/Berlin")
    entry = AuditEntry.objects.filter(action="brand.client_changed").get()
    assert (entry.client_id, entry.before, entry.after) == (
        alder.pk,
        {"locale": "", "time_zone": "UTC"},
        {"locale": "de", "time_zone": "Europe/Berlin"},
    )
    _edit(actor(ALICE), Client.objects.get(pk=alder.pk))
    assert AuditEntry.objects.filter(action="brand.client_changed").count() == 1


@pytest.mark.parametrize(("field", "value"), [("locale", "xx"), ("time_zone", "Mars/Olympus")])
def test_forms_and_zones_are_of_the_list(alder: Client, field: str, value: str) -> None:
    with pytest.raises(ValidationError, match="on the list"):
        _edit(BUILDER, alder, **{field: value})


def test_the_page_takes_a_logo_and_says_what_is_wrong_with_one(
    browse: Browse, shared_tier: Tier, alder: Client
) -> None:
    alice, address = browse(ALICE), page_url("client_brand", alder.pk)
    form = {"locale": "fr", "time_zone": "Europe/Paris"}

    def sent(content: bytes) -> str:
        upload = io.BytesIO(content)
        upload.name = "logo.png"
        return alice.post(address, {**form, "logo_file": upload}, follow=True).content.decode()

    assert "Upload a PNG, WebP or JPEG" in sent(b"<svg/>")
    assert client_logo(alder) == ""
    assert "Alder Consulting was saved." in sent(picture("PNG"))
    assert alice.get(page_url("client_brand_logo", alder.pk)).status_code == 200
    alder.refresh_from_db()
    assert (alder.locale, alder.time_zone) == ("fr", "Europe/Paris")
    assert browse(BOB).get(address).status_code == 403
    assert alice.get(page_url("client_brand", 99_999)).status_code == 404


def test_only_a_save_that_asks_for_a_logo_leads_to_its_request(
    browse: Browse, shared_tier: Tier, alder: Client
) -> None:
    _edit(BUILDER, alder, logo=picture("PNG"))
    Policy.objects.filter(kind="client_brand").update(approvals=1)
    alice, address = browse(ALICE), page_url("client_brand", alder.pk)
    form = {"locale": "fr", "time_zone": "Europe/Paris"}

    def sent(**more: str) -> str:
        return alice.post(address, {**form, **more}, follow=True).content.decode()

    asked = sent(remove_logo="on")
    assert "Saved. A change of the logo is waiting; this is its request." in asked
    assert client_logo(alder)
    later = sent(time_zone="Europe/Berlin")
    assert "Alder Consulting was saved." in later
    assert "this is its request" not in later
    assert "Another logo waits" in later
    upload = io.BytesIO(picture("PNG", (90, 90)))
    upload.name = "logo.png"
    other = alice.post(address, {**form, "logo_file": upload}, follow=True).content.decode()
    assert "this is its request" in other, "it is the same one, with another logo"
    assert ChangeRequest.objects.filter(status="submitted").count() == 1


def test_a_person_then_their_client_then_the_brand_decide_the_forms(
    browse: Browse, shared_tier: Tier, alder: Client
) -> None:
    used(alder, date(2026, 11, 12), 12_345)
    address = page_url("usage", door="portal")
    grace = browse(GRACE)

    def shown() -> str:
        return str(grace.get(address).content.decode())

    assert "12,345" in shown()
    _edit(BUILDER, alder, locale="de")
    assert "12.345" in shown()
    saved = grace.post("/preferences/", {"locale": "fr", "time_zone": "Europe/Paris"}, follow=True)
    assert "Saved." in saved.content.decode()
    assert "12\u202f345" in shown()
    entry = AuditEntry.objects.filter(action="account.changed").get()
    assert entry.after == {"locale": "fr", "time_zone": "Europe/Paris"}
    wrong = grace.post("/preferences/", {"locale": "xx", "time_zone": ""})
    assert "Select a valid choice" in wrong.content.decode()
    assert "12\u202f345" in shown()
    assert browse(None).get("/preferences/").status_code == 302
