"""What programs are told of, and what they are not: ids alone, as it commits."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from governance.actors import Actor
from governance.models import ChangeRequest
from governance.services.requests import move_request
from syncjobs.engine.transitions import move_row
from syncjobs.models import Delivery, Hold, Issue, Message, Run
from syncjobs.services.hold_releases import release_hold
from syncjobs.services.issues import resolve_issue
from syncjobs.state import RUN
from tenants.accounts.models import Client
from tests.fakes.systems import record
from tests.syncjobs.factories import Lab, make_lab, step
from tests.syncjobs.listening import add, alice, bodies, told
from tests.syncjobs.releases import TAX_GATE

__all__ = ["alice"]


def test_a_business_event_is_told_by_ids_alone(lab: Lab, alice: Actor) -> None:
    add(alice, "https://hook.example/", "customer.changed")
    lab.source.put("customers", record("1", {"no": "C-1", "name": "Secret & Sons", "tax": "T"}))
    lab.drain()
    found = [one for one in bodies() if one["type"] == "customer.changed"]
    assert len(found) == 1
    data = found[0]["data"]
    assert isinstance(data, dict)
    assert data["client"] == lab.client.pk
    assert data["record"]["type"] == "customer"
    assert "Secret" not in json.dumps(bodies())
    assert "C-1" not in json.dumps(bodies())


def test_what_rolls_back_is_not_told(alice: Actor) -> None:
    add(alice, "https://hook.example/", "run.failed")
    with transaction.atomic():
        told()
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_holds_and_exceptions_are_told_as_they_come_and_go(
    alder: Client, at_work: None, alice: Actor, dave: Actor
) -> None:
    lab = make_lab(alder)
    lab.replace_workflow([step("customer", lab.target_connection, gates=[TAX_GATE])])
    add(alice, "https://hook.example/", "hold.placed", "hold.released", "exception.opened",
        "exception.resolved")  # fmt: skip
    lab.source.put("customers", record("1", {"no": "C-1", "name": "A"}))
    lab.drain()
    assert sorted(str(one["type"]) for one in bodies()) == ["exception.opened", "hold.placed"]
    Delivery.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    lab.drain()
    assert len(bodies()) == 2, "held again is nothing new"
    release_hold(dave, Hold.objects.get(), reason="agreed")
    lab.drain()
    assert [one["type"] for one in bodies()].count("hold.released") == 1
    assert [one["type"] for one in bodies()].count("exception.resolved") == 1


def test_a_run_that_fails_and_an_exception_closed_by_hand_are_told(
    lab: Lab, alice: Actor, dave: Actor
) -> None:
    add(alice, "https://hook.example/", "run.failed", "exception.resolved")
    run = Run.objects.create(client=lab.client, kind="intake", trigger="schedule")
    move_row(run, RUN, "settle_badly", message="no")
    issue = Issue.objects.create(
        client=lab.client, fingerprint="x", class_name="technical", kind="timeout", title="T"
    )
    resolve_issue(dave, issue, reason="mended")
    assert [one["type"] for one in bodies()] == ["run.failed", "exception.resolved"]


def test_a_decided_change_is_told(alice: Actor, alder: Client) -> None:
    add(alice, "https://hook.example/", "change.decided")
    request = ChangeRequest.objects.create(
        title="t", reason="r", client_id=alder.pk, status="submitted", author_label="x"
    )
    move_request(request, "reject")
    ((body,)) = bodies()
    assert body["data"] == {
        "client": alder.pk,
        "change_request": {"id": request.pk, "status": "rejected", "decision": "reject"},
    }


def test_without_an_endpoint_a_page_costs_no_statement_more(lab: Lab) -> None:
    asked: list[str] = []

    def note(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return run(sql, *rest)

    for number in range(30):
        lab.source.put(
            "customers", record(str(number), {"no": f"C-{number}", "name": "A", "tax": "T"})
        )
    with connection.execute_wrapper(note):
        lab.drain()
    named = [sql for sql in asked if "syncjobs_endpoint" in sql]
    assert any("INSERT INTO syncjobs_event" in sql for sql in named)
    assert all("INSERT INTO syncjobs_event" in sql or "syncjobs_hold" in sql for sql in named)
