"""A client whose workflows take engagements through four systems, with records ready made."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from syncjobs.models import (
    CanonicalRecord,
    Connection,
    Delivery,
    Event,
    ExternalRef,
    Hold,
    Issue,
    Workflow,
)
from tenants.accounts.models import Client
from tests.syncjobs.factories import make_connection, make_workflow

NAME = "ENG-1"


@dataclass
class Firm:
    """A client, its systems by role, and its workflows by what they do."""

    client: Client
    systems: dict[str, Connection]
    flows: dict[str, Workflow]

    def record(
        self, kind: str, key: str, *, engagement: str = NAME, **data: Any
    ) -> CanonicalRecord:
        """Make a record."""
        return CanonicalRecord.objects.create(
            client=self.client,
            type=kind,
            key=key,
            label=data.get("name", ""),
            engagement=engagement,
            data=data,
            version=1,
        )

    def put(self, record: CanonicalRecord, role: str) -> ExternalRef:
        """Let a system have a record."""
        return ExternalRef.objects.create(
            record=record,
            connection=self.systems[role],
            object=f"{record.type}s",
            external_id=f"{role}-{record.key}",
            seen_at=timezone.now(),
        )

    def write(
        self, record: CanonicalRecord, role: str, flow: str, state: str = "delivered", **more: Any
    ) -> Delivery:
        """Make a delivery of a record as it is in that state."""
        workflow = self.flows[flow]
        assert workflow.version is not None
        return Delivery.objects.create(
            workflow=workflow,
            workflow_version=workflow.version,
            client=self.client,
            step="line",
            record=record,
            origin=record,
            record_version=1,
            connection=self.systems[role],
            object=f"{record.type}s",
            mapping="line-out",
            state=state,
            not_before=timezone.now(),
            finished_at=timezone.now() if state in ("delivered", "unchanged") else None,
            idempotency_key=f"{record.key}-{Delivery.objects.count()}",
            **more,
        )

    def hold(self, record: CanonicalRecord, role: str, flow: str, missing: str) -> Hold:
        """Let a gate hold a record's delivery."""
        delivery = self.write(record, role, flow, "held")
        return Hold.objects.create(
            delivery=delivery,
            client=self.client,
            gate="amendment",
            kind="Amendment",
            missing=missing,
            message="It must be signed.",
        )

    def fail(self, record: CanonicalRecord, title: str) -> Issue:
        """Let the ERP refuse approved time, with the exception of it."""
        issue = Issue.objects.create(
            client=self.client,
            fingerprint=f"{title} {Issue.objects.count()}",
            class_name="business",
            kind="rejected_by_target",
            title=title,
        )
        self.write(record, "erp", "time", "failed", issue=issue, error_text=title)
        return issue

    def engage(self, name: str = NAME) -> CanonicalRecord:
        """Make an engagement that is in all its systems; return its project."""
        number = name.removeprefix("ENG-")
        contract, code = f"CT-{number}", f"P-{number}"
        won = self.record("opportunity", f"OPP-{number}", engagement=name, stage="won", name="Move")
        signed = self.record("contract", contract, engagement=name, status="active", name="Move")
        project = self.record(
            "project", code, engagement=name, name=f"Move {number}", contract=contract
        )
        for record, role in ((won, "crm"), (signed, "erp"), (project, "psa")):
            self.put(record, role)
        self.happen("opportunity.won", won)
        self.happen("project.created", project)
        return project

    def work(self, key: str, hours: str, *, who: str = "E-1", **data: Any) -> CanonicalRecord:
        """Make approved billable time of 100 an hour, and what raised its workflow."""
        content = {
            "hours": hours,
            "amount": f"{float(hours) * 100:.2f}",
            "currency": "EUR",
            "billable": True,
            "status": "approved",
            "resource": who,
            "approved_at": "2026-11-02T10:00:00+00:00",
        }
        engagement = data.pop("engagement", NAME)
        record = self.record("time_entry", key, engagement=engagement, **{**content, **data})
        self.happen("time.approved", record)
        return record

    def happen(self, event: str, record: CanonicalRecord, *, days_ago: int = 0) -> None:
        """Raise a business event."""
        made = Event.objects.create(
            type=event, client=self.client, record=record, record_version=record.version
        )
        if days_ago:
            Event.objects.filter(pk=made.pk).update(at=timezone.now() - timedelta(days=days_ago))


def _to(connection: Connection, role: str, name: str, **more: Any) -> dict[str, Any]:
    target = {"role": role, "object": "things", "connection": connection.pk}
    return {"name": name, "target": target, "mapping": "line-out", "mode": "upsert", **more}


def _derived(connection: Connection, role: str, kind: str) -> dict[str, Any]:
    return _to(connection, role, kind, derive={"object": kind, "mapping": f"{kind}-from-it"})


def make_firm(client: Client, *, revenue: bool = True) -> Firm:
    """Make a client's systems and workflows; without a revenue engine unless asked for."""
    roles = ("crm", "erp", "psa", "revenue")
    systems = {role: make_connection(client, f"{role.upper()} of {client}") for role in roles}
    erp, psa = systems["erp"], systems["psa"]
    flows = {
        "start": make_workflow(
            client,
            [
                _derived(erp, "erp", "contract"),
                _derived(psa, "psa", "project"),
                _to(systems["crm"], "crm", "status", record="self"),
            ],
            events=["opportunity.won"],
            name="Opportunity to project",
        ),
        "time": make_workflow(
            client,
            [_derived(erp, "erp", "invoice"), _to(erp, "erp", "line", record="self")],
            events=["time.approved"],
            name="Time to billing",
        ),
    }
    if revenue:
        step = _to(systems["revenue"], "revenue", "evidence", record="self")
        flows["revenue"] = make_workflow(
            client, [step], events=["time.approved"], name="Revenue events"
        )
    return Firm(client, systems, flows)
