"""Publishing under change control: at once while no rule asks for more, else signed by others."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from branding.models import Brand, Subscription
from branding.services import brand as service
from branding.services.brand import BrandValues, Pictures
from branding.services.brand_changes import publish_brand, revert_brand, set_up_brand
from branding.services.client_brand import client_logo, edit_client_brand
from governance import correlation
from governance.actors import Actor, command_actor
from governance.errors import ApplyFailed, ContentChanged, InvalidProposal, SignatureRefused
from governance.models import AuditEntry, ChangeRequest, Policy, Window
from governance.services import schedule
from governance.services.policy_changes import propose_policy, terms_of
from governance.services.rollbacks import roll_back
from tenants.accounts.models import Client, User
from tenants.outbox.models import OutgoingMail
from tests.actors import ALICE, BOB, CAROL, HEIDI, Person
from tests.at_home import at_home, page_url
from tests.branding.commerce import make_tier, put_on
from tests.branding.test_images import picture
from tests.governance.governed import approve, steps

ActorOf = Callable[[Person], Actor]
Browse = Callable[..., Browser]
TEAL = BrandValues(name="Northwind Ops", primary="#0f766e", terms_url="https://n.example/t")
pytestmark = pytest.mark.usefixtures("at_home")
__all__ = ["at_home"]


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def alice(actor: ActorOf) -> Actor:
    """The owner."""
    return actor(ALICE)


@pytest.fixture
def _signed(alice: Actor) -> None:
    """A partner whose rule asks for one approval of a brand."""
    Policy.objects.filter(kind__in=("brand", "client_brand")).update(approvals=1)


def _colour() -> str:
    return Brand.objects.get(state="live").primary


def _co_branded(client: Client) -> None:
    tier = make_tier()
    tier.co_branding = True
    tier.save()
    put_on(client, tier, timezone.localdate())


def _show(alice: Actor, client: Client, logo: bytes) -> None:
    edit_client_brand(alice, client, logo=logo, locale=client.locale, time_zone=client.time_zone)


def _ask(alice: Actor, values: BrandValues = TEAL, logo: bytes | None = None) -> ChangeRequest:
    service.edit_brand(alice, values, Pictures(logo=logo))
    asked = publish_brand(alice)
    assert asked is not None
    return asked


def test_an_owner_publishes_in_one_step_and_it_is_a_change_all_the_same(alice: Actor) -> None:
    asked = _ask(alice, logo=picture("PNG", (480, 120)))
    assert asked.status == "applied"
    assert _colour() == "#0f766e"
    assert steps(asked) == ["change.proposed", "change.unsigned", "change.applied"]
    lines = [text for _, text in asked.changes.get().diff]
    assert "Main colour: #0f766e" in lines
    assert any(one.startswith("Logo: picture ") and "480 × 120" in one for one in lines)
    assert "Legal links change" in str(asked.risk["notes"])
    back = roll_back(alice, asked.pk, reason="Not yet.")
    assert back.status == "applied"
    assert _colour() != "#0f766e"


@pytest.mark.usefixtures("_signed")
def test_where_the_rule_asks_somebody_else_signs_and_no_drafter(
    alice: Actor, actor: ActorOf
) -> None:
    drafter = User.objects.get(email=CAROL.email)
    carol = replace(actor(CAROL), permissions=alice.permissions)
    with correlation.scope(actor=carol, door="admin"):
        service.edit_brand(carol, TEAL)
    asked = publish_brand(alice)
    assert asked is not None
    assert (asked.status, _colour() != "#0f766e") == ("submitted", True)
    assert {one["key"] for one in asked.editors} == {ALICE.email, drafter.email}
    with pytest.raises(SignatureRefused, match="You wrote"):
        approve(carol, asked)
    # Another draft takes the request's place, and what was signed before no longer counts.
    service.discard_draft(alice)
    again = _ask(alice, replace(TEAL, primary="#b91c1c"))
    assert (again.pk, again.revision) == (asked.pk, 2)
    assert again.content_hash != asked.content_hash


@pytest.mark.usefixtures("_signed")
def test_what_was_signed_goes_live_and_not_what_the_draft_says_by_then(
    alice: Actor, actor: ActorOf
) -> None:
    asked = _ask(alice, logo=picture("PNG"))
    draft = service.edit_brand(alice, replace(TEAL, primary="#b91c1c"))
    assert approve(actor(CAROL), asked).status == "applied"
    assert _colour() == "#0f766e"
    live = Brand.objects.get(state="live")
    assert (live.pk != draft.pk, live.published_by) == (True, alice.label)
    assert Brand.objects.filter(state="draft").exists()
    revert = revert_brand(alice, Brand.objects.filter(state="retired").latest("pk").pk)
    assert revert is not None
    assert (revert.status, _colour()) == ("submitted", "#0f766e")


@pytest.mark.usefixtures("_signed")
def test_a_picture_that_was_swapped_in_the_files_does_not_go_live(
    alice: Actor, actor: ActorOf
) -> None:
    asked = _ask(alice, logo=picture("PNG"))
    name = asked.changes.get().content["values"]["logo"]
    default_storage.delete(name)
    default_storage.save(name, io.BytesIO(picture("PNG", (90, 90))))
    with pytest.raises(ApplyFailed, match="not there as it was"):
        approve(actor(CAROL), asked)
    assert _colour() != "#0f766e"


def test_a_freeze_holds_a_publication_that_nobody_has_to_sign(alice: Actor) -> None:
    ends = timezone.now() + timedelta(hours=1)
    Window.objects.create(name="Quiet", mode="freeze", ends_at=ends)
    asked = _ask(alice)
    assert (asked.status, asked.scheduled_for) == ("scheduled", ends)
    with time_machine.travel(ends + timedelta(minutes=1), tick=False):
        assert schedule.apply_due() == 1
    assert Brand.objects.get(state="live").primary == "#0f766e"


def test_only_a_brand_may_go_in_without_a_signature(alice: Actor) -> None:
    terms = replace(terms_of(Policy.objects.get(kind="brand")), review_within_hours=None)
    for target in ("*/any", "mapping_version/light", "role/any"):
        with pytest.raises(InvalidProposal, match="one approval at least"):
            propose_policy(alice, target, terms, reason="Faster.")
    # Nor by the signature of a client, where there is none.
    with pytest.raises(InvalidProposal, match="concern no client"):
        propose_policy(alice, "brand/any", replace(terms, client_signature=True), reason="Them.")
    propose_policy(alice, "client_brand/any", replace(terms, client_signature=True), reason="Them.")
    # Nor by a row that came into the table some other way.
    Policy.objects.filter(kind="role").update(approvals=0)
    asked = propose_policy(alice, "brand/any", replace(terms, approvals=1), reason="Two look.")
    assert asked.status == "submitted"


@pytest.mark.usefixtures("_signed")
def test_a_command_gets_around_it_as_little_as_a_page(alice: Actor, browse: Browse) -> None:
    before = _colour()
    set_up_brand(command_actor("demo"), TEAL)
    assert _colour() == before
    page = browse(ALICE).get(page_url("brand_edit")).content.decode()
    assert "Propose</button>" in page.replace("\n", "")
    assert "A brand waits to be published" in page
    assert "Publish</button>" not in page.replace("\n", "")
    assert 'name="reason"' in page
    service.edit_brand(alice, replace(TEAL, primary="#b91c1c"))
    answer = browse(ALICE).post(page_url("brand_publish"), {"reason": "Spring."}, follow=True)
    assert "published when it has its approvals" in answer.content.decode()
    assert ChangeRequest.objects.latest("pk").reason == "Spring."
    assert _colour() == before


def test_a_clients_logo_is_a_change_of_that_client(alice: Actor, alder: Client) -> None:
    _co_branded(alder)
    assert Subscription.objects.filter(client=alder).exists()
    edit_client_brand(
        alice, alder, logo=picture("PNG"), locale=alder.locale, time_zone=alder.time_zone
    )
    first = client_logo(alder)
    assert first
    asked = ChangeRequest.objects.latest("pk")
    assert (asked.client_id, asked.status) == (alder.pk, "applied")
    Policy.objects.filter(kind="client_brand").update(approvals=1)
    edit_client_brand(
        alice, alder, logo=picture("PNG", (90, 90)), locale=alder.locale, time_zone=alder.time_zone
    )
    assert client_logo(alder) == first
    assert AuditEntry.objects.filter(action="brand.client_changed").count() == 1


def test_a_client_that_signs_for_its_logo_is_asked_to(
    alice: Actor, actor: ActorOf, browse: Browse, alder: Client
) -> None:
    _co_branded(alder)
    Policy.objects.filter(kind="client_brand").update(client_signature=True)
    page = browse(ALICE).get(page_url("client_brand", alder.pk)).content.decode()
    assert "Your rules ask for approval" in page
    _show(alice, alder, picture("PNG"))
    asked = ChangeRequest.objects.latest("pk")
    assert (asked.status, client_logo(alder)) == ("submitted", "")
    assert HEIDI.email in {mail.to for mail in OutgoingMail.objects.all()}
    assert approve(actor(HEIDI), asked).status == "applied"


def test_another_logo_takes_the_place_of_one_that_waits(
    alice: Actor, actor: ActorOf, alder: Client
) -> None:
    _co_branded(alder)
    _show(alice, alder, picture("PNG"))
    first, before = client_logo(alder), ChangeRequest.objects.count()
    Policy.objects.filter(kind="client_brand").update(approvals=1)
    _show(alice, alder, picture("PNG", (90, 90)))
    asked = ChangeRequest.objects.latest("pk")
    _show(alice, alder, picture("PNG", (90, 90)))
    asked.refresh_from_db()
    assert (asked.revision, ChangeRequest.objects.count()) == (1, before + 1)
    _show(alice, alder, picture("PNG", (80, 80)))
    with pytest.raises(ContentChanged):
        approve(actor(CAROL), asked)
    edit_client_brand(
        alice, alder, remove_logo=True, locale=alder.locale, time_zone=alder.time_zone
    )
    asked.refresh_from_db()
    assert (asked.revision, ChangeRequest.objects.count()) == (3, before + 1)
    assert asked.title == "Remove the logo of Alder Consulting"
    assert client_logo(alder) == first
    assert approve(actor(CAROL), asked).status == "applied"
    assert client_logo(alder) == ""
    # One that takes something back is not what an editor writes into.
    back = roll_back(alice, asked.pk, reason="Back.")
    _show(alice, alder, picture("PNG", (70, 70)))
    assert ChangeRequest.objects.latest("pk").pk > back.pk


def test_who_may_not_change_the_brand_does_not_take_it_back(
    alice: Actor, actor: ActorOf, browse: Browse, alder: Client
) -> None:
    _co_branded(alder)
    published = _ask(alice)
    _show(alice, alder, picture("PNG"))
    shown = ChangeRequest.objects.latest("pk")
    assert (published.status, shown.status) == ("applied", "applied")
    bob = actor(BOB)
    assert bob.can("changes.propose")
    assert not bob.can("brand.manage")
    for asked in (published, shown):
        address = page_url("change_roll_back", asked.pk)
        assert address not in browse(BOB).get(page_url("change_detail", asked.pk)).content.decode()
        assert browse(BOB).post(address, {"comment": "Ugly."}).status_code == 403
    assert not ChangeRequest.objects.filter(rolls_back__isnull=False).exists()
    assert (_colour(), bool(client_logo(alder))) == ("#0f766e", True)


def test_a_roll_back_says_what_came_of_it(alice: Actor, browse: Browse) -> None:
    def taken_back(asked: ChangeRequest) -> str:
        address = page_url("change_roll_back", asked.pk)
        page = browse(ALICE).post(address, {"comment": "Not yet."}, follow=True)
        return str(page.content.decode())

    assert "Rolled back: what was before is live again." in taken_back(_ask(alice))
    asked = _ask(alice, replace(TEAL, primary="#b91c1c"))
    Window.objects.create(name="Quiet", mode="freeze", ends_at=timezone.now() + timedelta(hours=1))
    assert "It goes in by itself on" in taken_back(asked)
    assert _colour() == "#b91c1c"
