"""A field corrected by hand: a version of its own, and what failed over it is sent again."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse

from governance.actors import Actor
from governance.errors import NotPermitted
from governance.models import AuditEntry
from mappings.canonical import SCHEMAS
from syncjobs.connectors.errors import Rejected
from syncjobs.models import CanonicalRecord, RecordVersion
from syncjobs.services.corrections import correct_record, correctable
from tests.actors import ALICE, HEIDI, Person
from tests.syncjobs.factories import Lab

ActorOf = Callable[[Person], Actor]


@pytest.fixture
def failed(lab: Lab) -> CanonicalRecord:
    """A customer whose name the target refused."""
    lab.target.fail_before = [Rejected("The name is too short.")]
    lab.put_customer("1", name="X")
    lab.drain()
    assert lab.delivery("C-1").state == "failed"
    return CanonicalRecord.objects.get(key="C-1")


def test_a_correction_is_a_version_and_what_failed_goes_out_with_it(
    lab: Lab, failed: CanonicalRecord, actor: ActorOf
) -> None:
    sent = correct_record(
        actor(ALICE), failed, field="name", text="Xavier Ltd", reason="Cut off in the CRM"
    )
    assert sent >= 1
    lab.deliver_late()
    assert lab.delivery("C-1").state == "delivered"
    assert [one.data["name"] for one in lab.target.effects] == ["Xavier Ltd"]
    version = RecordVersion.objects.filter(record=failed).latest("number")
    assert (version.data["name"], version.connection, version.changed) == (
        "Xavier Ltd",
        None,
        ["name"],
    )
    entry = AuditEntry.objects.get(action="record.corrected")
    assert (entry.before, entry.after) == ({"name": "X"}, {"name": "Xavier Ltd"})
    assert entry.reason == "Cut off in the CRM"


def test_it_holds_until_the_source_changes_the_record(
    lab: Lab, failed: CanonicalRecord, actor: ActorOf
) -> None:
    correct_record(actor(ALICE), failed, field="name", text="Xavier Ltd", reason="r")
    lab.drain()
    failed.refresh_from_db()
    assert failed.data["name"] == "Xavier Ltd", "the source says nothing new"
    lab.put_customer("1", name="Xavier and Sons")
    lab.drain()
    failed.refresh_from_db()
    assert failed.data["name"] == "Xavier and Sons"


def test_an_engagement_is_one_that_other_records_have(lab: Lab, actor: ActorOf) -> None:
    paid = CanonicalRecord.objects.create(
        client=lab.client,
        type="invoice",
        key="P-1:2026-10",
        version=1,
        engagement="ENG-1",
        data={"number": "P-1:2026-10", "status": "paid", "engagement": "ENG-1"},
    )
    CanonicalRecord.objects.create(
        client=lab.client, type="project", key="P-2", version=1, engagement="ENG-2"
    )
    for typed in ("anything", "ENG-3", "eng-2"):
        with pytest.raises(ValidationError, match="No other record has the engagement"):
            correct_record(actor(ALICE), paid, field="engagement", text=typed, reason="r")
    correct_record(actor(ALICE), paid, field="engagement", text="ENG-2", reason="Wrong project.")
    paid.refresh_from_db()
    assert paid.engagement == "ENG-2"


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("name", "X", "says that already"),
        ("name", "", "Name"),
        ("status", "inactive", "Choose one of the fields"),
        ("tax_code", "V0", "Choose one of the fields"),
        ("number", "C-2", "Choose one of the fields"),
        ("currency", "USD", "Choose one of the fields"),
        ("__class__", "x", "Choose one of the fields"),
    ],
)
def test_what_a_field_cannot_be_is_said(
    failed: CanonicalRecord, actor: ActorOf, field: str, text: str, said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        correct_record(actor(ALICE), failed, field=field, text=text, reason="r")
    assert RecordVersion.objects.filter(record=failed).count() == 1


def test_it_needs_a_reason_and_the_permission(failed: CanonicalRecord, actor: ActorOf) -> None:
    with pytest.raises(ValidationError, match="Say why"):
        correct_record(actor(ALICE), failed, field="name", text="Y", reason=" ")
    with pytest.raises(NotPermitted):
        correct_record(actor(HEIDI), failed, field="name", text="Y", reason="r")


@pytest.mark.parametrize("kind", SCHEMAS)
def test_nothing_that_decides_about_billing_can_be_corrected_by_hand(kind: str) -> None:
    names = {one.name for one in correctable(kind)}
    assert not names & {
        "amendment", "amendment_required", "amount", "approved_at", "billable", "completed_at",
        "contract", "currency", "customer", "date", "entity", "hours", "number", "project",
        "rate", "stage", "status", "tax_code", "obligation", "period", "country",
        "revenue_account", "cost_account",
    }  # fmt: skip
    assert all(one.type == "text" for one in correctable(kind))


def test_a_field_is_open_to_corrections_only_where_somebody_said_so() -> None:
    """A new field of text fails here until it is decided whether it says what is billed."""
    address = {"street", "city", "postal_code"}
    told = {"name", "legal_name", "email", "phone", *address, "first_name", "last_name"}
    told |= {"job_title", "role", "skill", "description", "receipt", "engagement"}
    assert {one.name for kind in SCHEMAS for one in correctable(kind)} == told


def test_the_page_offers_it_and_says_what_came_of_it(
    failed: CanonicalRecord, browse: Callable[..., Browser]
) -> None:
    browser = browse(ALICE)
    address = reverse("record_detail", urlconf="config.urls_admin", args=[failed.pk])
    assert b"Correct a field" in browser.get(address).content
    correct = reverse("record_correct", urlconf="config.urls_admin", args=[failed.pk])
    body = {"field": "name", "value": "Xavier Ltd", "reason": "Cut off"}
    shown = browser.post(correct, body, follow=True).content
    assert b"Corrected." in shown
    assert b"Version 2, corrected by Alice Moreau" in shown
