"""One object of each kind for two clients, under the same primary keys at both partners.

`ALDER` objects belong to the client of Grace, Heidi and Ivan, `BIRCH` objects to Mallory's.
Rows are written directly, with fixed keys: a mistaken schema then shows as somebody else's
row, never as a missing one.
"""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from branding.models import Brand, Statement, Subscription, Tier, TierVersion
from governance import correlation
from governance.actors import Actor
from governance.models import Change, ChangeRequest, Window
from governance.services import audit
from mappings.models import CustomField, Mapping, MappingVersion, ValueMap
from syncjobs import signatures
from syncjobs.models import (
    Blueprint,
    CanonicalRecord,
    Connection,
    Delivery,
    Endpoint,
    Hold,
    Issue,
    Message,
    Run,
    Workflow,
    WorkflowVersion,
)
from syncjobs.services.secrets import seal
from tenants.accounts.actions import CLIENT_ADDED
from tenants.accounts.models import ApiToken, Client, Role, SupportGrant, User
from tenants.context import current_schema
from tenants.models import Domain, Partner
from tenants.outbox.models import OutgoingMail
from tests.entries import number_next_entry

ALDER, BIRCH = 9001, 9002
# A client's project has the client's key and this.
ENGAGED = 100
KEYS = {"Alder Consulting": ALDER, "Birch Systems": BIRCH}


def definition(connection_id: int) -> dict[str, object]:
    """Return the smallest workflow: a changed customer goes to the ERP."""
    return {
        "trigger": {"events": ["customer.changed"]},
        "steps": [
            {
                "name": "customer",
                "record": "self",
                "target": {"role": "erp", "object": "customers", "connection": connection_id},
                "mapping": "customer-out",
                "mode": "upsert",
            }
        ],
    }


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
        pk=pk, workflow=workflow, number=1, definition=definition(pk), hash=marker
    )
    Workflow.objects.filter(pk=pk).update(version=version)
    run = Run.objects.create(
        pk=pk, client=client, kind="workflow", trigger="person", workflow=workflow, state="running"
    )
    _delivered(workflow, run, connection, marker)
    ApiToken.objects.create(
        pk=pk,
        name=f"Token {marker}",
        prefix=f"p{pk}",
        digest="-",
        scopes=[],
        client=client,
        user=User.objects.filter(client=client).order_by("pk")[0],
    )
    endpoint = Endpoint.objects.create(
        pk=pk,
        name=f"Program {marker}",
        url=f"https://{marker}.example/hook",
        listens=["run.failed"],
        client=client,
        keeper=client,
        secrets=seal(
            {"secrets": [{"secret": signatures.new_secret(), "until": ""}]},
            aad=(current_schema(), "endpoint", str(UUID(int=pk)), "secrets"),
        ),
        uuid=UUID(int=pk),
    )
    Message.objects.create(
        pk=pk,
        endpoint=endpoint,
        type="run.failed",
        body=f'{{"data":"{marker}"}}',
        state="failed",
        attempts=[{"at": "2026-11-01T10:00:00+00:00", "status": 500, "error": marker, "ms": 3}],
        created_at=timezone.now(),
    )
    OutgoingMail.objects.create(pk=pk, kind="test", to=f"{pk}@{marker}.example", state="failed")


def _delivered(workflow: Workflow, run: Run, connection: Connection, marker: str) -> None:
    """Make a record whose delivery failed and is held, with its exception."""
    client, pk = workflow.client, workflow.pk
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
        kind="rejected_by_target",
        title=f"Missing {marker}",
    )
    delivery = Delivery.objects.create(
        pk=pk,
        workflow=workflow,
        workflow_version=WorkflowVersion.objects.get(workflow=workflow),
        client=client,
        run=run,
        step="customer",
        record=record,
        origin=record,
        record_version=1,
        connection=connection,
        object="customers",
        mapping="customer-out",
        state="failed",
        error_text=f"Refused {marker}",
        not_before=timezone.now(),
        idempotency_key=marker,
        issue=issue,
    )
    Hold.objects.create(
        pk=pk,
        delivery=delivery,
        client=client,
        gate="tax",
        kind="tax",
        missing=f"Tax code {marker}",
        message="It is not set.",
    )


def _engaged(client: Client, pk: int, marker: str) -> None:
    """Make a project with its engagement, of which something is held back."""
    project = CanonicalRecord.objects.create(
        pk=pk + ENGAGED,
        client=client,
        type="project",
        key=f"P-{marker}",
        label=f"Project {marker}",
        engagement=f"E-{marker}",
        data={"code": f"P-{marker}", "name": f"Project {marker}"},
        version=1,
    )
    held = Delivery.objects.get(pk=pk)
    held.pk, held.record, held.origin = None, project, project
    held.idempotency_key = f"{marker}-project"
    held.save()


def _governed(client: Client, pk: int, marker: str) -> None:
    mapping = Mapping.objects.create(
        pk=pk,
        slug=f"m-{marker}",
        name=f"Mapping {marker}",
        direction="outbound",
        canonical="customer",
        connector="sandbox_erp",
        object="customers",
        client=client,
    )
    rules = {"rules": [{"id": "n", "target": "number", "source": "number"}]}
    version = MappingVersion.objects.create(
        pk=pk, mapping=mapping, number=1, document=rules, state="live"
    )
    Mapping.objects.filter(pk=pk).update(live=version)
    ValueMap.objects.create(pk=pk, name=f"v-{marker}", label=f"Values {marker}", client=client)
    request = ChangeRequest.objects.create(
        pk=pk,
        title=f"Change {marker}",
        reason="r",
        client_id=client.pk,
        status="submitted",
        content_hash="0" * 64,
        author_label="Somebody",
        submitted_at=timezone.now(),
    )
    Change.objects.create(
        pk=pk,
        request=request,
        kind="mapping_version",
        target_id=str(pk),
        target_label=f"Mapping {marker}",
        client_id=client.pk,
        content={"version": pk, "hash": version.hash, "document": rules},
        base_version=version.hash,
    )
    Window.objects.create(
        pk=pk, name=f"Freeze {marker}", mode="freeze", client_id=client.pk, first_day=1, last_day=1
    )
    number_next_entry(pk)
    machinery = Actor("system", None, marker)
    with correlation.scope(actor=machinery, door="code", correlation_id=marker):
        audit.record(CLIENT_ADDED, object_kind="client", object_id=client.pk, client_id=client.pk)


def _billed(client: Client, pk: int, marker: str) -> None:
    Brand.objects.create(pk=pk, state=Brand.State.RETIRED, name="Earlier")
    tier = Tier.objects.create(pk=pk, name=f"Tier {marker}", currency="EUR")
    TierVersion.objects.create(
        pk=pk,
        tier=tier,
        starts_on="2026-01-01",
        base_fee=Decimal("100"),
        included=100,
        bands=[{"up_to": None, "price": "0.10"}],
        sla_hours=8,
    )
    Subscription.objects.create(pk=pk, client=client, tier=tier, starts_on="2026-01-01")
    Statement.objects.create(
        pk=pk,
        client=client,
        number=pk,
        month="2026-09-01",
        currency="EUR",
        total=Decimal("100"),
        used=1,
        included=100,
        outside=0,
        issued_by=marker,
    )


def build(schema: str) -> None:
    """Make the world in the current schema."""
    blueprint = Blueprint.objects.create(
        pk=ALDER, slug="isolation", name="Isolation", definition={"steps": []}
    )
    Role.objects.create(pk=ALDER, name="Reader", kind="staff", permissions=["clients.view"])
    SupportGrant.objects.create(
        pk=ALDER,
        reason="To look at a hold",
        granted_by=User.objects.get(role_grants__role="owner"),
        expires_at=timezone.now() + timedelta(hours=1),
    )
    _domain(f"canary-{schema}-domain")
    for key in KEYS.values():
        CustomField.objects.create(
            pk=key, object="customer", name=f"f{key}", type="text", label=f"Field {key}"
        )
    for client in Client.objects.filter(name__in=KEYS):
        marker = canary(schema, client.name)
        _of_client(client, KEYS[client.name], marker, blueprint)
        _engaged(client, KEYS[client.name], marker)
        _governed(client, KEYS[client.name], marker)
        _billed(client, KEYS[client.name], marker)


def domain_name() -> str:
    """Return the name that the current schema's partner waits to prove."""
    return f"portal.{current_schema().replace('_', '-')}.example"


def _domain(marker: str) -> None:
    """Make a domain that waits for its proof; it lies in the public schema."""
    Domain.objects.create(
        domain=domain_name(),
        tenant=Partner.objects.get(schema_name=current_schema()),
        kind="portal",
        state="pending",
        token=marker,
    )


def address_of(name: str, side: str) -> dict[str, object]:
    """Return the parameters that name one client's object in a route, by the route's name."""
    if name.startswith(("domain_", "domain-")):
        return {"pk": Domain.objects.get(domain=domain_name()).pk}
    client = Client.objects.get(name=side)
    if name.startswith(("role_", "role-", "support_")):
        return {"pk": ALDER}
    if name.startswith(("person_", "person-")):
        return {"pk": User.objects.filter(client=client, role_grants__role="client_admin").get().pk}
    if name in {
        "statement_issued",
        "statement_pdf",
        "statement_csv",
        "statement-detail",
        "statement-table",
    }:
        return {"number": KEYS[side]}
    if name.startswith(("engagement_", "engagement-")):
        return {"pk": KEYS[side] + ENGAGED}
    of_client = (
        "client_",
        "client-detail",
        "usage_detail",
        "statement_draft",
        "statement_issue",
        "fee_",
    )
    return {"pk": client.pk} if name.startswith(of_client) else {"pk": KEYS[side]}
