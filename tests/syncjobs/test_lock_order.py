"""Locks of two sessions of one round, taken in one order; and a deadlock costs nothing."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

from syncjobs.engine import claim as claiming
from syncjobs.engine import ledger, replan
from syncjobs.engine.issues import Cause, Occurrence, raise_issues
from syncjobs.engine.live import Derived
from syncjobs.engine.prepare import load_jobs
from syncjobs.engine.release import lock_to_release
from syncjobs.models import Delivery, Hold, Issue
from syncjobs.services.hold_releases import release_holds
from tenants.context import current_schema
from tests.syncjobs.committed import db, open_lab
from tests.syncjobs.elsewhere import Elsewhere
from tests.syncjobs.factories import BUILDER, Lab, step
from tests.syncjobs.releases import TAX_GATE
from tests.syncjobs.test_faults import plan

__all__ = ["db", "open_lab"]


@contextmanager
def _until_they_wait(number: int) -> Iterator[None]:
    """At the end of the block, wait until so many sessions wait for a lock."""
    yield
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= number:
                return
        threading.Event().wait(0.05)
    raise AssertionError("nobody waits")


def test_leases_are_renewed_in_the_order_in_which_outcomes_are_recorded(open_lab: Lab) -> None:
    plan(open_lab, 3_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE syncjobs_delivery")
    claims = sorted(claiming.claim(3), key=lambda one: one.delivery_id)
    low, middle, high = claims
    schema = current_schema()
    with transaction.atomic():
        Delivery.objects.select_for_update().get(pk=middle.delivery_id)

        def records() -> None:
            with transaction.atomic():
                ledger.lock_claims(claims)

        with _until_they_wait(1):
            recorder = Elsewhere(records, schema)  # has the lowest, waits for the middle one
        with _until_they_wait(2):
            renewer = Elsewhere(lambda: claiming.renew([high, low]), schema)
    recorder.end()
    renewer.end()


@pytest.mark.usefixtures("open_lab")
def test_renewing_is_repeated_after_a_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch: Callable[..., Any] = vars(claiming)["fetch"]
    met: list[str] = []

    def meets(sql: str, params: dict[str, Any]) -> Any:
        if sql == claiming._RENEW and not met:
            met.append(sql)
            raise OperationalError("deadlock detected") from DeadlockDetected()
        return fetch(sql, params)

    monkeypatch.setattr(claiming, "fetch", meets)
    claiming.renew([])
    assert met


def test_holds_are_released_in_the_order_in_which_records_are_read(open_lab: Lab) -> None:
    gate = {**TAX_GATE, "then": "hold"}
    open_lab.replace_workflow([step("customer", open_lab.target_connection, gates=[gate])])
    for number in range(4):
        open_lab.put_customer(str(number))
    open_lab.drain()
    first, *_, last = Delivery.objects.order_by("pk")
    holds = list(Hold.objects.select_related("delivery__workflow_version").order_by("-pk"))
    schema = current_schema()
    with transaction.atomic():
        Delivery.objects.select_for_update().get(pk=first.pk)
        with _until_they_wait(1):
            releasing = Elsewhere(lambda: release_holds(BUILDER, holds, reason="Go."), schema)
        # It waits for the first, and has none of those after it yet.
        Delivery.objects.select_for_update(nowait=True).get(pk=last.pk)
    releasing.end()
    assert not Hold.objects.filter(released_at=None).exists()


def test_planning_again_is_repeated_after_a_deadlock(
    open_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(open_lab, 1)
    told = {"step": "s", "workflow": "w"}
    cause = Cause(kind="worker_died", client_id=open_lab.client.pk, same=(1,), detail=told)
    with transaction.atomic():
        (issue,) = raise_issues([Occurrence(cause, "x", None)]).values()
    Delivery.objects.update(issue_id=issue)
    (job,) = load_jobs(claiming.claim())
    waits = Derived(records=None, text="Waits.", waits_for=("x:y",))
    monkeypatch.setattr(replan, "_try", lambda _job: waits)
    locked = threading.Event()

    def records() -> None:
        """As `ledger.record` does: the exception, then the lock to release."""
        with transaction.atomic():
            Issue.objects.select_for_update(no_key=True).get(pk=issue)
            locked.set()
            threading.Event().wait(0.3)
            lock_to_release()

    recorder = Elsewhere(records, current_schema())
    locked.wait(10)
    replan.replan(job, worker="w")
    recorder.join(30)
    assert Delivery.objects.get().state == "waiting"
