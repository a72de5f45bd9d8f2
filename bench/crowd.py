"""A partner with many clients: some well, some with exceptions, holds or a system that is down.

Rows are written in bulk, with the shapes that the engine writes, so that a hundred thousand
records take seconds. The search's and the dashboard's tests use the same crowd, smaller.
"""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.utils import timezone

from branding.commercial.months import Month
from branding.models import Subscription, Tier, TierVersion, UsageDay
from syncjobs.models import (
    Blueprint,
    CanonicalRecord,
    Connection,
    Delivery,
    Hold,
    Issue,
    Workflow,
    WorkflowVersion,
)
from tenants.accounts.models import Client

DAYS: Final = 20
BATCH: Final = 2_000
_STATES: Final = ("delivered", "delivered", "unchanged", "delivered", "failed", "held")
_NAMES: Final = ("Harbour", "Ledger", "Granite", "Meadow", "Falcon", "Juniper", "Copper", "Tidal")


def make_crowd(clients: int, records_each: int) -> list[Client]:
    """Make so many clients with a system, a workflow, records and deliveries each."""
    crowd = Client.objects.bulk_create(
        Client(name=f"{_name(number)} Consulting {number:04d}", slug=f"crowd-{number}")
        for number in range(clients)
    )
    connections = _connections(crowd)
    workflows = _workflows(crowd)
    records = _records(crowd, records_each)
    _deliveries(records, workflows, connections)
    _issues(crowd, workflows)
    _allowances(crowd)
    return crowd


def _name(number: int) -> str:
    return f"{_NAMES[number % 8]} {_NAMES[number // 8 % 8]}"


def _connections(crowd: Iterable[Client]) -> dict[int, Connection]:
    soon = timezone.now() + timedelta(days=5)
    made = Connection.objects.bulk_create(
        Connection(
            client=client,
            name=f"ERP of {client.name}"[:120],
            connector="sandbox_erp",
            state="failing" if number % 20 == 7 else "ready",
            secret_expires_at=soon if number % 50 == 3 else None,
        )
        for number, client in enumerate(crowd)
    )
    return {one.client_id: one for one in made}


def _workflows(crowd: Iterable[Client]) -> dict[int, WorkflowVersion]:
    blueprint = Blueprint.objects.create(slug="crowd", name="Crowd", definition={"steps": []})
    made = Workflow.objects.bulk_create(
        Workflow(client=client, blueprint=blueprint, name=f"Billing of {client.name}"[:120])
        for client in crowd
    )
    versions = WorkflowVersion.objects.bulk_create(
        WorkflowVersion(workflow=one, number=1, definition={"steps": []}, hash="-") for one in made
    )
    return {one.workflow.client_id: one for one in versions}


def _records(crowd: Iterable[Client], each: int) -> list[CanonicalRecord]:
    rows = (
        CanonicalRecord(
            client=client,
            type=("time_entry", "customer", "project")[number % 3],
            key=f"R-{client.pk}-{number:05d}",
            label=f"{_name(number * 7)} {_NAMES[number % 5]} {number}",
            engagement=f"ENG-{client.pk}-{number % 40:03d}",
            data={
                "date": (timezone.now() - timedelta(days=number % 50)).date().isoformat(),
                "hours": "2.50",
                "amount": "250.00",
                "currency": "EUR",
                "billable": True,
            },
            version=1,
        )
        for client in crowd
        for number in range(each)
    )
    return CanonicalRecord.objects.bulk_create(rows, batch_size=BATCH)


def _deliveries(
    records: list[CanonicalRecord],
    workflows: dict[int, WorkflowVersion],
    connections: dict[int, Connection],
) -> None:
    now = timezone.now()
    made = Delivery.objects.bulk_create(
        (
            _delivery(number, record, workflows[record.client_id], connections[record.client_id])
            for number, record in enumerate(records)
        ),
        batch_size=BATCH,
    )
    for day in range(1, DAYS):
        Delivery.objects.filter(pk__in=[one.pk for one in made[day::DAYS]]).update(
            updated_at=now - timedelta(days=day)
        )
    Hold.objects.bulk_create(
        (
            Hold(delivery=one, client_id=one.client_id, gate="tax", kind="tax", missing="Tax code")
            for one in made
            if one.state == "held"
        ),
        batch_size=BATCH,
    )


def _delivery(
    number: int, record: CanonicalRecord, version: WorkflowVersion, connection: Connection
) -> Delivery:
    state = _STATES[number % 6] if number % 8 == 0 else "delivered"
    return Delivery(
        workflow=version.workflow,
        workflow_version=version,
        client_id=record.client_id,
        step="record",
        record=record,
        origin=record,
        record_version=1,
        connection=connection,
        object="customers",
        mapping="customer-out",
        state=state,
        not_before=timezone.now(),
        finished_at=timezone.now() if state in ("delivered", "unchanged") else None,
        idempotency_key=f"crowd-{number}",
    )


def _issues(crowd: Iterable[Client], workflows: dict[int, WorkflowVersion]) -> None:
    now = timezone.now()
    made = Issue.objects.bulk_create(
        Issue(
            client=client,
            fingerprint=f"crowd-{client.pk}",
            class_name="business",
            kind="rejected_by_target",
            title=f"Missing tax code at {client.name}",
            workflow=workflows[client.pk].workflow,
            due_at=now + timedelta(hours=number % 60 - 20),
        )
        for number, client in enumerate(crowd)
        if number % 5 == 0
    )
    for one in made:
        Delivery.objects.filter(client_id=one.client_id, state="failed").update(issue=one)


def _allowances(crowd: Iterable[Client]) -> None:
    month = Month.of(timezone.localdate())
    tier = Tier.objects.create(name="Crowd tier", currency="EUR")
    TierVersion.objects.create(
        tier=tier,
        starts_on="2020-01-01",
        base_fee=Decimal(100),
        included=100,
        bands=[{"up_to": None, "price": "0.10"}],
        sla_hours=8,
    )
    known = list(crowd)
    Subscription.objects.bulk_create(
        Subscription(client=one, tier=tier, starts_on="2020-01-01") for one in known
    )
    UsageDay.objects.bulk_create(
        UsageDay(
            client=one,
            day=month.first,
            workflow_id=1,
            workflow_label="Billing",
            meter="deliveries",
            quantity=150 if number % 25 == 4 else 40,
        )
        for number, one in enumerate(known)
    )
