"""A source of timesheets and invoices that become several records, for tests."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from mappings.models import OwnershipRule
from syncjobs.connectors.base import SourceRecord
from syncjobs.models import (
    CanonicalRecord,
    Delivery,
    Workflow,
)
from tests.fakes.systems import record
from tests.syncjobs.factories import (
    Lab,
    make_mapping,
    make_stream,
    make_workflow,
    step,
)

DAYS_IN: list[dict[str, object]] = [
    {
        "id": "days",
        "target": "each",
        "source": "days",
        "steps": [{"do": "filter", "field": "kind", "values": "work"}, {"do": "explode"}],
    },
    {
        "id": "number",
        "target": "number",
        "source": "sheet",
        "steps": [{"do": "concat", "fields": "each.on", "separator": "/"}],
        "required": True,
    },
    {"id": "project", "target": "project", "source": "each.project", "required": True},
    {"id": "date", "target": "date", "source": "each.on", "required": True},
    {"id": "hours", "target": "hours", "source": "each.hours", "required": True},
    {"id": "status", "target": "status", "source": "state", "required": True},
]
TIME_OUT: list[dict[str, object]] = [
    {"id": "no", "target": "no", "source": "number", "required": True},
    {"id": "hours", "target": "hours", "source": "hours", "required": True},
]
LINES: list[dict[str, object]] = [
    {"id": "lines", "target": "each", "source": "lines", "steps": [{"do": "explode"}]},
    {
        "id": "number",
        "target": "number",
        "expr": "concat(field('number'), '-', field('each.reference'))",
    },
    {"id": "contract", "target": "contract", "source": "contract"},
    {"id": "amount", "target": "amount", "source": "each.amount", "required": True},
]
INVOICE_IN: list[dict[str, object]] = [
    {"id": name, "target": name, "source": name}
    for name in ("number", "contract", "status", "issue_date", "lines")
]
REVENUE_OUT: list[dict[str, object]] = [
    {"id": "no", "target": "no", "source": "number"},
    {"id": "amount", "target": "amount", "source": "amount"},
]


def day(on: str, hours: str = "8", **more: str) -> dict[str, str]:
    """Return a day of a timesheet in November."""
    return {"on": f"2026-11-{on}", "hours": hours, "project": "P-1", "kind": "work", **more}


class Several:
    """A source of timesheets and invoices, and the target of what they become."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._at = timezone.now() - timedelta(days=1)

    def sheet(self, id_: str, *days: Mapping[str, str], **more: Any) -> None:
        """Let the source have a timesheet, new or changed."""
        self._put("timesheets", id_, {"sheet": id_, "state": "approved", "days": [*days], **more})

    def invoice(self, id_: str, contract: str = "C-1", **lines: str) -> None:
        """Let the source have an invoice; lines: reference → amount."""
        rows = [{"reference": name, "amount": amount} for name, amount in lines.items()]
        data = {"number": id_, "contract": contract, "status": "posted", "lines": rows}
        data["issue_date"] = "2026-10-05"
        self._put("invoices", id_, data)

    def _put(self, object_: str, id_: str, data: dict[str, Any]) -> None:
        self._at += timedelta(seconds=1)
        self.lab.source.put(object_, record(id_, data, at=self._at))

    def delete(self, id_: str, object_: str = "timesheets") -> None:
        """Let the source mark one as deleted."""
        self._at += timedelta(seconds=1)
        gone = SourceRecord(id_, "gone", self._at, {}, deleted=True)
        self.lab.source.put(object_, gone)

    def derive_by(self, number: str, **flows: dict[str, object]) -> None:
        """Derive the lines' records under another number, by these workflows: name → extra."""
        Workflow.objects.filter(name="Revenue").update(state="archived")
        lines = [LINES[0], {"id": "number", "target": "number", "expr": number}, *LINES[2:]]
        make_mapping("shared", "derive", "invoice", lines, makes="revenue_event")
        derived = step("revenue", self.lab.target_connection, mapping="revenue-out")
        del derived["record"]
        derived["derive"] = {"object": "revenue_event", "mapping": "shared"}
        for name, extra in flows.items():
            make_workflow(
                self.lab.client, [derived], events=("invoice.posted",), name=name, **extra
            )

    def there(self) -> dict[str, str]:
        """What the target was made to hold: number → hours or amount, each effect once."""
        made: dict[str, str] = {}
        for one in self.lab.target.effects:
            assert not (one.what == "created" and one.reference in made), one.reference
            made[one.reference] = str(one.data.get("hours") or one.data.get("amount"))
        return made


def keys(type_: str = "time_entry", **more: Any) -> list[str]:
    """Return the keys of the records of a kind."""
    rows = CanonicalRecord.objects.filter(type=type_, **more)
    return sorted(rows.values_list("key", flat=True))


def states(step_: str) -> list[tuple[str, str]]:
    """Return a step's deliveries in their order: key, state."""
    rows = Delivery.objects.filter(step=step_).order_by("id")
    return [(row.record.key, row.state) for row in rows.select_related("record")]


def make_several(lab: Lab) -> Several:
    """Publish the mappings and install the workflows of a lab."""
    make_mapping("sheet-in", "inbound", "time_entry", DAYS_IN)
    make_mapping("invoice-in", "inbound", "invoice", INVOICE_IN)
    make_mapping("time-out", "outbound", "time_entry", TIME_OUT)
    make_mapping("revenue-out", "outbound", "revenue_event", REVENUE_OUT)
    free = {"id": "free", "assert": "gt(field('amount'), 0)", "message": "A line without worth."}
    make_mapping(
        "revenue-from-lines",
        "derive",
        "invoice",
        LINES,
        checks=[{**free, "severity": "hold"}],
        makes="revenue_event",
    )
    for type_ in ("time_entry", "invoice"):
        OwnershipRule.objects.create(object=type_, owner="crm")
    make_stream(lab.source_connection, "timesheets", "time_entry", "sheet-in")
    make_stream(lab.source_connection, "invoices", "invoice", "invoice-in")
    erp = lab.target_connection
    make_workflow(
        lab.client,
        [step("time", erp, mapping="time-out")],
        events=("time.approved",),
        name="Time",
    )
    derived: dict[str, Any] = step("revenue", erp, mapping="revenue-out")
    del derived["record"]
    derived["derive"] = {"object": "revenue_event", "mapping": "revenue-from-lines"}
    note = step("note", erp, mapping="invoice-note", after=["revenue"])
    make_mapping("invoice-note", "outbound", "invoice", [TIME_OUT[0]])
    make_workflow(lab.client, [derived, note], events=("invoice.posted",), name="Revenue")
    return Several(lab)
