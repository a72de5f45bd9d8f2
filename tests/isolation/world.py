"""One object of each kind for two clients, under the same primary keys at both partners.

`ALDER` objects belong to the client of Grace, Heidi and Ivan, `BIRCH` objects to Mallory's.
Rows are written directly, with fixed keys: a mistaken schema then shows as somebody else's
row, never as a missing one.
"""

from django.utils import timezone

from mappings.models import Mapping, MappingVersion
from syncjobs.models import (
    Blueprint,
    CanonicalRecord,
    Connection,
    Delivery,
    Hold,
    Issue,
    Run,
    Workflow,
    WorkflowVersion,
)
from tenants.accounts.models import ApiToken, Client, User

ALDER, BIRCH = 9001, 9002
KEYS = {"Alder Consulting": ALDER, "Birch Systems": BIRCH}


def canary(schema: str, client: str) -> str:
    """Return the marker that only this client's rows carry."""
    return f"canary-{schema}-{client.split()[0].lower()}"


def _of_client(client: Client, pk: int, marker: str, blueprint: Blueprint) -> None:
    connection = Connection.objects.create(
        pk=pk, client=client, name=f"ERP {marker}", connector="sandbox_erp", state="ready"
    )
    workflow = Workflow.objects.create(
        pk=pk, client=client, blueprint=blueprint, name=f"Billing {marker}"
    )
    version = WorkflowVersion.objects.create(
        pk=pk, workflow=workflow, number=1, definition={"steps": [], "trigger": {}}, hash="h"
    )
    Workflow.objects.filter(pk=pk).update(version=version)
    run = Run.objects.create(
        pk=pk, client=client, kind="workflow", trigger="person", workflow=workflow, state="running"
    )
    record = CanonicalRecord.objects.create(
        pk=pk,
        client=client,
        type="customer",
        key=f"C-{marker}",
        label=f"Customer {marker}",
        data={"number": f"C-{marker}", "name": f"Customer {marker}"},
        version=1,
    )
    issue = Issue.objects.create(
        pk=pk,
        client=client,
        fingerprint=marker,
        class_name="business",
        kind="missing_reference",
        title=f"Missing {marker}",
    )
    delivery = Delivery.objects.create(
        pk=pk,
        workflow=workflow,
        workflow_version=version,
        client=client,
        run=run,
        step="customer",
        record=record,
        origin=record,
        record_version=1,
        connection=connection,
        object="customers",
        mapping="customer-to-erp",
        state="failed",
        error_text=f"Refused {marker}",
        not_before=timezone.now(),
        idempotency_key=marker,
        issue=issue,
    )
    Hold.objects.create(
        pk=pk, delivery=delivery, client=client, gate="tax", kind="tax",
        missing=f"Tax code {marker}", message="It is not set.",
    )
    ApiToken.objects.create(
        pk=pk, name=f"Token {marker}", prefix=f"p{pk}", digest="-", scopes=[],
        client=client, user=User.objects.filter(client=client).first(),
    )


def build(schema: str) -> None:
    """Make the world in the current schema."""
    blueprint = Blueprint.objects.create(
        pk=ALDER, slug="isolation", name="Isolation", definition={"steps": []}
    )
    for client in Client.objects.filter(name__in=KEYS):
        _of_client(client, KEYS[client.name], canary(schema, client.name), blueprint)
