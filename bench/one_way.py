"""10,000 records one way: the engine against a plain `requests` script, pair by pair.

Both read the same CRM page by page and write one call per record to the same ERP, one call
at a time (`bench/systems.py`, a process that answers at once: with no network between them,
the engine's own cost shows at its largest). The engine does all that it always does: stored
pages, records with versions, deliveries with leases, attempts, references, usage, audit.
Each pair has a new partner, taken away afterwards; after each side the ERP must hold each
record exactly once, or the bench fails.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import requests
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from bench import machine, partners
from bench.figures import Figure, reported
from bench.plain_script import copy_customers
from bench.systems import TOKEN
from governance import correlation
from governance.actors import command_actor
from syncjobs.engine.drain import drain_until_idle
from syncjobs.models import Blueprint, Connection, Delivery
from syncjobs.services.connections import create_connection, test_connection
from syncjobs.services.workflows import install_workflow
from tenants.accounts.services.clients import add_client
from tenants.context import schema_scope
from tenants.services.provisioning import schema_of

RECORDS: Final = 10_000
PAIRS: Final = 3
ENOUGH_SECONDS: Final = 200.0
SLUG: Final = "bench-one-way"
ACTOR: Final = command_actor("bench")
BLUEPRINT: Final[dict[str, object]] = {
    "reads": [{"role": "crm", "mapping": "account-in", "position": 10}],
    "trigger": {"events": ["customer.changed"]},
    "extension_points": {},
    "steps": [
        {
            "name": "erp_customer",
            "label": "Customer in the ERP",
            "record": "self",
            "role": "erp",
            "mapping": "customer-out",
            "mode": "create",
        }
    ],
}


@dataclass(frozen=True)
class Run:
    """What one side of a pair took, in seconds; `cpu` of this process, `database` of its server."""

    seconds: float
    cpu: float
    database: float = 0.0


@contextmanager
def _systems() -> Iterator[str]:
    """Serve both ends from a child process; yield their address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.systems", str(RECORDS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parent.parent,
    )
    assert process.stdin
    assert process.stdout
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError("bench.systems did not start; see above.")
        yield address
    finally:
        process.stdin.close()
        process.wait()


def _timed(work: Callable[[], object], address: str) -> Run:
    """Run one side; raise RuntimeError unless the ERP then holds every record once."""
    requests.post(f"{address}/empty", timeout=30).raise_for_status()
    backend = int(connection.connection.info.backend_pid) if connection.connection else 0
    database = machine.process_seconds(backend)
    cpu, begin = time.process_time(), time.perf_counter()
    work()
    run = Run(
        time.perf_counter() - begin,
        time.process_time() - cpu,
        machine.process_seconds(backend) - database,
    )
    count = requests.get(f"{address}/count", timeout=30).json()
    if count != {"created": RECORDS, "different": RECORDS}:
        raise RuntimeError(f"The ERP should hold {RECORDS} records, each once: {count}.")
    return run


def _connect(address: str) -> None:
    """Make a client with both systems, one call at a time, and the workflow between them."""
    client = add_client(ACTOR, name="Bench Client")
    made = {
        "crm": ("sandbox_crm", {"base_url": address}, {"token": TOKEN}),
        "erp": (
            "sandbox_erp",
            {"base_url": address, "client_id": "integration"},
            {"client_secret": TOKEN},
        ),
    }
    bindings: dict[str, Connection] = {}
    for role, (connector, config, secret) in made.items():
        bindings[role] = create_connection(
            ACTOR, client=client, connector=connector, name=role, config=config, secret=secret
        )
        checks = test_connection(ACTOR, bindings[role])
        assert all(check.ok for check in checks), checks
    Connection.objects.update(in_flight=1)
    Blueprint.objects.create(slug="bench", name="Bench", definition=BLUEPRINT)
    install_workflow(ACTOR, client=client, blueprint="bench", bindings=bindings)


def _deliver() -> None:
    done = drain_until_idle(patience=0.0)
    delivered = Delivery.objects.filter(state="delivered").count()
    if delivered != RECORDS or done.errors:
        raise RuntimeError(f"{delivered} of {RECORDS} were delivered: {done}")


def _engine(address: str) -> Run:
    """Let the engine do it in a new partner."""
    partners.take_away([SLUG])
    try:
        with correlation.scope(actor=ACTOR, door="command"):
            partners.provision(SLUG, "Bench One Way")
            with schema_scope(schema_of(SLUG)):
                _connect(address)
                return _timed(_deliver, address)
    finally:
        partners.take_away([SLUG])


def _pairs(address: str) -> list[tuple[Run, Run]]:
    """Measure pairs while time allows; who goes first changes."""
    pairs: list[tuple[Run, Run]] = []
    begin = time.perf_counter()
    while len(pairs) < PAIRS:
        sides: dict[bool, Run] = {}
        for is_engine in (len(pairs) % 2 == 0, len(pairs) % 2 == 1):
            sides[is_engine] = (
                _engine(address) if is_engine else _timed(lambda: copy_customers(address), address)
            )
        pairs.append((sides[True], sides[False]))
        engine, plain = pairs[-1]
        told = f"  pair {len(pairs)}: engine {engine.seconds:.1f} s, script {plain.seconds:.1f} s"
        print(f"{told}, load {machine.load():.1f}", file=sys.stderr, flush=True)
        if time.perf_counter() - begin > ENOUGH_SECONDS:
            break
    return pairs


def measure() -> list[Figure]:
    """Measure pairs and report their medians, with the machine's load and commit time."""
    call_command("migrate", verbosity=0, interactive=False)
    settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
    load, sync = machine.load(), machine.fdatasync_ms(settings.STATE_DIR)
    with _systems() as address:
        pairs = _pairs(address)
    return _figures(pairs, (load + machine.load()) / 2, sync)


def _figures(pairs: list[tuple[Run, Run]], load: float, sync: float) -> list[Figure]:
    engine, plain = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    of_engine = "processor time of the engine and its database"
    of_script = "processor time of `requests`"

    def per_record(seconds: list[float]) -> float:
        return 1000 * median(seconds) / RECORDS

    seconds, script = median(one.seconds for one in engine), median(one.seconds for one in plain)
    ratios = [one.seconds / other.seconds for one, other in pairs]
    cpu = [one.cpu / other.cpu for one, other in pairs]
    return [
        reported("one_way.engine", seconds, "s", of_engine),
        reported("one_way.script", script, "s", of_script),
        reported("one_way.engine_rate", RECORDS / seconds, "records/s", of_engine),
        reported("one_way.script_rate", RECORDS / script, "records/s", of_script),
        reported("one_way.engine_cpu", per_record([one.cpu for one in engine]), "ms", of_engine),
        reported(
            "one_way.engine_database_cpu",
            per_record([one.database for one in engine]),
            "ms",
            "one backend; the server's writers are not counted",
        ),
        reported("one_way.script_cpu", per_record([one.cpu for one in plain]), "ms", of_script),
        reported("one_way.ratio", median(ratios), "×", "a target that answers at once"),
        reported("one_way.cpu_ratio", median(cpu), "×", "without the database's processor time"),
        reported("one_way.pairs", len(pairs), "pairs", "time"),
        reported("one_way.load", load, "per processor", "whatever else runs on this machine"),
        reported("one_way.fdatasync", sync, "ms", "the disk"),
    ]
