"""A small flow for the engine's tests: customers and projects of a fake PSA go to a fake ERP."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import factory
from django.utils import timezone

from governance.actors import command_actor
from governance.permits import permit
from mappings.engine import compile_mapping
from mappings.models import Mapping, MappingVersion
from mappings.services.versions import publish, save_draft
from syncjobs.connectors.errors import Rejected
from syncjobs.engine.drain import Drained, drain
from syncjobs.engine.flows import definition_of
from syncjobs.fingerprint import fingerprint
from syncjobs.models import (
    Blueprint,
    Connection,
    Delivery,
    Stream,
    Workflow,
    WorkflowVersion,
)
from tenants.accounts.models import Client
from tests.fakes.systems import FakeSystem, FakeSystems

BUILDER = command_actor("tests")
CUSTOMER_IN: list[dict[str, object]] = [
    {"id": "number", "target": "number", "source": "no", "required": True},
    {"id": "name", "target": "name", "source": "name", "required": True},
    {"id": "tax", "target": "tax_code", "source": "tax", "on_missing": "skip"},
    {"id": "currency", "target": "currency", "constant": "EUR"},
]
PROJECT_IN: list[dict[str, object]] = [
    {"id": "code", "target": "code", "source": "code", "required": True},
    {"id": "name", "target": "name", "source": "name", "required": True},
    {"id": "customer", "target": "customer", "source": "customer", "on_missing": "null"},
]
CUSTOMER_OUT: list[dict[str, object]] = [
    {"id": "no", "target": "no", "source": "number", "required": True},
    {"id": "name", "target": "name", "source": "name", "required": True},
]
PROJECT_OUT: list[dict[str, object]] = [
    {"id": "code", "target": "code", "source": "code", "required": True},
    {"id": "name", "target": "name", "source": "name", "required": True},
    {
        "id": "customer",
        "target": "customer_id",
        "source": "customer",
        "lookup": {"reference": "customer"},
    },
]


class ConnectionFactory(factory.django.DjangoModelFactory[Connection]):
    """A connection of a client; give client and name."""

    class Meta:
        model = Connection

    connector = "sandbox_erp"
    in_flight = 1


class StreamFactory(factory.django.DjangoModelFactory[Stream]):
    """A stream; give connection, object, canonical, mapping, next_poll_at."""

    class Meta:
        model = Stream


def make_connection(client: Client, name: str, connector: str = "sandbox_erp") -> Connection:
    """Make a connection that sends one write at a time."""
    return ConnectionFactory.create(client=client, name=name, connector=connector)


def make_stream(
    connection: Connection, object_: str, canonical: str, mapping: str, position: int = 100
) -> Stream:
    """Make a stream that is due now."""
    return StreamFactory.create(
        connection=connection,
        object=object_,
        canonical=canonical,
        mapping=mapping,
        position=position,
        next_poll_at=timezone.now(),
    )


def publish_checks(*checks: dict[str, str]) -> None:
    """Let the customers' mapping have these checks, and no others, from now on."""
    mapping = Mapping.objects.get(slug="customer-in")
    document = {"rules": CUSTOMER_IN, "checks": list(checks)}
    with permit("mapping_version", str(mapping.pk)):
        publish(mapping, save_draft(BUILDER, mapping, document))


def make_mapping(
    slug: str,
    direction: str,
    canonical: str,
    rules: Sequence[object],
    *,
    checks: Sequence[object] = (),
    makes: str = "",
) -> None:
    """Let the partner have a mapping live: its rows, as published. Once."""
    document = {"rules": list(rules)} | ({"checks": list(checks)} if checks else {})
    mapping, is_new = Mapping.objects.get_or_create(
        slug=slug,
        client=None,
        defaults={
            "name": slug,
            "direction": direction,
            "canonical": canonical,
            "object": f"{canonical}s",
            "makes": makes,
        },
    )
    if not is_new:
        return
    _refuse_unsound(json.dumps(document), mapping.object_type, mapping.source_type)
    mapping.live = MappingVersion.objects.create(
        mapping=mapping, number=1, document=document, state="live", live_at=timezone.now()
    )
    mapping.save()


@cache
def _refuse_unsound(document: str, object_type: str, source_type: str) -> None:
    """Publishing would; most tests have the same few. Raises MappingError."""
    compile_mapping(json.loads(document), object_type=object_type, source_type=source_type)


def step(name: str, connection: Connection, **changes: Any) -> dict[str, Any]:
    """Return a step that writes the cause itself."""
    return {
        "name": name,
        "record": "self",
        "target": {"role": "erp", "object": "things", "connection": connection.pk},
        "mapping": "customer-out",
        "mode": "upsert",
        **changes,
    }


def make_workflow(
    client: Client,
    steps: Sequence[dict[str, Any]],
    *,
    events: Sequence[str] = ("customer.changed",),
    name: str = "Flow",
    **extra: Any,
) -> Workflow:
    """Make a workflow straight from a definition."""
    blueprint, _ = Blueprint.objects.get_or_create(
        slug="testing", defaults={"name": "Testing", "definition": {}}
    )
    definition = {"trigger": {"events": list(events)}, "steps": list(steps), **extra}
    workflow = Workflow.objects.create(client=client, blueprint=blueprint, name=name)
    version = WorkflowVersion.objects.create(
        workflow=workflow, number=1, definition=definition, hash=fingerprint(definition)
    )
    workflow.version = version
    workflow.save()
    definition_of(version)
    return workflow


@dataclass
class Lab:
    """A client with a source and a target in memory, customers flowing from one to the other."""

    client: Client
    source: FakeSystem
    target: FakeSystem
    source_connection: Connection
    target_connection: Connection
    customers: Stream
    workflow: Workflow

    def replace_workflow(self, steps: Sequence[dict[str, Any]]) -> None:
        """Retire the usual flow and let customers start another one."""
        Workflow.objects.filter(pk=self.workflow.pk).update(state="archived")
        self.workflow = make_workflow(self.client, steps, name="Replacement")

    def systems(self) -> FakeSystems:
        return FakeSystems(
            {self.source_connection.pk: self.source, self.target_connection.pk: self.target}
        )

    def put_customer(self, id_: str, at: datetime | None = None, **data: Any) -> None:
        """Let the source have a customer, new or changed (`at`: then), on its next page."""
        from tests.fakes.systems import record

        content = {"no": f"C-{id_}", "name": f"Name {id_}", **data}
        self.source.put("customers", record(id_, content, at=at))

    def drain(self, **options: Any) -> Drained:
        """Read what is new and deliver what is due."""
        Stream.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
        return drain(systems=self.systems(), **options)

    def deliver_late(self) -> Drained:
        """Drain as if every pause were over."""
        past = timezone.now() - timedelta(seconds=1)
        Delivery.objects.update(not_before=past)
        Connection.objects.filter(breaker_until__isnull=False).update(breaker_until=past)
        return drain(systems=self.systems())

    def delivery(self, key: str, step_: str = "customer") -> Delivery:
        """Return the newest delivery of a record."""
        found = Delivery.objects.filter(record__key=key, step=step_).order_by("-id").first()
        assert found is not None, f"no delivery of {key}"
        return found


def make_lab(client: Client) -> Lab:
    """Make the flow: one step, customers to things."""
    make_mapping("customer-in", "inbound", "customer", CUSTOMER_IN)
    make_mapping("customer-out", "outbound", "customer", CUSTOMER_OUT)
    source = make_connection(client, "Source", "sandbox_crm")
    target = make_connection(client, "Target")
    stream = make_stream(source, "customers", "customer", "customer-in")
    workflow = make_workflow(client, [step("customer", target)])
    return Lab(client, FakeSystem(), FakeSystem(), source, target, stream, workflow)


def failed(lab: Lab, *ids: str) -> list[Delivery]:
    """Bring customers that the target refuses; return their deliveries."""
    lab.target.fail_before = [Rejected("It is blocked.") for _ in ids]
    for id_ in ids:
        lab.put_customer(id_)
    lab.drain()
    return [lab.delivery(f"C-{id_}") for id_ in ids]
