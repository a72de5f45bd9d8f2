"""Approved time, completed milestones and posted invoices are evidence for the revenue engine."""

from typing import Any, Final

from syncjobs.blueprints.reads import (
    ERP_CONTRACTS,
    ERP_CUSTOMERS,
    INVOICES,
    MILESTONES,
    PROJECTS,
    RECOGNISED,
    TIME,
)


def _reference(path: str, what: str) -> list[dict[str, Any]]:
    return [
        {
            "name": "contract_reference",
            "label": "Contract reference",
            "require": [{"path": path, "op": "known", "missing": f"contract of {what} {{key}}"}],
            "message": "Revenue is recognised under a contract only.",
            "alert": "finance",
        }
    ]


def _evidence(name: str, label: str, **more: Any) -> dict[str, Any]:
    shared = {"role": "revenue", "mode": "upsert", "match": True}
    return {"name": name, "label": label, **shared, **more}


BLUEPRINT: Final[dict[str, Any]] = {
    "slug": "revenue_events",
    "name": "Revenue events",
    "summary": "What was worked, completed and invoiced goes to the revenue engine with its "
    "contract and obligation; what it recognises comes back.",
    "version": 1,
    "priority": 20,
    "reads": [ERP_CUSTOMERS, ERP_CONTRACTS, PROJECTS, TIME, MILESTONES, INVOICES, RECOGNISED],
    "trigger": {
        "events": ["time.approved", "milestone.completed", "invoice.posted"],
        "when": [{"path": "billable", "op": "not_equals", "value": False}],
    },
    "extension_points": {},
    "steps": [
        _evidence(
            "time_evidence",
            "Evidence of time",
            record={"time_entry": "self"},
            related=["project", "project.contract"],
            mapping="time-evidence-out",
            gates=_reference("project.contract", "time entry"),
        ),
        _evidence(
            "milestone_evidence",
            "Evidence of a milestone",
            record={"milestone": "self"},
            related=["contract"],
            mapping="milestone-evidence-out",
            gates=_reference("contract", "milestone"),
        ),
        _evidence(
            "invoice_evidence",
            "Evidence of an invoice",
            record={"invoice": "self"},
            mapping="invoice-evidence-out",
            gates=_reference("contract", "invoice"),
        ),
    ],
}
