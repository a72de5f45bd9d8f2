"""A client's connections and workflows: what its integration engineer would set up by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from governance.actors import Actor
from governance.deadlocks import again_after_deadlock
from syncjobs.connectors import registry
from syncjobs.models import Connection, Workflow
from syncjobs.sandbox.process import SystemProcess
from syncjobs.services.connections import create_connection, test_connection
from syncjobs.services.workflows import install_workflow
from tenants.accounts.models import Client

BLUEPRINTS = (
    "customer_master",
    "opportunity_to_project",
    "time_to_billing",
    "expense_to_billing",
    "milestone_to_invoice",
    "invoice_status",
    "nightly_margin",
)
# For a firm that has staffing, contract, revenue and support systems too.
MORE_BLUEPRINTS = ("staffing_sync", "revenue_events", "contract_changes", "support_to_health")
_SECRET_FIELDS = {"psa": "api_key", "erp": "client_secret"}


class WiringError(RuntimeError):
    """A system cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Endpoint:
    """How the product reaches one system."""

    connector: str
    name: str
    config: Mapping[str, str]
    secret: Mapping[str, str]


def sandbox_endpoint(system: SystemProcess) -> Endpoint:
    """The endpoint of a sandbox system."""
    config = {"base_url": system.address}
    if system.kind == "erp":
        config["client_id"] = "integration"
    connector = f"sandbox_{system.kind}"
    return Endpoint(
        connector=connector,
        name=registry.connector(connector).descriptor.label,
        config=config,
        secret={_SECRET_FIELDS.get(system.kind, "token"): system.token},
    )


def ensure_connection(actor: Actor, client: Client, endpoint: Endpoint) -> Connection:
    """The client's tested connection to a system."""
    known = Connection.objects.filter(client=client, name=endpoint.name).first()
    if known is None:
        known = create_connection(
            actor,
            client=client,
            connector=endpoint.connector,
            name=endpoint.name,
            config=endpoint.config,
            secret=endpoint.secret,
        )
    elif known.config != dict(endpoint.config):
        raise WiringError(
            f"{client.name}'s {endpoint.name} answers at {endpoint.config['base_url']} now, not at "
            f"{known.config.get('base_url')}: another program has taken its port. End that program "
            "and run the demo again."
        )
    failed = [check for check in test_connection(actor, known) if not check.ok]
    if failed:
        raise WiringError(f"{client.name}, {endpoint.name}: {failed[0].message}")
    return known


@again_after_deadlock
@transaction.atomic
def ensure_workflows(
    actor: Actor,
    client: Client,
    bindings: Mapping[str, Connection],
    blueprints: Sequence[str],
    overrides: Mapping[str, Mapping[str, object]],
) -> None:
    """Install every blueprint that the client does not have, with what it has of its own.

    All at once: the workers are at work already, and what they read for one workflow would have
    been read before another one was there to listen.
    """
    known = set(Workflow.objects.filter(client=client).values_list("blueprint__slug", flat=True))
    for slug in blueprints:
        if slug not in known:
            install_workflow(
                actor,
                client=client,
                blueprint=slug,
                bindings=bindings,
                overrides=overrides.get(slug, {}),
            )
