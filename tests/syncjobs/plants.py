"""Two sandbox systems as processes and a flow between them, on really committed rows.

Won opportunities become projects in a PSA whose POST is not idempotent and whose projects are
not unique: whatever is sent twice is there twice.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from governance import correlation
from governance.actors import task_actor
from syncjobs.engine.drain import drain_until_idle
from syncjobs.models import Attempt, Connection, Delivery, Stream
from syncjobs.sandbox.client import SandboxClient
from syncjobs.sandbox.process import SystemProcess, start_process
from syncjobs.sandbox.pushing import signed
from syncjobs.services.blueprints import ensure_shipped
from syncjobs.services.connections import ensure_stream
from syncjobs.services.webhooks import open_hook, receive
from syncjobs.state import DELIVERY
from tenants.accounts.models import Client
from tenants.models import Partner
from tests.syncjobs.committed import committed_partner
from tests.syncjobs.factories import BUILDER, make_workflow
from tests.syncjobs.sandboxes import connect

COUNT = 24


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

    def send_webhooks(self) -> None:
        """Let the CRM's side send each opportunity, signed, as its webhooks do."""
        connection = Connection.objects.get(connector="sandbox_crm")
        shown = open_hook(BUILDER, connection)
        crm = self.systems["crm"].client()
        for place, row in enumerate(crm.pages("opportunities")):
            body = json.dumps({"type": "opportunities.updated", "data": row}).encode()
            headers = signed(shown.secret, f"msg_{place}", body, int(time.time()))
            sent = {name.lower(): value for name, value in headers.items()}
            receive(shown.path.rpartition("/")[2], sent, body)
        crm.close()

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
