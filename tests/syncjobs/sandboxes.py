"""A firm with its sandbox systems, connected and with blueprints installed."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from django.utils import timezone

from governance.actors import command_actor
from syncjobs.blueprints import BLUEPRINTS
from syncjobs.models import Connection, Stream, Workflow
from syncjobs.sandbox.catalogue import CORE
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.server import SandboxServer
from syncjobs.services.blueprints import needed_roles, roles_of
from syncjobs.services.connections import create_connection, test_connection
from syncjobs.services.workflows import install_workflow
from tenants.accounts.models import Client

TOKEN = "sandbox-token"
BUILDER = command_actor("tests")
_SECRETS = {"psa": "api_key", "erp": "client_secret"}
# What a firm with nothing but CRM, PSA and ERP can have.
CORE_BLUEPRINTS = tuple(
    slug for slug, shape in BLUEPRINTS.items() if set(needed_roles(shape)) <= set(CORE)
)


@dataclass
class Systems3:
    """The systems of a client: servers, side-door clients, connections, workflows."""

    servers: dict[str, SandboxServer]
    clients: dict[str, SandboxClient]
    connections: dict[str, Connection]
    workflows: dict[str, Workflow]

    @property
    def crm(self) -> SandboxClient:
        return self.clients["crm"]

    @property
    def psa(self) -> SandboxClient:
        return self.clients["psa"]

    @property
    def erp(self) -> SandboxClient:
        return self.clients["erp"]

    def poll_soon(self) -> None:
        """Make every stream due now."""
        Stream.objects.update(next_poll_at=timezone.now())


def connect(client: Client, kind: str, address: str, token: str = TOKEN) -> Connection:
    """Connect one sandbox system and test it."""
    config = {"base_url": address}
    if kind == "erp":
        config["client_id"] = "integration"
    made = create_connection(
        BUILDER,
        client=client,
        connector=f"sandbox_{kind}",
        name=kind.upper(),
        config=config,
        secret={_SECRETS.get(kind, "token"): token},
    )
    checks = test_connection(BUILDER, made)
    assert all(check.ok for check in checks), checks
    return made


def install(
    client: Client,
    connections: dict[str, Connection],
    blueprints: tuple[str, ...],
    points: Mapping[str, object],
) -> dict[str, Workflow]:
    """Install blueprints, each bound to the roles that it uses and with its own points."""
    made = {}
    for slug in blueprints:
        shape = BLUEPRINTS[slug]
        roles = [role for role in roles_of(shape) if role in connections]
        made[slug] = install_workflow(
            BUILDER,
            client=client,
            blueprint=slug,
            bindings={role: connections[role] for role in roles},
            overrides={
                name: value for name, value in points.items() if name in shape["extension_points"]
            },
        )
    return made


@contextmanager
def three_systems(
    client: Client,
    blueprints: tuple[str, ...] = (),
    points: Mapping[str, object] | None = None,
    kinds: tuple[str, ...] = CORE,
) -> Iterator[Systems3]:
    """Start the three (or other) systems here, connect them and install blueprints."""
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(SandboxServer(kind, token=TOKEN)) for kind in kinds}
        clients = {
            kind: SandboxClient(kind, server.address, TOKEN) for kind, server in servers.items()
        }
        for one in clients.values():
            stack.callback(one.close)
        connections = {
            kind: connect(client, kind, server.address) for kind, server in servers.items()
        }
        workflows = install(client, connections, blueprints, points or {})
        yield Systems3(servers, clients, connections, workflows)
