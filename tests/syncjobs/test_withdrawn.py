"""Time that its source takes back: what is not billed yet is not, what is needs a person."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from syncjobs.connectors.base import Page, SourceRecord
from syncjobs.connectors.errors import Rejected, Transient, Unknown
from syncjobs.events import is_withdrawn, withdrawals
from syncjobs.indicators.stakes import Stake, stakes_of_issues
from syncjobs.models import Issue, Stream, Workflow
from syncjobs.services.connections import compare_now
from tests.fakes.systems import record
from tests.syncjobs.factories import (
    BUILDER,
    Lab,
    make_connection,
    make_mapping,
    make_stream,
    make_workflow,
)

ENTRY_IN: list[dict[str, object]] = [
    {"id": name, "target": name, "source": name}
    for name in (
        *("number", "status", "project", "date", "hours", "amount", "currency"),
        *("billable", "task"),
    )
]
LINE_OUT: list[dict[str, object]] = [
    {"id": "reference", "target": "reference", "source": "number", "required": True},
    {"id": "text", "target": "description", "source": "task"},
]
INVOICE: list[dict[str, object]] = [
    {"id": "number", "target": "number", "source": "project", "required": True},
]
INVOICE_OUT: list[dict[str, object]] = [
    {"id": "reference", "target": "reference", "source": "number", "required": True},
]
GATE = {
    "name": "task",
    "label": "Task",
    "require": [{"path": "task", "op": "present", "missing": "task of {key}"}],
}

BILLABLE = {"path": "billable", "op": "equals", "value": True}


@pytest.fixture
def billing(lab: Lab) -> Lab:
    """The lab's client bills time: an invoice for each project, held without a task."""
    make_mapping("entry-in", "inbound", "time_entry", ENTRY_IN)
    make_mapping("line-out", "outbound", "time_entry", LINE_OUT)
    make_mapping("invoice-of-entry", "derive", "invoice", INVOICE, makes="invoice")
    make_mapping("invoice-out", "outbound", "invoice", INVOICE_OUT)
    lab.customers.delete()
    # The system that owns time entries.
    lab.source_connection = make_connection(lab.client, "PSA", "sandbox_psa")
    make_stream(lab.source_connection, "entries", "time_entry", "entry-in")
    lab.workflow = make_workflow(
        lab.client,
        [_line(lab, gates=[GATE])],
        name="Billing",
        trigger={"events": ["time.approved"], "when": [BILLABLE]},
    )
    return lab


def _line(lab: Lab, **more: object) -> dict[str, object]:
    return {
        "name": "line",
        "record": "self",
        "target": {"role": "erp", "object": "lines", "connection": lab.target_connection.pk},
        "mapping": "line-out",
        "mode": "upsert",
        **more,
    }


def _with_heads(lab: Lab, *, lines: bool = True) -> None:
    """Let time first make its project's invoice, then (unless told otherwise) a line of it."""
    erp = {"role": "erp", "object": "invoices", "connection": lab.target_connection.pk}
    head = {
        "name": "invoice",
        "derive": {"object": "invoice", "mapping": "invoice-of-entry"},
        "target": erp,
        "mapping": "invoice-out",
        "mode": "create",
    }
    steps: list[dict[str, Any]] = [head]
    if lines:
        steps.append(_line(lab, after=["invoice"]))
    Workflow.objects.filter(pk=lab.workflow.pk).update(state="archived")
    lab.workflow = make_workflow(lab.client, steps, events=["time.approved"], name="Heads")


def _put(lab: Lab, number: str, **data: Any) -> None:
    content = {
        "number": number,
        "status": "approved",
        "project": "P-1",
        "date": "2026-03-02",
        "hours": "8",
        "amount": "1200.00",
        "currency": "EUR",
        "billable": True,
        "task": "Design",
    }
    content |= data
    lab.source.put(
        "entries", record(number, content, version=str(len(lab.source.pages.get("entries", []))))
    )


def _deletes(lab: Lab, number: str) -> None:
    lab.source.put("entries", SourceRecord(number, "gone", None, {}, deleted=True))
    lab.drain()


def _reads(lab: Lab, number: str, **data: Any) -> None:
    _put(lab, number, **data)
    lab.drain()


@pytest.mark.parametrize(
    "change", [{"status": "rejected"}, {"status": "draft"}, {"billable": False}, {"gone": True}]
)
def test_what_is_held_and_withdrawn_is_let_go_and_not_written(
    billing: Lab, change: dict[str, Any]
) -> None:
    _reads(billing, "T-1", task="")
    assert billing.delivery("T-1", "line").state == "held"
    if "gone" in change:
        _deletes(billing, "T-1")
    else:
        _reads(billing, "T-1", task="", **change)
    delivery = billing.delivery("T-1", "line")
    assert (delivery.state, billing.target.effects) == ("unchanged", [])
    assert "before it was written" in delivery.outcome
    assert not Issue.objects.filter(state="open").exists()


@pytest.mark.parametrize("change", [{"status": "rejected"}, {"billable": False}, {"gone": True}])
def test_what_was_refused_and_withdrawn_ends_with_its_exception(
    billing: Lab, change: dict[str, Any]
) -> None:
    billing.target.fail_before = [Rejected("No such task.")]
    _reads(billing, "T-1")
    refused = billing.delivery("T-1", "line")
    assert (refused.state, refused.run and refused.run.state) == ("failed", "failed")
    if "gone" in change:
        _deletes(billing, "T-1")
    else:
        _reads(billing, "T-1", **change)
    delivery = billing.delivery("T-1", "line")
    assert (delivery.state, billing.target.effects) == ("unchanged", [])
    assert "before it was written" in delivery.outcome
    assert delivery.run
    assert delivery.run.state == "succeeded"
    (issue,) = Issue.objects.all()
    assert (issue.state, issue.resolution) == ("resolved", "No record has it any more.")
    _reads(billing, "T-1", task="Design again")
    if "gone" not in change:
        assert billing.target.created("T-1") == 1, "approved again"


def test_what_was_refused_and_is_missed_by_a_comparison_ends_too(billing: Lab) -> None:
    billing.target.fail_before = [Rejected("No such task.")]
    for number in ("T-1", *(f"T-1{n}" for n in range(20))):
        _put(billing, number)
    billing.drain()
    assert billing.delivery("T-1", "line").state == "failed"
    billing.source.pages["entries"] = [
        Page(tuple(one for one in page.records if one.id != "T-1"), page.cursor, page.last)
        for page in billing.source.pages["entries"]
    ]
    stream = Stream.objects.get(object="entries")
    compare_now(BUILDER, stream, reason="A test")
    billing.drain()
    assert billing.delivery("T-1", "line").state == "unchanged"
    assert not Issue.objects.filter(state="open").exists()


def test_what_is_parked_keeps_its_question_though_it_is_withdrawn(billing: Lab) -> None:
    billing.target.can_look_up = False
    billing.target.fail_after = [Unknown("No answer.")]
    _reads(billing, "T-1")
    billing.deliver_late()
    assert billing.delivery("T-1", "line").state == "parked"
    _reads(billing, "T-1", status="rejected")
    billing.deliver_late()
    assert billing.delivery("T-1", "line").state == "parked"
    assert Issue.objects.filter(state="open", kind="outcome_unknown").exists()


def test_what_may_be_there_and_cannot_be_looked_up_is_not_called_unwritten(billing: Lab) -> None:
    """Sending it again would do no harm, but it is not to be sent any more."""
    billing.target.descriptor = replace(billing.target.descriptor, writes_idempotent=True)
    billing.target.can_look_up = False
    billing.target.fail_after = [Unknown("No answer.")]
    _reads(billing, "T-1")
    assert billing.delivery("T-1", "line").state == "unknown"
    _reads(billing, "T-1", status="rejected")
    billing.deliver_late()
    assert billing.target.created("T-1") == 1
    assert billing.delivery("T-1", "line").state == "parked"


def test_what_is_approved_again_is_written(billing: Lab) -> None:
    _reads(billing, "T-1", task="")
    _reads(billing, "T-1", status="rejected")
    _reads(billing, "T-1")
    assert billing.delivery("T-1", "line").state == "delivered"
    assert billing.target.created("T-1") == 1


def test_marked_as_invoiced_is_not_withdrawn(billing: Lab) -> None:
    _reads(billing, "T-1", task="")
    _reads(billing, "T-1", status="invoiced")
    assert billing.target.created("T-1") == 1


def test_a_head_that_others_need_is_made_without_the_one_that_was_withdrawn(billing: Lab) -> None:
    _with_heads(billing)
    billing.target.fail_before = [Transient("Not now.")]
    _put(billing, "T-1")
    _put(billing, "T-2")
    billing.drain()
    head = billing.delivery("P-1", "invoice")
    assert head.state == "retrying"
    _reads(billing, head.origin.key, status="rejected")
    billing.deliver_late()
    other = {"T-1": "T-2", "T-2": "T-1"}[head.origin.key]
    assert billing.delivery("P-1", "invoice").state == "delivered"
    assert billing.delivery(other, "line").state == "delivered"
    assert billing.delivery(head.origin.key, "line").state == "unchanged"


def test_a_head_that_nobody_needs_any_more_is_not_made(billing: Lab) -> None:
    _with_heads(billing)
    billing.target.fail_before = [Transient("Not now.")]
    _reads(billing, "T-1")
    _reads(billing, "T-1", status="rejected")
    billing.deliver_late()
    states = {
        step: billing.delivery(key, step).state
        for key, step in (("P-1", "invoice"), ("T-1", "line"))
    }
    assert states == {"invoice": "unchanged", "line": "unchanged"}
    assert billing.target.effects == []


def test_an_unknown_outcome_is_found_out_before_a_withdrawn_record_is_left(billing: Lab) -> None:
    billing.target.fail_after = [Unknown("No answer.")]
    _reads(billing, "T-1")
    _reads(billing, "T-1", status="rejected")
    billing.deliver_late()
    assert billing.target.created("T-1") == 1
    assert billing.delivery("T-1", "line").state == "delivered"
    assert _told() == ["Time entry T-1 withdrawn after Target had it"]


def _told() -> list[str]:
    return [
        one.title for one in Issue.objects.filter(state="open", kind="withdrawn_after_delivery")
    ]


def test_what_was_billed_and_withdrawn_is_one_exception_until_all_is_approved_again(
    billing: Lab,
) -> None:
    for number in ("T-1", "T-2"):
        _put(billing, number)
    billing.drain()
    assert _told() == []
    _reads(billing, "T-1", status="rejected")
    assert _told() == ["Time entry T-1 withdrawn after Target had it"]
    _deletes(billing, "T-2")
    assert _told() == ["2 time entries of P-1 withdrawn after Target had it"]
    issue = Issue.objects.get(kind="withdrawn_after_delivery")
    assert stakes_of_issues([issue.pk])[issue.pk] == [Stake(Decimal(2400), "EUR")]
    written = list(billing.target.effects)
    _reads(billing, "T-1")
    assert _told() == ["Time entry T-2 withdrawn after Target had it"]
    _reads(billing, "T-2")
    assert _told() == []
    issue.refresh_from_db()
    assert not issue.deliveries.exists()
    assert (issue.state, issue.resolution) == ("resolved", "The cause is gone.")
    assert billing.target.effects == written
    _reads(billing, "T-2", status="draft")
    assert _told() == ["Time entry T-2 withdrawn after Target had it"]


def test_what_was_made_of_a_withdrawn_cause_is_told_too(billing: Lab) -> None:
    _with_heads(billing, lines=False)
    _reads(billing, "T-1")
    assert billing.delivery("P-1", "invoice").state == "delivered"
    _reads(billing, "T-1", status="rejected")
    assert _told() == ["Time entry T-1 withdrawn after Target had it"]


def test_what_was_never_written_and_is_no_time_of_ours_is_not_told(billing: Lab) -> None:
    _reads(billing, "T-1", status="draft")
    _reads(billing, "T-1", status="rejected")
    _reads(billing, "T-2", billable=False)
    _reads(billing, "T-2", billable=False, status="draft")
    assert not Issue.objects.exists()


def test_only_events_that_can_be_withdrawn_are() -> None:
    (rule,) = withdrawals(frozenset({"time.approved"}), "time_entry")
    assert is_withdrawn(rule, {"status": "draft"}, deleted=False)
    assert is_withdrawn(rule, {"status": "approved"}, deleted=True)
    assert not is_withdrawn(rule, {"status": "invoiced"}, deleted=False)
    assert withdrawals(frozenset({"customer.changed"}), "customer") == ()
    assert withdrawals(frozenset({"time.approved"}), "expense") == ()
