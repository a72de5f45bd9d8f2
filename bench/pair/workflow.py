"""A partner of the bench with the pair connected, and the engine at work in it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from django.core.management import call_command
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from bench import machine, partners
from bench.pair.connector import KEY, make_known
from bench.pair.ends import Pair
from bench.pair.entries import MAPPING_IN, MAPPING_OUT
from bench.pair.server import TOKEN
from governance import correlation
from governance.actors import command_actor
from mappings.services.versions import ensure_mapping
from syncjobs.engine.drain import drain_until_idle, spare_the_collector
from syncjobs.engine.systems import Systems
from syncjobs.models import Blueprint, Connection, Delivery, Stream
from syncjobs.services.connections import create_connection, test_connection
from syncjobs.services.workflows import install_workflow
from tenants.accounts.services.clients import add_client
from tenants.context import schema_scope
from tenants.services.provisioning import schema_of

ACTOR: Final = command_actor("bench")
_NOTED_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Spent:
    """What some work took, in seconds: by the clock, of this process, of its database sessions."""

    seconds: float
    cpu: float
    database: float = 0.0


@dataclass(frozen=True, slots=True)
class Setting:
    """How the pair is connected: the object written, calls at a time, when it is read again."""

    object: str = "lines"
    in_flight: int = 1
    every_seconds: int = 3_600


@dataclass(slots=True)
class Bench:
    """A partner with the workflow; work in it with `entered`."""

    slug: str
    pair: Pair
    setting: Setting = field(default_factory=Setting)

    @property
    def schema(self) -> str:
        """The partner's schema."""
        return schema_of(self.slug)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Work in the partner's schema as the worker does."""
        with schema_scope(self.schema), correlation.scope(actor=ACTOR, door="task"):
            yield

    def run(self, systems: Systems | None = None) -> Spent:
        """Read and deliver until nothing is due; return what it took."""
        with self.entered():
            return spent(lambda: drain_until_idle(patience=5.0, systems=systems))

    def read_again(self, *, from_the_start: bool = False) -> None:
        """Make the source due; `from_the_start`: as if the cursor had been lost."""
        with self.entered():
            Stream.objects.update(next_poll_at=timezone.now())
            if from_the_start:
                Stream.objects.update(cursor=None)

    def states(self) -> dict[str, int]:
        """Return how many deliveries are in which state."""
        with self.entered():
            rows = Delivery.objects.order_by().values_list("state").annotate(Count("id"))
            return dict(rows)


def spent(work: Callable[[], object]) -> Spent:
    """Do it and return what it took."""
    connection.ensure_connection()
    backend = int(connection.connection.info.backend_pid)
    database = machine.sessions_seconds(backend)
    cpu, begin = time.process_time(), time.perf_counter()
    work()
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    # What a session took counts once the server has noted its end.
    time.sleep(_NOTED_SECONDS)
    return Spent(seconds, cpu, machine.sessions_seconds(backend) - database)


def prepare_database() -> None:
    """Bring the public schema and the catalogue of this process up to date.

    What each worker does once at its start is no part of what is measured.
    """
    call_command("migrate", verbosity=0, interactive=False)
    make_known()
    spare_the_collector()


@contextmanager
def bench(pair: Pair, slug: str, setting: Setting | None = None) -> Iterator[Bench]:
    """Set up a partner with the pair connected; it goes afterwards."""
    made = Bench(slug, pair, setting or Setting())
    partners.take_away([slug])
    try:
        with correlation.scope(actor=ACTOR, door="command"):
            partners.provision(slug, f"Bench {slug}")
            with schema_scope(made.schema):
                connect(made)
        yield made
    finally:
        partners.take_away([slug])


def connect(made: Bench, name: str = "Bench Client") -> Connection:
    """Make a client with the pair as its system and the workflow through it."""
    client = add_client(ACTOR, name=name)
    system = create_connection(
        ACTOR,
        client=client,
        connector=KEY,
        name="Pair",
        config={"base_url": made.pair.address},
        secret={"token": TOKEN},
    )
    checks = test_connection(ACTOR, system)
    assert all(check.ok for check in checks), checks
    Connection.objects.filter(pk=system.pk).update(in_flight=made.setting.in_flight)
    for name_, direction, document, object_ in (
        ("time-in", "inbound", MAPPING_IN, "times"),
        ("line-out", "outbound", MAPPING_OUT, made.setting.object),
    ):
        ensure_mapping(
            ACTOR,
            slug=f"{KEY}-{name_}",
            name=name_,
            direction=direction,
            canonical="time_entry",
            connector=KEY,
            object=object_,
            document=document,
        )
    Blueprint.objects.get_or_create(
        slug="bench", defaults={"name": "Bench", "definition": _BLUEPRINT}
    )
    install_workflow(ACTOR, client=client, blueprint="bench", bindings={"pair": system})
    Stream.objects.filter(connection=system).update(every_seconds=made.setting.every_seconds)
    return system


_BLUEPRINT: Final[dict[str, object]] = {
    "reads": [{"role": "pair", "mapping": "time-in", "position": 10}],
    "trigger": {"events": ["time.approved"]},
    "extension_points": {},
    "steps": [
        {
            "name": "line",
            "label": "Invoice line",
            "record": "self",
            "role": "pair",
            "mapping": "line-out",
            "mode": "upsert",
        }
    ],
}
