"""What a record's and a delivery's page say of the mapping's version and of who approved it."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.utils.html import strip_tags

from governance.models import Approval, ChangeRequest
from mappings.models import Mapping, MappingVersion
from syncjobs.indicators.lineage import Mapped, mapped_by
from syncjobs.models import Delivery
from tenants.accounts.models import User
from tests import actors
from tests.at_home import at_home, page_url
from tests.syncjobs.factories import Lab

__all__ = ["at_home"]
Browse = Callable[..., Browser]


@pytest.fixture
def written(lab: Lab) -> Delivery:
    for mapping in Mapping.objects.select_related("live").exclude(live=None):
        assert mapping.live is not None
        mapping.live = MappingVersion.objects.create(
            mapping=mapping,
            number=2,
            document=mapping.live.document,
            hash=mapping.live.hash,
            state="live",
            author_label="Bob Novak <bob@northwind.example>",
        )
        mapping.save()
    lab.put_customer("1")
    lab.drain()
    return Delivery.objects.get(state="delivered")


def _signed(version: MappingVersion, content_hash: str) -> None:
    """Let the version have come of a request that Carol signed."""
    request = ChangeRequest.objects.create(title="A mapping", content_hash="now")
    carol = User.objects.get(email=actors.CAROL.email)
    Approval.objects.create(
        request=request,
        approver=carol,
        approver_label="Carol Reyes <carol@northwind.example>",
        person_key=carol.email,
        content_hash=content_hash,
    )
    MappingVersion.objects.filter(pk=version.pk).update(change_request=request.pk)


def _text(staff: Browser, page: str, pk: int) -> str:
    return " ".join(strip_tags(staff.get(page_url(page, pk)).content.decode()).split())


@pytest.mark.usefixtures("at_home")
def test_both_pages_name_the_version_and_who_approved_it(written: Delivery, browse: Browse) -> None:
    staff = browse(actors.DAVE)
    version = MappingVersion.objects.get(pk=written.mapping_version or 0)
    for page, pk in (("delivery_detail", written.pk), ("record_detail", written.record_id)):
        assert "Version 2, made by Bob Novak" in _text(staff, page, pk)
    _signed(version, "now")
    for page, pk in (("delivery_detail", written.pk), ("record_detail", written.record_id)):
        assert "Version 2, approved by Carol Reyes" in _text(staff, page, pk)


def test_a_signature_under_what_changed_since_does_not_count(written: Delivery) -> None:
    version = MappingVersion.objects.get(pk=written.mapping_version or 0)
    _signed(version, "before")
    (found,) = mapped_by([version.pk, None]).values()
    assert found == Mapped(version.number, ("Bob Novak <bob@northwind.example>",), signed=False)
