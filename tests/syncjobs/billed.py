"""Hours that were billed: records and finished deliveries of one client, ready made."""

from decimal import Decimal

from django.utils import timezone

from governance.actors import Actor
from governance.models import ChangeRequest
from mappings.models import Mapping
from mappings.services.versions import propose_document
from syncjobs.models import CanonicalRecord, Connection, Delivery, ExternalRef, Workflow
from tenants.accounts.models import Client
from tests.syncjobs.factories import make_connection, make_mapping, make_workflow

LINES: list[dict[str, object]] = [
    {"id": "reference", "target": "reference", "source": "number", "required": True},
    {
        "id": "project",
        "target": "projectId",
        "source": "project",
        "lookup": {"reference": "project"},
    },
    {"id": "quantity", "target": "quantity", "source": "hours", "type": "decimal"},
    {"id": "unitPrice", "target": "unitPrice", "source": "rate", "type": "decimal"},
    {"id": "lineAmount", "target": "lineAmount", "source": "amount", "type": "decimal"},
]
# 1,243 hours: ten more for each of them is 12,430.
HOURS = ["400.5", "800.25", "42.25"]
DEARER: list[dict[str, object]] = [
    *LINES[:3],
    {
        "id": "unitPrice",
        "target": "unitPrice",
        "expr": "add(field('rate'), 10)",
        "type": "decimal",
    },
    {
        "id": "lineAmount",
        "target": "lineAmount",
        "expr": "mul(field('hours'), add(field('rate'), 10))",
        "type": "decimal",
    },
]


def definition_step(connection: Connection, **more: object) -> dict[str, object]:
    """Return the one step: a time entry becomes an invoice line."""
    return {
        "name": "line",
        "label": "Invoice line",
        "record": "self",
        "target": {"role": "erp", "object": "lines", "connection": connection.pk},
        "mapping": "line-out",
        "mode": "upsert",
        **more,
    }


def billed_hours(
    client: Client, hours: list[str], *, currency: str = "EUR", connection: Connection | None = None
) -> tuple[Mapping, Workflow, Connection]:
    """Make a project in the ERP and one delivered time entry of 100 an hour for each item."""
    make_mapping("line-out", "outbound", "time_entry", LINES)
    erp = connection or make_connection(client, f"ERP {client.pk}")
    workflow = make_workflow(
        client, [definition_step(erp)], events=["time.approved"], name="Billing"
    )
    project = CanonicalRecord.objects.create(
        client=client, type="project", key="P-1", data={"code": "P-1", "name": "Move"}, version=1
    )
    ExternalRef.objects.create(record=project, connection=erp, object="projects", external_id="77")
    for number, spent in enumerate(hours):
        bill(client, workflow, erp, f"T-{client.pk}-{number}", spent, currency)
    return Mapping.objects.get(slug="line-out", client=None), workflow, erp


def bill(
    client: Client, workflow: Workflow, erp: Connection, key: str, hours: str, currency: str
) -> CanonicalRecord:
    """Make one time entry and the delivery that wrote it."""
    record = CanonicalRecord.objects.create(
        client=client,
        type="time_entry",
        key=key,
        label=f"Entry {key}",
        version=1,
        data={
            "number": key,
            "project": "P-1",
            "hours": hours,
            "rate": "100",
            "amount": str(Decimal(hours) * 100),
            "currency": currency,
        },
    )
    deliver(record, workflow, erp)
    return record


def deliver(record: CanonicalRecord, workflow: Workflow, erp: Connection) -> Delivery:
    """Make a finished delivery of a record."""
    assert workflow.version is not None
    return Delivery.objects.create(
        workflow=workflow,
        workflow_version=workflow.version,
        client=record.client,
        step="line",
        record=record,
        origin=record,
        record_version=1,
        connection=erp,
        object="lines",
        mapping="line-out",
        state="delivered",
        not_before=timezone.now(),
        finished_at=timezone.now(),
        idempotency_key=f"{record.key}-{Delivery.objects.count()}",
    )


def propose_rules(
    bob: Actor, mapping: Mapping, rules: list[dict[str, object]] = DEARER
) -> ChangeRequest:
    """Propose other rules: without a word, those that make an hour ten dearer."""
    return propose_document(bob, mapping, {"rules": rules}, title="Dearer", reason="New prices.")
