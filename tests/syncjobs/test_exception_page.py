"""An exception's page: what trying all again comes to."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.test import Client as Browser
from django.utils.html import strip_tags

from syncjobs.connectors import registry
from syncjobs.connectors.errors import Rejected
from syncjobs.models import CanonicalRecord, Delivery, Issue
from syncjobs.services import issues, previews
from tenants.accounts.models import Client, User
from tenants.accounts.services.tokens import make_token
from tests import actors
from tests.at_home import at_home, page_url
from tests.syncjobs.billed import deliver
from tests.syncjobs.factories import BUILDER, Lab, failed

__all__ = ["at_home"]
pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture
def told(lab: Lab, browse: Callable[..., Browser]) -> Callable[[], str]:
    """The text of the page of one exception that stops three: one is there already."""
    lab.put_customer("1")
    lab.drain()
    lab.target.fail_before = [Rejected("It is blocked.") for _ in range(3)]
    for id_ in ("1", "2", "3"):
        lab.put_customer(id_, name="New")
    lab.drain()
    assert Delivery.objects.filter(state="failed").count() == 3
    place, staff = page_url("exception_detail", Issue.objects.get().pk), browse(actors.DAVE)
    return lambda: " ".join(strip_tags(staff.get(place).content.decode()).split())


def test_it_says_of_all_that_are_stopped_what_trying_again_does(told: Callable[[], str]) -> None:
    text = told()
    assert "Try all again: 3 safe to send again." in text
    assert "2: Nothing has reached the target yet. Creates the record." in text
    assert "1: The record is known there by its id. Updates the one record that exists." in text
    assert "Look in the target first" not in text


@pytest.fixture
def doubted(told: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of the three may be in the target, which cannot be asked."""
    forgetful = replace(registry.connector("sandbox_erp").descriptor, writes_idempotent=False)
    kept = SimpleNamespace(descriptor=forgetful)
    monkeypatch.setattr("syncjobs.services.deliveries.registry.connector", lambda _: kept)
    Delivery.objects.filter(state="failed", record__key__in=["C-2", "C-3"]).update(verify=True)


def _states() -> dict[str, str]:
    rows = Delivery.objects.exclude(state="delivered").order_by("record__key")
    return dict(rows.values_list("record__key", "state"))


@pytest.mark.usefixtures("doubted")
def test_what_needs_a_person_is_left_unless_it_is_meant(browse: Callable[..., Browser]) -> None:
    issue, staff = Issue.objects.get(), browse(actors.DAVE)
    place = page_url("exception_retry", issue.pk)
    answer = staff.post(place, follow=True).content.decode()
    assert "1 record is tried again now. 2 need a person and stay as before." in answer
    assert _states() == {"C-1": "pending", "C-2": "failed", "C-3": "failed"}
    assert issue.entries.filter(text="Retried 1. Left 2 that need a person.").exists()
    staff.post(place, {"doubtful": "1"})
    assert set(_states().values()) == {"pending"}


@pytest.mark.usefixtures("doubted")
def test_a_program_leaves_them_as_well(browse: Callable[..., Browser]) -> None:
    place = f"/api/v1/exceptions/{Issue.objects.get().pk}/retry/"
    user = User.objects.get(email=actors.DAVE.email)
    text = make_token(BUILDER, user=user, name="t", scopes=["exceptions.work"])[1]
    program = browse(None, host="admin.northwind.localhost")
    bearer = {"Authorization": f"Bearer {text}"}
    assert program.post(place, {}, "application/json", headers=bearer).status_code == 200
    assert list(_states().values()).count("failed") == 2
    body = {"doubtful": True}
    assert program.post(place, body, "application/json", headers=bearer).status_code == 200
    assert set(_states().values()) == {"pending"}


@pytest.mark.usefixtures("doubted")
def test_it_warns_of_what_may_be_done_twice(told: Callable[[], str]) -> None:
    text = told()
    assert "1 safe to send again · 2 need a person." in text
    assert "2: An earlier write may have arrived, and the target cannot be asked." in text
    assert "Look in the target first" in text


def test_it_judges_the_latest_only_of_very_many_and_says_so(
    told: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MOST", 2)
    assert "Try all again, by the latest 2 of 3: 2 safe to send again." in told()


def test_without_anything_stopped_nothing_is_judged(told: Callable[[], str]) -> None:
    Delivery.objects.update(state="cancelled")
    assert "Try all again" not in told()


def test_resolving_offers_to_skip_what_failed(
    two: list[int], browse: Callable[..., Browser]
) -> None:
    staff = browse(actors.DAVE)
    shown = staff.get(page_url("exception_detail", two[0])).content.decode()
    assert "Settled elsewhere: skip the record that failed" in shown
    sent = {"reason": "Entered by hand.", "skip": "1"}
    said = staff.post(page_url("exception_resolve", two[0]), sent, follow=True).content.decode()
    assert "Resolved, and 1 skipped." in said
    assert sorted(_states().values()) == ["failed", "skipped"]
    assert "Settled elsewhere" not in said


def test_more_than_are_skipped_at_a_time_are_skipped_in_several(
    lab: Lab, browse: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(lab, "1", "2", "3")
    monkeypatch.setattr(issues, "MOST", 2)
    staff, (issue,) = browse(actors.DAVE), Issue.objects.all()
    shown = staff.get(page_url("exception_detail", issue.pk)).content.decode()
    assert "skip the 3 records that failed, 2 at a time" in shown
    place, sent = page_url("exception_resolve", issue.pk), {"reason": "By hand.", "skip": "1"}
    said = staff.post(place, sent, follow=True).content.decode()
    assert "2 skipped. More failed, so it stays open: skip those as well." in said
    assert "skip the record that failed</label>" in said
    assert "Resolved, and 1 skipped." in staff.post(place, sent, follow=True).content.decode()


@pytest.fixture
def two(lab: Lab) -> list[int]:
    """Two causes, one record each."""
    lab.target.fail_before = [Rejected("It is blocked."), Rejected("No such tax code.")]
    for id_ in ("1", "2"):
        lab.put_customer(id_)
    lab.drain()
    found = list(Issue.objects.order_by("pk").values_list("pk", flat=True))
    assert len(found) == 2
    return found


def test_several_are_previewed_and_tried_again_together(
    two: list[int], browse: Callable[..., Browser]
) -> None:
    staff = browse(actors.DAVE)
    queue = staff.get(page_url("exception_list")).content.decode()
    assert queue.count('name="id"') == 2
    shown = staff.get(page_url("exceptions_selected"), {"id": two}).content.decode()
    assert "2 selected" in shown
    assert "2 safe to send again" in shown
    staff.post(page_url("exceptions_selected_retry"), {"id": two})
    assert set(_states().values()) == {"pending"}


def test_several_are_given_to_one_and_resolved_with_a_note(
    two: list[int], browse: Callable[..., Browser]
) -> None:
    staff, dave = browse(actors.DAVE), User.objects.get(email=actors.DAVE.email)
    staff.post(page_url("exceptions_selected_assign"), {"id": two, "owner": dave.pk})
    assert set(Issue.objects.values_list("owner", "state")) == {(dave.pk, "assigned")}
    place = page_url("exceptions_selected_resolve")
    refused = staff.post(place, {"id": two, "reason": ""}, follow=True).content.decode()
    assert "Say why" in refused
    assert not Issue.objects.filter(state="resolved").exists(), "none without a note"
    staff.post(place, {"id": two, "reason": "Both were unblocked."})
    assert set(Issue.objects.values_list("resolution", flat=True)) == {"Both were unblocked."}
    again = staff.post(place, {"id": two, "reason": "Twice"}, follow=True).content.decode()
    assert "is open any more" in again


def test_nobody_selects_what_is_another_clients(
    two: list[int], browse: Callable[..., Browser]
) -> None:
    other = Client.objects.exclude(pk=Issue.objects.first().client_id).first()  # type: ignore[union-attr]
    assert other is not None
    Issue.objects.filter(pk=two[1]).update(client=other)
    person = browse(actors.GRACE)
    place = page_url("exceptions_selected_resolve", door="portal")
    person.post(place, {"id": two, "reason": "All of them"})
    assert list(Issue.objects.filter(state="resolved").values_list("pk", flat=True)) == two[:1]


def test_a_line_behind_a_posted_invoice_is_not_to_be_corrected_in_its_source(
    told: Callable[[], str], lab: Lab
) -> None:
    assert "Correct the data in the source" in told()
    invoice = CanonicalRecord.objects.create(
        client=lab.client,
        type="invoice",
        key="P-1:2026-10",
        version=1,
        data={"status": "draft", "external_number": "INV-7"},
    )
    heading = deliver(invoice, lab.workflow, lab.target_connection)
    Delivery.objects.filter(state="failed").update(after=[heading.pk])
    assert "Correct the data in the source" in told(), "a draft takes lines"
    invoice.data["status"] = "posted"
    invoice.save()
    text = told()
    assert "INV-7 is posted, so correcting the source does not help" in text
    assert "Correct the data in the source" not in text


def test_what_was_done_by_hand_is_said_on_the_records_page_and_ends_it(
    told: Callable[[], str], browse: Callable[..., Browser]
) -> None:
    staff = browse(actors.DAVE)
    for row in Delivery.objects.filter(state="failed"):
        page = staff.get(page_url("delivery_detail", row.pk)).content.decode()
        place = page_url("delivery_skip", row.pk)
        assert f'action="{place}"' in page
        staff.post(place, {"reason": "Billed by hand as INV-8."})
    assert set(Delivery.objects.values_list("state", flat=True)) >= {"skipped"}
    assert not Delivery.objects.filter(state="failed").exists()
    assert Issue.objects.get().state == "resolved"


def test_its_page_leads_to_its_audit_entries_for_who_may_read_them(
    told: Callable[[], str], browse: Callable[..., Browser]
) -> None:
    told()
    number = Issue.objects.get().pk
    link = f"{page_url('audit_list')}?kind=exception&amp;target={number}"
    place = page_url("exception_detail", number)
    owner = browse(actors.ALICE)
    assert link in owner.get(place).content.decode()
    owner.post(page_url("exception_comment", number), {"reason": "Asked them."})
    found = owner.get(link.replace("&amp;", "&")).content.decode()
    assert "Asked them." in found or "Commented" in found
    support = browse(actors.DAVE).get(place).content.decode()
    assert "All audit entries" not in support
    assert "ui-head-meta" not in support, "no empty line in its place"
    own = browse(actors.GRACE).get(page_url("exception_detail", number, door="portal"))
    assert "All audit entries" not in own.content.decode()


def test_what_is_too_long_or_missing_is_told_as_such(
    told: Callable[[], str], browse: Callable[..., Browser]
) -> None:
    told()
    number, owner = Issue.objects.get().pk, browse(actors.ALICE)

    def said(name: str, text: str) -> str:
        sent = owner.post(page_url(f"exception_{name}", number), {"reason": text}, follow=True)
        return sent.content.decode()

    assert "Write a comment first." in said("comment", " ")
    assert "A comment has at most 4,000 characters." in said("comment", "x" * 4001)
    assert "without hidden characters" in said("comment", "a\u202eb")
    assert "Comment added." in said("comment", "One line\r\nand another")
    assert "A reason has at most 500 characters." in said("resolve", "x" * 501)
    assert "Say why: a reason is kept" in said("resolve", " ")
    assert 'maxlength="4000"' in said("comment", "x" * 3999)


def test_who_comments_for_the_partner_knows_that_the_clients_people_read_it(
    told: Callable[[], str], browse: Callable[..., Browser]
) -> None:
    told()
    number = Issue.objects.get().pk
    words = "The client's people read it too."
    assert words in browse(actors.ALICE).get(page_url("exception_detail", number)).content.decode()
    own = browse(actors.GRACE).get(page_url("exception_detail", number, door="portal"))
    assert 'id="comment"' in own.content.decode()
    assert words not in own.content.decode()
