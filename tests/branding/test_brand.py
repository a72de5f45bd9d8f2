"""The brand: drafted, published, audited, and each partner's own."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django_tenants.utils import tenant_context
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from branding.images import ImageRefused
from branding.models import Brand
from branding.services import brand as service
from branding.services import brand_changes
from branding.services.brand import BrandValues, Pictures
from branding.services.identity import current_identity
from branding.storage import read_picture
from governance.actors import Actor, command_actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from tenants.context import public_scope
from tenants.models import Partner
from tests.actors import ALICE, BOB, GRACE, Person
from tests.branding.test_images import picture

ActorOf = Callable[[Person], Actor]
TEAL = BrandValues(
    name="Northwind Ops",
    primary="#0F766E",
    accent="#f97316",
    support_email="help@north.example",
    sign_in_text="Every hour billed.",
    time_zone="Europe/Amsterdam",
)


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_a_new_partner_has_a_live_brand_under_its_own_name(northwind: Partner) -> None:
    assert current_identity().name == "Northwind Ops"
    assert Brand.objects.get().state == Brand.State.LIVE


def test_an_edit_is_a_draft_that_nobody_else_sees(actor: ActorOf) -> None:
    before = current_identity()
    draft = service.edit_brand(actor(ALICE), TEAL)
    assert draft.state == Brand.State.DRAFT
    assert draft.primary == "#0f766e"
    assert current_identity() == before


def test_publishing_makes_the_draft_what_everybody_sees(
    actor: ActorOf, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    current_identity()
    service.edit_brand(actor(ALICE), TEAL)
    with django_capture_on_commit_callbacks(execute=True):
        brand_changes.publish_brand(actor(ALICE))
    identity = current_identity()
    assert (identity.primary, identity.support) == ("#0f766e", "help@north.example")
    assert list(Brand.objects.values_list("state", flat=True)) == ["live", "retired"]


def test_publishing_twice_changes_nothing_more(actor: ActorOf) -> None:
    service.edit_brand(actor(ALICE), TEAL)
    first = brand_changes.publish_brand(actor(ALICE))
    assert first is not None
    assert first.status == "applied"
    assert brand_changes.publish_brand(actor(ALICE)) is None
    assert Brand.objects.count() == 2


def test_a_draft_can_be_discarded(actor: ActorOf) -> None:
    service.edit_brand(actor(ALICE), TEAL)
    service.discard_draft(actor(ALICE))
    assert not Brand.objects.filter(state=Brand.State.DRAFT).exists()
    assert service.brand_to_edit().primary != "#0f766e"


@pytest.mark.parametrize("person", [BOB, GRACE], ids=["engineer", "client's administrator"])
def test_only_who_manages_the_brand_may_touch_it(actor: ActorOf, person: Person) -> None:
    for attempt in (
        lambda who: service.edit_brand(who, TEAL),
        brand_changes.publish_brand,
        service.discard_draft,
    ):
        with pytest.raises(NotPermitted):
            attempt(actor(person))
    assert Brand.objects.count() == 1


def test_every_change_is_in_the_audit_trail_with_what_was_and_what_is(actor: ActorOf) -> None:
    service.edit_brand(actor(ALICE), TEAL)
    brand_changes.publish_brand(actor(ALICE))
    entries = AuditEntry.objects.filter(action__startswith="brand.").order_by("-pk")
    published, edited = entries[:2]
    assert (edited.action, published.action) == ("brand.edited", "brand.published")
    was, became = published.before or {}, published.after or {}
    assert was["primary"] != became["primary"] == "#0f766e"
    assert "time_zone" in became
    assert "locale" not in became  # unchanged


def test_an_edit_without_a_difference_leaves_no_entry(actor: ActorOf) -> None:
    service.edit_brand(actor(ALICE), TEAL)
    entries = AuditEntry.objects.count()
    service.edit_brand(actor(ALICE), TEAL)
    assert AuditEntry.objects.count() == entries


def test_there_is_one_live_brand_at_most(northwind: Partner) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Brand.objects.create(name="Second", state=Brand.State.LIVE)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 61),
        ("name", "Two\r\nBcc: lines"),
        ("support_email", "nobody"),
        ("sign_in_text", "a\x00b"),
    ],
)
def test_values_that_pages_and_mails_cannot_carry_are_refused(
    actor: ActorOf, field: str, value: str
) -> None:
    values = asdict(TEAL) | {field: value}
    with pytest.raises(ValidationError):
        service.edit_brand(actor(ALICE), BrandValues(**values))
    assert Brand.objects.count() == 1


def test_a_logo_is_redrawn_kept_and_shown(actor: ActorOf) -> None:
    service.edit_brand(actor(ALICE), TEAL, Pictures(logo=picture("WEBP")))
    brand_changes.publish_brand(actor(ALICE))
    live = Brand.objects.get(state="live")
    kept = read_picture(live.logo)
    assert kept is not None
    assert kept.startswith(b"\x89PNG")
    assert live.icon == ""  # a word is no icon


def test_a_refused_logo_leaves_the_draft_as_it_was(actor: ActorOf) -> None:
    service.edit_brand(actor(ALICE), TEAL, Pictures(logo=picture("PNG")))
    with pytest.raises(ImageRefused):
        service.edit_brand(actor(ALICE), TEAL, Pictures(logo=b"<svg/>"))
    assert Brand.objects.get(state="draft").logo


def test_a_logo_can_be_removed(actor: ActorOf) -> None:
    service.edit_brand(actor(ALICE), TEAL, Pictures(logo=picture("PNG")))
    draft = service.edit_brand(actor(ALICE), TEAL, Pictures(remove_logo=True))
    assert (draft.logo, draft.icon, draft.logo_has_name) == ("", "", False)


def test_one_partners_brand_and_files_are_not_the_others(actor: ActorOf) -> None:
    service.edit_brand(actor(ALICE), TEAL, Pictures(logo=picture("PNG")))
    brand_changes.publish_brand(actor(ALICE))
    live = Brand.objects.get(state="live")
    with tenant_context(Partner.objects.get(slug="brightbridge")):
        assert current_identity().name == "Brightbridge"
        assert read_picture(live.logo) is None
    assert read_picture(live.logo) is not None


def test_a_file_name_from_elsewhere_finds_nothing(northwind: Partner) -> None:
    for name in ("", "../../secret", "brand/../x.png", "brand/" + "a" * 32 + ".png"):
        assert read_picture(name) is None


def test_setting_up_the_same_brand_again_changes_nothing(northwind: Partner) -> None:
    maker = command_actor("demo")
    values = BrandValues(name="Northwind Ops", primary="#0f766e")
    first = brand_changes.set_up_brand(maker, values)
    entries = AuditEntry.objects.count()
    assert brand_changes.set_up_brand(maker, values) == first
    assert AuditEntry.objects.count() == entries


def test_operators_have_an_identity_of_their_own(northwind: Partner) -> None:
    with public_scope():
        assert current_identity().theme_url.endswith("neutral.css")
    assert current_identity().name == "Northwind Ops"
