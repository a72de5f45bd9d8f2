"""Business events out of changes of canonical records."""

import pytest

from syncjobs.blueprints import BLUEPRINTS
from syncjobs.events import EVENTS, raised_events


@pytest.mark.parametrize(
    ("type_", "before", "after", "events"),
    [
        ("opportunity", {"stage": "open"}, {"stage": "won"}, ["opportunity.won"]),
        ("opportunity", {"stage": "won"}, {"stage": "lost"}, []),
        ("opportunity", None, {"stage": "won"}, ["opportunity.won"]),
        ("time_entry", {"status": "submitted"}, {"status": "approved"}, ["time.approved"]),
        ("time_entry", None, {"status": "draft"}, []),
        # A correction of what was approved must reach the targets too.
        ("time_entry", {"status": "approved"}, {"status": "approved"}, ["time.approved"]),
        ("contract", {"status": "draft"}, {"status": "active"}, ["contract.signed"]),
        ("contract", {"status": "active"}, {"status": "active"}, []),
        ("contract", {"amendments": []}, {"amendments": [1]}, ["contract.amended"]),
        ("contract", {"agreed_value": "1"}, {"agreed_value": "2"}, ["contract.amended"]),
        # A contract system that tells its part for the first time amends nothing.
        ("contract", {"value": "1"}, {"value": "1", "agreed_value": "2"}, []),
        ("contract", {}, {"renewed_on": "2026-11-01"}, ["contract.renewed"]),
        ("support_case", {"status": "open"}, {"status": "escalated"}, ["case.escalated"]),
        ("support_case", {"status": "escalated"}, {"status": "resolved"}, ["case.resolved"]),
        ("project", None, {"status": "active"}, ["project.created", "project.activated"]),
        ("project", {"status": "draft"}, {"status": "active"}, ["project.activated"]),
        ("assignment", {"resource": "A"}, {"resource": "B"}, ["resource.substituted"]),
        # Somebody was asked for, and is found.
        ("assignment", {"status": "requested"}, {"resource": "A"}, ["resource.assigned"]),
        ("expense", {"status": "submitted"}, {"status": "approved"}, ["expense.approved"]),
        ("invoice", {"status": "draft"}, {"status": "released"}, ["invoice.released"]),
        ("invoice", {"status": "released"}, {"status": "posted"}, ["invoice.posted"]),
        (
            "invoice",
            {"status": "draft"},
            {"status": "paid"},
            ["invoice.released", "invoice.posted"],
        ),
        ("payment", None, {}, ["payment.received"]),
        (
            "payment",
            {"status": "received"},
            {"status": "reconciled"},
            ["payment.received", "payment.reconciled"],
        ),
        ("resource", None, {}, []),
    ],
)
def test_a_change_raises_its_events(
    type_: str, before: dict[str, object] | None, after: dict[str, object], events: list[str]
) -> None:
    assert raised_events(type_, before, after) == events


def test_each_statement_of_work_is_approved_once() -> None:
    def contract(*statuses: str) -> dict[str, object]:
        return {
            "statements_of_work": [
                {"number": f"S-{place}", "status": status} for place, status in enumerate(statuses)
            ]
        }

    asked = raised_events("contract", None, contract("draft"))
    first = raised_events("contract", contract("draft"), contract("approved", "draft"))
    again = raised_events("contract", contract("approved"), contract("approved", "draft"))
    second = raised_events("contract", contract("approved"), contract("approved", "approved"))
    assert (asked, first, again, second) == ([], ["sow.approved"], [], ["sow.approved"])


def test_every_blueprint_listens_to_events_that_can_be_raised() -> None:
    for blueprint in BLUEPRINTS.values():
        assert set(blueprint["trigger"]["events"]) <= set(EVENTS)
