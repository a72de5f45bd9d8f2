"""The four answers about an engagement, and its story, are what its records and deliveries say."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from branding.viewer import Viewer
from governance.actors import Actor, command_actor
from governance.models import Change, ChangeRequest
from mappings.models import Mapping
from syncjobs.indicators.engagements.answered import Engagement, answered
from syncjobs.indicators.engagements.chosen import engagements, foremost, head_of, standing
from syncjobs.indicators.engagements.story import story_of
from syncjobs.indicators.engagements.verdicts import Answer
from syncjobs.models import CanonicalRecord, Delivery, ExternalRef, Hold, Workflow
from tenants.accounts.models import Client
from tests.actors import ALICE, GRACE, Person
from tests.syncjobs.engaged import NAME, Firm, make_firm

Of = Callable[[Person], Actor]
BUILDER = command_actor("tests")


@pytest.fixture
def firm(alder: Client) -> Firm:
    """A client with four systems and an engagement that is in all that it should be in."""
    made = make_firm(alder)
    made.engage()
    return made


def whole(client: Client, name: str = NAME) -> Engagement:
    """Return an engagement with its answers, as a viewer with the plain forms reads them."""
    (head,) = engagements(CanonicalRecord.objects.filter(client=client, engagement=name))
    (found,) = answered([head], Viewer())
    return found


def answer(firm: Firm, name: str) -> Answer:
    found: Answer = getattr(whole(firm.client).answers, name)
    return found


# -- which there are


def test_an_engagement_is_called_after_its_project_else_after_what_it_comes_from(
    firm: Firm,
) -> None:
    firm.record("contract", "CT-9", engagement="ENG-9")
    firm.record("opportunity", "OPP-9", engagement="ENG-9")
    firm.record("time_entry", "T-8", engagement="ENG-8")
    firm.record("project", "P-INTERNAL", engagement="")
    found = engagements(CanonicalRecord.objects.all()).order_by("engagement")
    assert [(one.engagement, one.key) for one in found] == [(NAME, "P-1"), ("ENG-9", "CT-9")]
    entry = firm.work("T-1", "1")
    assert head_of(entry).key == "P-1"
    CanonicalRecord.objects.filter(type="project").update(deleted=True)
    assert head_of(entry).key == "CT-1"
    CanonicalRecord.objects.exclude(pk=entry.pk).update(deleted=True)
    assert not engagements(CanonicalRecord.objects.all()).exists()
    assert head_of(entry) == entry


def test_two_clients_with_one_identifier_have_an_engagement_each(firm: Firm, birch: Client) -> None:
    other = make_firm(birch)
    other.engage()
    other.fail(other.work("T-1", "3"), "Refused")
    assert engagements(CanonicalRecord.objects.all()).count() == 2
    assert standing() == {(birch.pk, NAME): True}
    assert standing(firm.client.pk) == {}
    assert answer(firm, "time").state == "none"
    assert whole(birch).answers.time.state == "problem"


def test_what_is_stopped_comes_first_in_brief(firm: Firm) -> None:
    for number in range(2, 9):
        firm.engage(f"ENG-{number}")
    firm.fail(firm.work("T-1", "1", engagement="ENG-5"), "Refused")
    brief = foremost(firm.client.pk)
    assert (brief.count, brief.stopped, len(brief.first)) == (8, 1, 6)
    assert [one.engagement for one, stopped in brief.first if stopped] == ["ENG-5"]
    assert brief.first[0][0].engagement == "ENG-5"


# -- is the project in every system that it should be in?


def test_a_project_that_is_everywhere_is_said_to_be(firm: Firm) -> None:
    found = answer(firm, "project")
    assert (found.state, found.verdict) == ("ok", "Yes, in all 3 systems.")
    places = whole(firm.client).facts.places
    assert [one.ref.external_id for one in places if one.ref] == [
        "crm-OPP-1",
        "erp-CT-1",
        "psa-P-1",
    ]


def test_a_system_that_lacks_it_is_named_with_the_reason(firm: Firm) -> None:
    ExternalRef.objects.filter(connection=firm.systems["psa"]).delete()
    psa = str(firm.systems["psa"])
    found = answer(firm, "project")
    assert (found.state, found.short) == ("problem", "2 of 3 systems")
    assert found.verdict == f"No: there is no project P-1 in {psa}, and none is on its way."
    project = CanonicalRecord.objects.get(key="P-1")
    delivery = firm.write(project, "psa", "start", "pending")
    assert answer(firm, "project").state == "waiting"
    Delivery.objects.filter(pk=delivery.pk).update(state="cancelled")
    firm.hold(project, "psa", "start", "tax code of customer C-1")
    assert answer(firm, "project").verdict == (
        f"No: there is no project P-1 in {psa} yet, because tax code of customer C-1 is missing."
    )


def test_a_won_opportunity_without_a_project_lacks_it(firm: Firm) -> None:
    CanonicalRecord.objects.filter(type__in=("project", "contract")).update(deleted=True)
    found = answer(firm, "project")
    assert found.state == "problem"
    assert "there is no project in" in found.verdict


@pytest.mark.parametrize(("stage", "says"), [("open", "not won"), ("lost", "was lost")])
def test_an_opportunity_that_is_not_won_needs_no_project(firm: Firm, stage: str, says: str) -> None:
    firm.record("opportunity", "OPP-7", engagement="ENG-7", stage=stage)
    found = whole(firm.client, "ENG-7").answers.project
    assert found.state == "none"
    assert says in found.verdict


def test_a_project_that_stands_still_is_a_problem_although_it_is_everywhere(firm: Firm) -> None:
    firm.hold(CanonicalRecord.objects.get(key="P-1"), "psa", "start", "tax code of customer C-1")
    found = answer(firm, "project")
    assert found.state == "problem"
    assert found.verdict.startswith("Yes, in all 3 systems. But it stands still: tax code")


def test_the_worst_of_the_four_counts_for_all(firm: Firm) -> None:
    assert whole(firm.client).answers.state == "ok"
    delivery = firm.write(firm.work("T-1", "1"), "erp", "time", "pending")
    assert whole(firm.client).answers.state == "waiting"
    Delivery.objects.filter(pk=delivery.pk).update(state="failed")
    assert whole(firm.client).answers.state == "problem"


def test_a_client_without_such_a_workflow_is_told_so(firm: Firm) -> None:
    Workflow.objects.update(state="archived")
    answers = whole(firm.client).answers
    assert [one.state for one in answers.each] == ["none"] * 4
    assert "No workflow here takes projects" in answers.project.verdict
    assert all("no workflow here" in one.verdict.lower() for one in answers.each)


def test_a_task_to_renew_a_contract_is_no_contract_in_the_crm(firm: Firm) -> None:
    contract = CanonicalRecord.objects.get(key="CT-1")
    ref = firm.put(contract, "crm")
    ExternalRef.objects.filter(pk=ref.pk).update(seen_at=None)
    places = whole(firm.client).facts.places
    assert [one.kind for one in places] == ["opportunity", "contract", "project"]


# -- did approved time reach the ERP?


def test_time_that_reached_the_erp_is_counted(firm: Firm) -> None:
    for key, hours, who in (("T-1", "4.5", "E-1"), ("T-2", "8", "E-2"), ("T-3", "1", "E-1")):
        firm.write(firm.work(key, hours, who=who), "erp", "time")
    firm.work("T-4", "100", billable=False)
    firm.work("T-5", "100", status="rejected")
    found = answer(firm, "time")
    assert (found.state, found.short) == ("ok", "All 13.5 h")
    assert found.verdict == "Yes, all: 13.5 hours of 2 people."


def test_time_that_nobody_has_approved_yet_is_told_beside_the_answer(firm: Firm) -> None:
    firm.work("T-1", "100", status="draft")
    found = answer(firm, "time")
    early = "Still to be approved: 100 hours of 1 person."
    assert (found.state, found.verdict) == ("none", f"No billable time is approved yet. {early}")
    firm.write(firm.work("T-2", "8"), "erp", "time")
    firm.write(firm.work("T-3", "1", status="submitted"), "erp", "time", "cancelled")
    firm.work("T-4", "5", status="submitted", billable=False)
    found = answer(firm, "time")
    assert (found.state, found.short) == ("ok", "All 8 h")
    assert found.verdict == (
        "Yes, all: 8 hours of 1 person. Still to be approved: 101 hours of 1 person."
    )


def test_time_that_waits_is_named_with_people_day_and_reason(firm: Firm) -> None:
    firm.write(firm.work("T-1", "4.5"), "erp", "time")
    for key, who in (("T-2", "E-2"), ("T-3", "E-3")):
        firm.fail(firm.work(key, "6", who=who), "Work is outside contract CT-1.")
    found = answer(firm, "time")
    assert (found.state, found.short) == ("problem", "12 h stopped")
    assert found.verdict == (
        "No: 12 hours of 2 people, approved since 2 Nov 2026, are waiting, "
        "because Work is outside contract CT-1."
    )


def test_time_that_is_on_its_way_is_no_problem(firm: Firm) -> None:
    firm.write(firm.work("T-1", "1", approved_at=None), "erp", "time", "pending")
    found = answer(firm, "time")
    assert (found.state, found.verdict) == ("waiting", "Not yet: 1 hour of 1 person is on the way.")


def test_a_line_behind_a_heading_that_is_held_waits_for_what_the_heading_lacks(firm: Firm) -> None:
    invoice = firm.record("invoice", "P-1:2026-11", contract="CT-1", status="draft")
    firm.hold(invoice, "erp", "time", "amendment of contract CT-1")
    firm.write(firm.work("T-1", "2"), "erp", "time", "waiting")
    found = answer(firm, "time")
    assert found.state == "problem"
    assert "because amendment of contract CT-1 is missing" in found.verdict


def test_approved_time_that_nothing_was_planned_for_is_a_problem(firm: Firm) -> None:
    firm.work("T-1", "3")
    found = answer(firm, "time")
    assert found.state == "problem"
    assert found.verdict.startswith("No: nothing is planned for 3 hours of 1 person")


def test_what_somebody_gave_up_or_invoiced_elsewhere_is_not_said_to_be_through(firm: Firm) -> None:
    firm.work("T-1", "3", status="invoiced")
    assert answer(firm, "time").verdict == "No: what is approved was invoiced outside of here."
    firm.write(firm.work("T-2", "5"), "erp", "time", "cancelled")
    firm.write(firm.work("T-3", "7"), "erp", "time")
    found = answer(firm, "time")
    assert found.verdict == "Yes, all: 7 hours of 1 person. A person gave up 5 hours of 1 person."


def test_evidence_for_revenue_is_not_time_in_the_erp(firm: Firm) -> None:
    firm.write(firm.work("T-1", "3"), "revenue", "revenue")
    assert answer(firm, "time").state == "problem"


def test_numbers_are_written_as_the_viewer_writes_them(firm: Firm) -> None:
    firm.write(firm.work("T-1", "1234.5"), "erp", "time")
    (found,) = answered([CanonicalRecord.objects.get(key="P-1")], Viewer(locale="de"))
    assert found.answers.time.short == "All 1.234,5 h"


# -- is an invoice blocked, and by what?


def test_an_invoice_that_is_held_is_blocked_by_what_is_missing(firm: Firm) -> None:
    assert answer(firm, "invoice").verdict == "There is no invoice yet."
    firm.record("invoice", "P-1:2026-10", contract="CT-1", status="posted")
    assert answer(firm, "invoice").verdict == "No, the one invoice is not blocked."
    second = firm.record("invoice", "P-1:2026-11", contract="CT-1", status="draft")
    firm.hold(second, "erp", "time", "signed amendment of contract CT-1")
    found = answer(firm, "invoice")
    assert (found.state, found.short) == ("problem", "1 blocked")
    assert found.verdict == "Yes, 1: signed amendment of contract CT-1 is missing."


def test_evidence_of_an_invoice_that_is_stopped_blocks_no_invoice(firm: Firm) -> None:
    invoice = firm.record("invoice", "P-1:2026-10", contract="CT-1", status="posted")
    firm.hold(invoice, "revenue", "revenue", "contract of invoice P-1:2026-10")
    assert answer(firm, "invoice").state == "ok"
    found = answer(firm, "revenue")
    assert found.state == "problem"
    assert "1 record is not there yet" in found.verdict


# -- does the revenue carry the right contract reference?


def test_revenue_under_the_projects_contract_is_right(firm: Firm) -> None:
    assert answer(firm, "revenue").short == "None yet"
    firm.record(
        "revenue_event", "RE-1", engagement="", contract="CT-1", project="P-1", amount="50.00",
        currency="EUR",
    )  # fmt: skip
    found = answer(firm, "revenue")
    assert (found.state, found.verdict) == ("ok", "Yes: 50.00 EUR of revenue, all under CT-1.")


def test_revenue_under_another_contract_is_named(firm: Firm) -> None:
    firm.record("revenue_event", "RE-1", engagement="", contract="CT-1", project="P-1", amount="5")
    firm.record("revenue_event", "RE-2", engagement="", contract="CT-X", project="P-1", amount="5")
    firm.record("invoice", "I-1", contract="CT-Y")
    firm.record("invoice", "I-2")
    found = answer(firm, "revenue")
    assert (found.state, found.short) == ("problem", "2 wrong")
    assert found.verdict == ("No: 2 name another contract than CT-1: RE-2 (CT-X), I-1 (CT-Y).")


def test_revenue_of_another_clients_project_of_that_name_is_not_counted(
    firm: Firm, birch: Client
) -> None:
    make_firm(birch).record(
        "revenue_event", "RE-9", engagement="", contract="CT-X", project="P-1", amount="5"
    )
    assert answer(firm, "revenue").state == "none"


# -- its story


def titles(firm: Firm, actor: Actor = BUILDER) -> list[str]:
    return [one.title for one in story_of(whole(firm.client).facts, actor, "UTC")]


def test_many_of_a_kind_are_one_line_a_day(firm: Firm) -> None:
    for number in range(46):
        firm.write(firm.work(f"T-{number}", "1"), "erp", "time")
    old = firm.work("T-OLD", "1")
    old.events.update(at=timezone.now() - timedelta(days=40))
    told = story_of(whole(firm.client).facts, BUILDER, "UTC")
    assert f"46 time entries to {firm.systems['erp']}" in [one.title for one in told]
    approved = [one for one in told if one.title == "Time approved"]
    assert [one.text for one in approved] == ["46 time entries", "T-OLD"]
    assert approved[0].listed == "time_entry"
    assert approved[1].pk == old.pk
    assert [one.at for one in told] == sorted((one.at for one in told), reverse=True)


def test_holds_releases_payments_and_revenue_are_told(firm: Firm) -> None:
    invoice = firm.record("invoice", "P-1:2026-10", contract="CT-1")
    hold = firm.hold(invoice, "erp", "time", "signed amendment")
    Hold.objects.filter(pk=hold.pk).update(released_at=timezone.now(), released_by="Carol Diaz")
    paid = firm.record("payment", "PAY-1", engagement="", invoice="P-1:2026-10")
    firm.happen("payment.received", paid)
    revenue = firm.record("revenue_event", "RE-1", engagement="", contract="CT-1", amount="5")
    firm.happen("revenue.recognised", revenue)
    told = titles(firm)
    for title in (
        "On hold: signed amendment", "Released: signed amendment", "Payment received",
        "Revenue recognised", "Opportunity won", "First seen: opportunity OPP-1",
    ):  # fmt: skip
        assert title in told, title


def test_a_record_that_carries_the_identifier_and_names_the_project_is_told_once(
    firm: Firm,
) -> None:
    case = firm.record("support_case", "CASE-1", project="P-1")
    firm.happen("case.escalated", case)
    assert titles(firm).count("Case escalated") == 1


def test_exceptions_and_changes_are_for_those_who_may_see_them(firm: Firm, actor: Of) -> None:
    firm.fail(firm.work("T-1", "1"), "Refused")
    firm.write(firm.work("T-2", "1"), "erp", "time")
    mapping = Mapping.objects.create(slug="line-out", name="Lines", direction="outbound")
    for title, client_id in (("Shorter texts", None), ("Other rates", firm.client.pk)):
        request = ChangeRequest.objects.create(
            title=title, reason="r", status="applied", author_label="Bob",
            applied_at=timezone.now(), client_id=client_id,
        )  # fmt: skip
        Change.objects.create(
            request=request, kind="mapping_version", target_id=str(mapping.pk), content={}
        )
    staff, client = titles(firm, actor(ALICE)), titles(firm, actor(GRACE))
    assert {"Exception: Refused", "Change: Shorter texts", "Change: Other rates"} <= set(staff)
    assert "Change: Other rates" in client
    assert "Change: Shorter texts" not in client, "it is the partner's own"
    nobody = Actor("person", 1, "Nobody", permissions=frozenset({"records.view"}))
    assert not [one for one in titles(firm, nobody) if one.startswith(("Exception", "Change"))]


# -- what it costs


def statements(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def test_a_page_of_engagements_takes_as_many_statements_as_one(firm: Firm) -> None:
    for number in range(2, 26):
        firm.engage(f"ENG-{number}")
        firm.fail(firm.work(f"T-{number}", "1", engagement=f"ENG-{number}"), f"Why {number}")
    heads = list(engagements(CanonicalRecord.objects.all()))
    assert len(heads) == 25
    few = statements(lambda: answered(heads[:1], Viewer()))
    assert statements(lambda: answered(heads, Viewer())) == few <= 8


def test_a_long_story_takes_no_more_statements(firm: Firm) -> None:
    facts = whole(firm.client).facts
    few = statements(lambda: story_of(facts, BUILDER, "UTC"))
    for number in range(30):
        firm.write(firm.work(f"T-{number}", "1"), "erp", "time")
        firm.fail(firm.work(f"F-{number}", "1"), f"Why {number}")
    assert statements(lambda: story_of(facts, BUILDER, "UTC")) <= few + 1 <= 9
