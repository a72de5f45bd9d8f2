"""What a step says of itself: only looked for, how many tries, and what follows a failure; and
what a gate says of what it does not let through."""

from typing import Any

import pytest

from governance.actors import Actor
from syncjobs.connectors.errors import Rejected, Transient
from syncjobs.engine.definition import DefinitionError, parse_definition
from syncjobs.models import Attempt, Delivery, ExternalRef, Hold, Issue
from syncjobs.services.deliveries import verdict_of
from syncjobs.services.workflows import ONLY_LOOKED_FOR, dry_run, pause_workflow
from tests.fakes.systems import record
from tests.syncjobs.factories import (
    Lab,
    make_mapping,
    make_stream,
    make_workflow,
    step,
)

TAX = {
    "name": "tax",
    "label": "Tax setting",
    "require": [{"path": "tax_code", "op": "present", "missing": "tax code of customer {key}"}],
    "message": "No invoice without it.",
}


def _only_match(lab: Lab) -> None:
    lab.replace_workflow([step("customer", lab.target_connection, mode="match")])


def _made_by_hand(lab: Lab, number: str) -> None:
    """Somebody makes it in the target, beside us."""
    there = {("things", number): "900"}
    lab.target._by_reference.update(there)
    lab.target._held["things", "900"] = {}


def test_what_is_only_matched_is_linked_and_never_written(lab: Lab) -> None:
    _only_match(lab)
    _made_by_hand(lab, "C-1")
    lab.put_customer("1")
    lab.drain()
    delivery = lab.delivery("C-1")
    assert (delivery.state, delivery.outcome) == ("unchanged", "It was there already; linked.")
    assert ExternalRef.objects.get(connection=lab.target_connection).external_id == "900"
    lab.put_customer("1", name="Renamed")
    lab.drain()
    assert lab.delivery("C-1").state == "unchanged"
    assert lab.target.effects == []


def test_what_is_only_matched_waits_until_somebody_made_it(lab: Lab) -> None:
    _only_match(lab)
    make_stream(lab.target_connection, "things", "customer", "customer-in")
    lab.put_customer("1")
    lab.drain()
    delivery = lab.delivery("C-1")
    assert (delivery.state, delivery.outcome) == ("waiting", "Waits for customer C-1 in Target.")
    assert lab.target.effects == []
    # It is read from there, and so known.
    _made_by_hand(lab, "C-1")
    lab.target.put("things", record("900", {"no": "C-1", "name": "Name 1"}))
    lab.drain()
    assert lab.delivery("C-1").state == "unchanged"
    assert lab.target.effects == []


def test_what_is_only_matched_is_put_to_a_person_where_nobody_can_ask(lab: Lab) -> None:
    _only_match(lab)
    lab.target.can_look_up = False
    lab.put_customer("1")
    lab.drain()
    assert lab.delivery("C-1").state == "parked"
    assert lab.target.effects == []


def test_a_dry_run_and_a_verdict_say_that_matching_writes_nothing(
    lab: Lab, bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncjobs.services.workflows.Systems", lab.systems)
    _only_match(lab)
    pause_workflow(bob, lab.workflow, reason="Trying first")
    lab.put_customer("1")
    lab.drain()
    (row,) = dry_run(bob, lab.workflow)
    assert (row.method, row.problem) == ("", ONLY_LOOKED_FOR)
    assert verdict_of(lab.delivery("C-1")).effect == "Writes nothing."


def test_a_step_has_as_many_tries_as_it_says(lab: Lab) -> None:
    lab.replace_workflow([step("customer", lab.target_connection, tries=2)])
    lab.put_customer("1")
    # The failure before is another's, and others get through between them.
    lab.target.fail_before = [Transient("Busy."), None, Transient("Busy."), None]
    lab.drain()
    lab.put_customer("2")
    lab.drain()
    assert lab.delivery("C-1").state == "retrying"
    lab.deliver_late()
    assert lab.delivery("C-1").state == "failed"
    assert Attempt.objects.filter(delivery__record__key="C-1").count() == 2


@pytest.mark.parametrize(("policy", "state"), [("wait", "waiting"), ("go_on", "delivered")])
def test_later_steps_wait_for_one_that_failed_or_go_on_without_it(
    lab: Lab, policy: str, state: str
) -> None:
    other = {"role": "erp", "object": "others", "connection": lab.target_connection.pk}
    lab.replace_workflow(
        [
            step("first", lab.target_connection, on_failure=policy),
            step("second", lab.target_connection, after=["first"], target=other),
        ]
    )
    lab.target.fail_before = [Rejected("No.")]
    lab.put_customer("1")
    lab.drain()
    assert lab.delivery("C-1", "first").state == "failed"
    assert lab.delivery("C-1", "second").state == state


def test_what_goes_on_without_a_failed_step_still_waits_for_one_that_only_retries(
    lab: Lab,
) -> None:
    other = {"role": "erp", "object": "others", "connection": lab.target_connection.pk}
    lab.replace_workflow(
        [
            step("first", lab.target_connection, on_failure="go_on"),
            step("second", lab.target_connection, after=["first"], target=other),
        ]
    )
    lab.target.fail_before = [Transient("Busy.")]
    lab.put_customer("1")
    lab.drain()
    assert lab.delivery("C-1", "second").state == "waiting"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tries": 41}, "tries must be"),
        ({"tries": "3"}, "tries must be"),
        ({"on_failure": "stop"}, "on_failure must be"),
        ({"mode": "guess"}, "action, create, match, update, upsert"),
        ({"gates": [{**TAX, "then": "shrug"}]}, "then must be one of"),
        ({"gates": [{**TAX, "then": "next_cycle"}]}, "looks at the cause only"),
        (
            {"gates": [{"name": "g", "then": "next_cycle", "require": [
                {"path": "origin.note", "op": "present"}]}]},
            "there is no billing cycle",
        ),
    ],
)  # fmt: skip
def test_a_definition_that_says_otherwise_is_refused(
    lab: Lab, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(DefinitionError, match=said):
        parse_definition(
            {
                "trigger": {"events": ["customer.changed"]},
                "steps": [step("customer", lab.target_connection, **wrong)],
            }
        )


def _gated(lab: Lab, then: str) -> None:
    gate = {**TAX, "then": then}
    lab.replace_workflow([step("customer", lab.target_connection, gates=[gate])])
    lab.put_customer("1")
    lab.drain()


def test_a_gate_that_warns_lets_through_and_says_so(lab: Lab) -> None:
    _gated(lab, "warn")
    delivery = lab.delivery("C-1")
    assert delivery.state == "delivered"
    assert delivery.outcome == "Created there. Tax setting: missing tax code of customer C-1."
    assert not Hold.objects.exists()


def test_a_gate_that_rejects_fails_until_the_record_changes(lab: Lab) -> None:
    _gated(lab, "reject")
    delivery = lab.delivery("C-1")
    assert (delivery.state, delivery.error_class) == ("failed", "rejected")
    issue = Issue.objects.get()
    assert (issue.kind, issue.title) == (
        "gate_rejected",
        "Tax setting refuses: tax code of customer C-1",
    )
    assert lab.target.effects == []
    assert not Hold.objects.exists()
    lab.put_customer("1", tax="EU")
    lab.drain()
    assert lab.delivery("C-1").state == "delivered"
    assert Issue.objects.get().state == "resolved"


CHECKED = {
    "name": "checked",
    "label": "Checked hours",
    "then": "next_cycle",
    "require": [
        {"path": "origin.description", "op": "present", "missing": "description of {key}"}
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "period", "put_off"),
    [("Workshop", "2026-10", None), ("", "2026-11", "description of T-1")],
)
def test_a_gate_sends_to_the_next_cycle_with_the_original_date_kept(
    lab: Lab, said: str, period: str, put_off: str | None
) -> None:
    make_mapping("time-in", "inbound", "time_entry", TIME_IN)
    make_mapping("time-out", "outbound", "time_entry", TIME_OUT)
    make_stream(lab.source_connection, "hours", "time_entry", "time-in")
    make_workflow(
        lab.client,
        [step("line", lab.target_connection, mapping="time-out", gates=[CHECKED])],
        events=["time.approved"],
        name="Billing",
        cycle={"date": "date", "approved_at": "approved_at", "entity": "entity",
               "rule": {"day": 3, "time": "18:00", "version": "7"}},
    )  # fmt: skip
    approved = {"day": "2026-10-30", "at": "2026-11-01T10:00:00+00:00", "state": "approved"}
    lab.source.put("hours", record("1", {"no": "T-1", "text": said, **approved}))
    lab.drain()
    delivery = Delivery.objects.get(step="line")
    assert delivery.state == "delivered", delivery.outcome
    assert delivery.variables["period"] == period
    assert delivery.variables["original_period"] == "2026-10"
    assert delivery.variables["late"] is (put_off is not None)
    assert delivery.variables.get("put_off_by") == put_off
    assert delivery.variables["cut_off_rule"] == "7"
    assert lab.target.effects[-1].data == {"ref": "T-1", "date": "2026-10-30", "period": period}


TIME_IN: list[dict[str, object]] = [
    {"id": "number", "target": "number", "source": "no", "required": True},
    {"id": "date", "target": "date", "source": "day"},
    {"id": "description", "target": "description", "source": "text", "on_missing": "skip"},
    {"id": "approved", "target": "approved_at", "source": "at"},
    {"id": "status", "target": "status", "source": "state"},
    {"id": "hours", "target": "hours", "constant": "8"},
    {"id": "project", "target": "project", "constant": "P-1"},
    {"id": "resource", "target": "resource", "constant": "R-1"},
]
TIME_OUT: list[dict[str, object]] = [
    {"id": "ref", "target": "ref", "source": "number"},
    {"id": "date", "target": "date", "source": "date"},
    {"id": "period", "target": "period", "source": "variables.period"},
]
