"""What a record's and a delivery's page say of the mapping's version and of who approved it."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.utils.html import strip_tags

from governance import correlation
from governance.actors import Actor
from governance.models import Approval, ChangeRequest
from mappings.canonical import registry
from mappings.models import Mapping, MappingVersion
from syncjobs.indicators.lineage import Mapped, lineage, mapped_by
from syncjobs.indicators.origins import origins
from syncjobs.intake.polling import poll_stream
from syncjobs.models import CanonicalRecord, Delivery, RecordVersion
from syncjobs.services.corrections import correct_record
from tenants.accounts.models import User
from tests import actors
from tests.at_home import at_home, page_url
from tests.fakes.systems import record
from tests.syncjobs.factories import Lab, make_mapping, make_stream

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


@pytest.mark.usefixtures("at_home")
def test_each_value_says_which_field_of_the_source_it_came_from(
    lab: Lab, written: Delivery, browse: Browse
) -> None:
    lab.put_customer("1", tax="NL-21")
    lab.drain()
    record = CanonicalRecord.objects.get(key="C-1")
    schema = registry.schema("customer")
    found = origins(lineage(record), schema)
    assert {name: dict(one.paths) for name, one in found.items()} == {
        "number": {"no": "C-1"},
        "name": {"name": "Name 1"},
        "tax_code": {"tax": "NL-21"},
    }, "a constant came from nowhere"
    assert {one.connection for one in found.values()} == {lab.source_connection}
    shown = _text(browse(actors.DAVE), "record_detail", record.pk)
    assert "Tax codeNL-21tax NL-21" in shown

    RecordVersion.objects.update(source=None)  # as retention leaves it
    gone = origins(lineage(record), schema)
    assert dict(gone["name"].paths) == {"name": ""}


@pytest.mark.usefixtures("at_home")
def test_a_value_corrected_by_hand_says_by_whom_and_why(
    lab: Lab, written: Delivery, actor: Callable[[actors.Person], Actor], browse: Browse
) -> None:
    record = written.record
    alice = actor(actors.ALICE)
    with correlation.scope(actor=alice, door="api", correlation_id="the same"):
        correct_record(alice, record, field="name", text="Ann Ltd", reason="Guessed")
        correct_record(alice, record, field="name", text="Anew Ltd", reason="By phone")
    found = origins(lineage(record), registry.schema("customer"))["name"]
    assert (found.connection, found.by and found.by.reason) == (None, "By phone")
    shown = _text(browse(actors.DAVE), "record_detail", record.pk)
    assert "NameAnew LtdAlice Moreau, by hand" in shown
    assert "Version 3, corrected by Alice Moreau" in shown
    assert shown.index("name: By phone") < shown.index("name: Guessed")
    lab.put_customer("1", name="The source's own")
    lab.drain()
    assert origins(lineage(record), registry.schema("customer"))["name"].by is None


def test_what_a_source_sent_of_a_person_is_not_shown(lab: Lab) -> None:
    rules = [
        {"id": "mail", "target": "email", "source": "mail"},
        {"id": "name", "target": "name", "source": "surname"},
        {"id": "firm", "target": "job_title", "source": "does"},
        {
            "id": "of",
            "target": "customer",
            "source": "firm",
            "when": "eq(field('mail'), 'ann@example.com')",
        },
    ]
    make_mapping("person-in", "inbound", "contact", rules)
    stream = make_stream(lab.source_connection, "people", "contact", "person-in")
    sent = {"mail": "ann@example.com", "surname": "Lee", "does": "Audit", "firm": "C-1"}
    lab.source.put("people", record("9", sent))
    poll_stream(stream.pk, lab.systems(), stop=lambda: False)
    kept = CanonicalRecord.objects.get(type="contact")
    found = origins(lineage(kept), registry.schema("contact"))
    assert dict(found["name"].paths) == {"surname": ""}
    assert dict(found["customer"].paths) == {"firm": "C-1", "mail": ""}


def test_the_members_of_a_list_are_told_by_their_names(lab: Lab, browse: Browse) -> None:
    signed = {"number": "A1", "status": "sent", "signed_on": None}
    odd = [{"number": "S1", "unknown": 1}]
    contract = CanonicalRecord.objects.create(
        client=lab.client,
        type="contract",
        key="CT-1",
        version=1,
        data={"number": "CT-1", "amendments": [signed], "statements_of_work": odd},
    )
    shown = _text(browse(actors.DAVE), "record_detail", contract.pk)
    assert "Number A1 · Status sent" in shown
    assert "signed_on" not in shown
    assert '"unknown": 1' in shown.replace("&quot;", '"'), "what has no name is shown as it is"
