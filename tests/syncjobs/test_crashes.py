"""Processes that die, stop or lose their target: no effect is lost, none is doubled.

Won opportunities become projects in a PSA whose POST is not idempotent and whose projects are
not unique: whatever is sent twice is there twice.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from governance import correlation
from governance.actors import task_actor
from syncjobs.engine.drain import drain_until_idle
from syncjobs.models import Attempt, Connection, Delivery, Stream
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.process import SystemProcess, start_process
from syncjobs.services.blueprints import ensure_shipped
from syncjobs.services.connections import ensure_stream
from syncjobs.state import DELIVERY
from tenants.accounts.models import Client
from tenants.models import Partner
from tests.syncjobs.committed import committed_partner
from tests.syncjobs.factories import BUILDER, make_workflow
from tests.syncjobs.processes import go_on, is_stopped, start_worker, until
from tests.syncjobs.sandboxes import connect

pytestmark = pytest.mark.crash
COUNT = 24
POINTS = (
    "intake.before_commit:kill:1",
    "intake.after_commit:kill:1",
    "deliver.after_claim:kill:1",
    "deliver.before_write:kill:7",
    "deliver.after_write:kill:7",
    "ledger.before_commit:kill:1",
    "ledger.after_commit:kill:1",
    "doorbell.after_clear:kill:1",
)


@dataclass
class Plant:
    """The partner's flow, its two systems and how often each project was made."""

    partner: Partner
    systems: dict[str, SystemProcess]
    psa: SandboxClient

    def made(self) -> Counter[str]:
        """Return reference → how many times the PSA has made such a project."""
        entries = self.psa.ledger()["entries"]
        return Counter(e["reference"] for e in entries if e["effect"] == "projects.created")

    def forget_leases(self) -> None:
        """Let every lease of the dead end now."""
        past = timezone.now() - timedelta(seconds=1)
        Delivery.objects.filter(lease_until__isnull=False).update(lease_until=past)
        Stream.objects.update(lease_until=None, next_poll_at=past)

    def work_to_the_end(self) -> None:
        """Work as another worker would; look-ups need not wait their usual seconds."""
        for round_ in range(8):
            if round_ and not Delivery.objects.filter(state__in=sorted(DELIVERY.open)).exists():
                return
            Delivery.objects.update(not_before=timezone.now() - timedelta(seconds=1))
            Connection.objects.update(breaker_until=None)
            with correlation.scope(actor=task_actor("worker"), door="task"):
                drain_until_idle(patience=0.0)

    def check(self) -> None:
        """Every project is there, once."""
        made = self.made()
        states = Counter(Delivery.objects.values_list("state", "outcome"))
        assert len(made) == COUNT, states
        assert set(made.values()) == {1}, made
        assert {state for state, _ in states} <= {"delivered", "unchanged"}, states
        attempts = Attempt.objects.values_list("delivery_id", "number")
        assert len(set(attempts)) == len(attempts)


def _opportunities() -> list[dict[str, object]]:
    return [
        {
            "number": f"OPP-{n}",
            "name": f"Engagement {n}",
            "accountNumber": "AM-1",
            "stage": "won",
            "amount": "1000.00",
            "currency": "EUR",
            "projectCode": f"P-{n:03d}",
        }
        for n in range(COUNT)
    ]


def _install(client: Client, crm: Connection, psa: Connection) -> None:
    """One step: a project for each won opportunity."""
    reading = ensure_shipped(BUILDER, "sandbox_crm", "opportunity-in")
    assert reading is not None
    ensure_stream(
        BUILDER, crm, object_=reading.object, canonical="opportunity", mapping=reading.slug
    )
    ensure_shipped(BUILDER, "canonical", "project-from-opportunity")
    writing = ensure_shipped(BUILDER, "sandbox_psa", "project-out")
    assert writing is not None
    target = {"role": "psa", "object": "projects", "connection": psa.pk}
    derive = {"object": "project", "mapping": "project-from-opportunity", "fill_only": ["name"]}
    make_workflow(
        client,
        [
            {
                "name": "project",
                "derive": derive,
                "target": target,
                "mapping": writing.slug,
                "mode": "upsert",
            }
        ],
        events=["opportunity.won"],
    )


@pytest.fixture
def db(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """In this module the database without a transaction around the test."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's fixture
        yield


@pytest.fixture
def plant(db: None, tmp_path: Path) -> Iterator[Plant]:
    """The flow with its two systems as processes."""
    systems = {kind: start_process(kind, tmp_path / kind) for kind in ("crm", "psa")}
    clients = {kind: one.client() for kind, one in systems.items()}
    try:
        account = {"number": "AM-1", "name": "Amberley", "currency": "EUR"}
        clients["crm"].bulk("accounts", [account])
        clients["crm"].bulk("opportunities", _opportunities())
        with committed_partner() as (partner, client):
            made = {
                kind: connect(client, kind, one.address, one.token) for kind, one in systems.items()
            }
            _install(client, made["crm"], made["psa"])
            yield Plant(partner, systems, clients["psa"])
    finally:
        for one in clients.values():
            one.close()
        for system in systems.values():
            system.stop()


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_is_killed_loses_and_doubles_nothing(plant: Plant, point: str) -> None:
    worker = start_worker(plant.partner.schema_name, LIVERY_CRASH=point)
    assert worker.wait(60) == -signal.SIGKILL, "the crash point was not reached"

    plant.forget_leases()
    plant.work_to_the_end()
    plant.check()


def test_a_worker_that_was_stopped_past_its_lease_changes_nothing_any_more(plant: Plant) -> None:
    # One at a time: what another thread has on the wire already, nobody can call back.
    Connection.objects.update(in_flight=1)
    worker = start_worker(
        plant.partner.schema_name,
        LIVERY_CRASH="deliver.before_write:stop:3",
        TEST_SEND_SECONDS="0.2",
    )
    until(lambda: worker.poll() is not None or is_stopped(worker.pid), "the worker to stop")
    assert worker.poll() is None, "the crash point was not reached"

    plant.forget_leases()
    plant.work_to_the_end()
    plant.check()
    before = list(Delivery.objects.order_by("id").values_list("id", "state", "attempts"))

    go_on(worker.pid)
    assert worker.wait(60) == 0
    plant.check()
    assert list(Delivery.objects.order_by("id").values_list("id", "state", "attempts")) == before


def test_a_target_that_commits_and_drops_the_answer_gets_each_record_once(plant: Plant) -> None:
    plant.psa.fault("drop_after_commit", count=9, path="/api/projects", method="POST")
    plant.work_to_the_end()
    plant.check()
    asked = Attempt.objects.filter(looked_up=True, outcome="delivered")
    assert asked.count() >= 5, "each lost answer was asked for"


def test_a_target_that_fails_now_and_then_gets_each_record_once(plant: Plant) -> None:
    plant.psa.fault("status", status=503, count=6, path="/api/projects", method="POST")
    plant.psa.fault("drop_before", count=3, path="/api/projects", method="POST", skip=8)
    plant.work_to_the_end()
    plant.check()


def test_a_target_that_is_killed_in_mid_run_gets_the_rest_when_it_is_back(
    plant: Plant, tmp_path: Path
) -> None:
    plant.psa.fault("slow", seconds=0.2, count=50, path="/api/projects", method="POST")
    worker = start_worker(plant.partner.schema_name)
    until(lambda: sum(plant.made().values()) >= 3, "some projects to be made")
    plant.systems["psa"].kill()
    assert worker.wait(60) == 0
    assert Delivery.objects.exclude(state__in=["delivered", "unchanged"]).exists()

    plant.systems["psa"] = start_process("psa", tmp_path / "psa")
    assert plant.systems["psa"].address == plant.psa.address, "it is back at the same address"
    plant.psa.close()
    plant.psa = plant.systems["psa"].client()
    Connection.objects.update(breaker_until=None)
    plant.work_to_the_end()
    plant.check()


def test_two_workers_at_once_share_the_work(plant: Plant) -> None:
    workers = [start_worker(plant.partner.schema_name) for _ in range(2)]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    plant.work_to_the_end()
    plant.check()
    connection.close()
