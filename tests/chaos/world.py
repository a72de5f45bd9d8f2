"""A committed partner with two clients whose records go to one target, and what happens to it."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from django.db import connection
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from governance.append_only import MAINTENANCE_SETTING
from syncjobs import tasks
from syncjobs.connectors.base import SourceRecord
from syncjobs.connectors.reading import record_of
from syncjobs.connectors.sandbox_crm.descriptor import SYSTEM
from syncjobs.engine import doorbell
from syncjobs.engine.drain import Drained, spare_the_collector
from syncjobs.models import Connection, Stream
from syncjobs.sandbox.pushing import signed
from syncjobs.services import webhooks
from tenants.accounts.models import Client
from tenants.context import current_schema, public_scope
from tests.chaos.plan import Change
from tests.fakes.systems import FakeSystem, record
from tests.syncjobs.committed import committed_partner
from tests.syncjobs.factories import (
    BUILDER,
    PROJECT_IN,
    PROJECT_OUT,
    Lab,
    make_lab,
    make_mapping,
    make_stream,
    make_workflow,
    step,
)

SLUG: Final = "chaos-lab"
BEGAN: Final = datetime(2026, 11, 3, 12, tzinfo=UTC)
ACCOUNTS: Final = next(one for one in SYSTEM.objects if one.name == "accounts")
TAX_GATE: Final = {
    "name": "tax",
    "label": "Tax setting",
    "require": [
        {"path": "customer.tax_code", "op": "present", "missing": "tax code of customer {key}"}
    ],
    "message": "Not without it.",
    "alert": "finance",
}
# All that a seed leaves behind, what refers to others first. The audit trail stays.
EMPTIED: Final = (
    *("attempt", "hold", "issueentry", "inboundevent", "delivery", "issue", "event"),
    *("externalref", "recordversion", "canonicalrecord", "run"),
)


@dataclass
class World:
    """The partner, its flow, the sources in memory, and how its webhooks are signed."""

    schema: str
    lab: Lab
    other: Lab
    hook_key: str
    hook_secret: str

    def begin_anew(self) -> None:
        """Forget what the seed before left: rows, cursors, breakers, rings."""
        with connection.cursor() as cursor:
            cursor.execute("UPDATE syncjobs_stream SET last_run_id = NULL")
            cursor.execute(f"SET {MAINTENANCE_SETTING} = 'on'")
            for name in EMPTIED:
                cursor.execute(f"DELETE FROM syncjobs_{name}")  # our own names
            cursor.execute(f"RESET {MAINTENANCE_SETTING}")
            cursor.execute(
                "UPDATE syncjobs_stream SET cursor = NULL, compare = NULL, failures = 0, "
                "next_compare_at = NULL, lease_until = NULL, next_poll_at = now(), polled_at = NULL"
            )
            cursor.execute(
                "UPDATE syncjobs_connection SET breaker = 'closed', breaker_failures = 0, "
                "breaker_until = NULL, state = 'untested', last_error = ''"
            )
            cursor.execute(
                "UPDATE public.tenants_wakeup SET due_at = NULL, lease_until = NULL "
                "WHERE schema_name <> %s",
                [self.schema],
            )
            cursor.execute(
                "UPDATE public.tenants_wakeup SET due_at = now(), lease_until = NULL "
                "WHERE schema_name = %s",
                [self.schema],
            )
        OrmQ.objects.all().delete()
        self.lab.source, self.other.source = FakeSystem(), FakeSystem()

    def systems(self, target: Any) -> dict[int, Any]:
        """Return which system is behind each connection."""
        return {
            self.lab.source_connection.pk: self.lab.source,
            self.other.source_connection.pk: self.other.source,
            self.lab.target_connection.pk: target,
            self.other.target_connection.pk: target,
        }

    def travel(self, seconds: float) -> None:
        """Let time pass for everything that waits for a moment."""
        with connection.cursor() as cursor:
            for table, names in _MOMENTS.items():
                moved = ", ".join(f"{name} = {name} - make_interval(secs => %s)" for name in names)
                cursor.execute(f"UPDATE {table} SET {moved}", [seconds] * len(names))

    def show(self, changes: Sequence[Change]) -> None:
        """Let the source have these on its next pages."""
        customers = [row_of(one) for one in changes if one.kind == "customer" and one.by != "hook"]
        if customers:
            self.lab.source.put("accounts", *map(as_record, customers))
        projects = [_project(one) for one in changes if one.kind == "project"]
        if projects:
            self.lab.source.put("projects", *projects)

    def send(self, row: dict[str, Any], message_id: str) -> None:
        """Send a webhook as the source does."""
        body = json.dumps({"type": "accounts.updated", "data": row}).encode()
        headers = signed(self.hook_secret, message_id, body, int(time.time()))
        sent = {name.lower(): value for name, value in headers.items()}
        webhooks.receive(self.hook_key, sent, body)


_MOMENTS: Final = {
    "syncjobs_delivery": ("not_before", "lease_until"),
    "syncjobs_stream": ("next_poll_at", "lease_until", "next_compare_at"),
    "syncjobs_connection": ("breaker_until",),
    "public.tenants_wakeup": ("due_at", "lease_until"),
}


def row_of(change: Change, *, older: bool = False) -> dict[str, Any]:
    """Return a customer as the source shows it; `older`: as it was a little before."""
    at = BEGAN + timedelta(seconds=change.moment * 10 - (5 if older else 0))
    row: dict[str, Any] = {
        "id": f"a{change.number}",
        "no": f"C-{change.number}",
        "name": "Before" if older else change.name,
        "updatedAt": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return {**row, "tax": change.tax} if change.tax else row


def as_record(row: dict[str, Any]) -> SourceRecord:
    """Return a row as a reading gives it."""
    return record_of(SYSTEM, ACCOUNTS, row)


def _project(change: Change) -> SourceRecord:
    data = {
        "code": f"P-{change.number}",
        "name": change.name,
        "customer": f"C-{change.number}",
    }
    return record(f"p{change.number}", data)


def rings() -> list[list[Any]]:
    """Take this schema's rows out of the queue; return what each asks for."""
    found = []
    for row in OrmQ.objects.order_by("id"):
        task = SignedPackage.loads(row.payload)
        row.delete()
        if task["func"] == doorbell.TASK and task["args"][0] == current_schema():
            found.append(list(task["args"]))
    return found


def run_task(schema: str, work: Callable[..., Drained]) -> None:
    """Run the queue's task for a schema, with systems and bounds of the seed's own."""
    usual = vars(tasks)["drain"]
    vars(tasks)["drain"] = work
    try:
        tasks.run(schema)
    finally:
        vars(tasks)["drain"] = usual


def mangled(found: list[list[Any]], how: str, dice: Random) -> list[list[Any]]:
    """Do to the queue's rows what must not matter."""
    if how == "delete":
        return []
    if how == "double":
        return [*found, *found]
    if how == "shuffle":
        dice.shuffle(found)
    return found


def due_in() -> float:
    """Return in how many seconds the sweep rings for this schema; raises when never."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM greatest(due_at, lease_until) - statement_timestamp()) "
            "FROM public.tenants_wakeup WHERE schema_name = %s",
            [current_schema()],
        )
        (found,) = cursor.fetchone()
    assert found is not None, "nobody will ever ring for this partner"
    return max(0.0, float(found))


def sweep() -> list[str]:
    """Let the sweep ring; return for whom."""
    with public_scope():
        return doorbell.sweep()


@contextmanager
def open_world() -> Iterator[World]:
    """Make the partner and its two clients' flows."""
    with committed_partner(SLUG) as (partner, client):
        lab = make_lab(client)
        make_mapping("project-in", "inbound", "project", PROJECT_IN)
        make_mapping("project-out", "outbound", "project", PROJECT_OUT)
        make_stream(lab.source_connection, "projects", "project", "project-in", 150)
        Stream.objects.filter(pk=lab.customers.pk).update(object="accounts")
        target = {"role": "erp", "object": "projects", "connection": lab.target_connection.pk}
        make_workflow(
            client,
            [
                step(
                    "project",
                    lab.target_connection,
                    mapping="project-out",
                    target=target,
                    gates=[TAX_GATE],
                )
            ],
            events=["project.created"],
            name="Projects",
        )
        shown = webhooks.open_hook(BUILDER, lab.source_connection)
        other = make_lab(Client.objects.create(name="Other", slug="other"))
        Stream.objects.filter(pk=other.customers.pk).update(object="accounts")
        Connection.objects.update(in_flight=1)
        lab.source_connection.refresh_from_db()
        # Once here, not in each process that is forked.
        spare_the_collector()
        yield World(
            partner.schema_name, lab, other, shown.path.removeprefix("/hooks/"), shown.secret
        )
