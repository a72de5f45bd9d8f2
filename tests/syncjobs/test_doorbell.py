"""The queue is a doorbell: what happens to its rows changes nothing."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from syncjobs.engine import doorbell
from syncjobs.engine.drain import drain, drain_until_idle
from syncjobs.models import Connection, Delivery, Stream
from syncjobs.services.workflows import pause_workflow, resume_workflow
from syncjobs.tasks import run
from tenants.accounts.models import Client
from tenants.context import current_schema, schema_scope
from tenants.models import Partner, Wakeup
from tests.syncjobs.factories import BUILDER, Lab, make_lab


def _wakeup() -> Wakeup:
    return Wakeup.objects.get(schema_name=current_schema())


@pytest.fixture
def worker(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The lab, with real tasks that open its systems."""
    monkeypatch.setattr("syncjobs.engine.drain.Systems", lab.systems)
    return lab


def _do_tasks() -> int:
    """Run every queued task as a worker would, in this process."""
    done = 0
    for row in OrmQ.objects.order_by("id"):
        task = SignedPackage.loads(row.payload)
        row.delete()
        assert task["func"] == doorbell.TASK
        run(*task["args"])
        done += 1
    return done


def test_planned_work_makes_the_partner_due(lab: Lab) -> None:
    Wakeup.objects.update(due_at=None)
    lab.put_customer("1")
    lab.drain(most=0)
    from syncjobs.intake.polling import poll_stream

    Wakeup.objects.update(due_at=None)
    poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)
    due = _wakeup().due_at
    assert due is not None
    assert due <= timezone.now()


def test_many_rings_send_one_task_until_it_is_answered(worker: Lab) -> None:
    Wakeup.objects.update(lease_until=None)
    OrmQ.objects.all().delete()
    for _ in range(5):
        doorbell.ring()
    assert OrmQ.objects.count() == 1
    doorbell.answer()
    doorbell.ring()
    assert OrmQ.objects.count() == 2


def test_the_sweep_rings_for_partners_that_are_due_and_for_nobody_else(worker: Lab) -> None:
    Wakeup.objects.update(due_at=None, lease_until=None)
    OrmQ.objects.all().delete()
    assert doorbell.sweep() == []
    Wakeup.objects.filter(schema_name=current_schema()).update(due_at=timezone.now())
    assert doorbell.sweep() == [current_schema()]
    assert doorbell.sweep() == [], "a ring is on its way"
    Wakeup.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert doorbell.sweep() == [current_schema()], "a lost ring is rung again"


def test_the_sweep_leaves_a_suspended_partner_alone(worker: Lab) -> None:
    Wakeup.objects.update(due_at=timezone.now(), lease_until=None)
    Partner.objects.filter(schema_name=current_schema()).update(status="suspended")
    assert current_schema() not in doorbell.sweep()
    assert run(current_schema()).endswith("no active partner")


def test_the_sweep_costs_the_same_for_any_number_of_partners(worker: Lab) -> None:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as seen:
        doorbell.sweep_due()
    assert len([one for one in seen if "tenants_wakeup" in one["sql"]]) == 1


@pytest.mark.parametrize("seed", range(5))
def test_deleting_doubling_and_shuffling_queue_rows_changes_nothing(worker: Lab, seed: int) -> None:
    chance = random.Random(seed)
    OrmQ.objects.all().delete()
    for number in range(12):
        worker.put_customer(str(number))
        if chance.random() < 0.5:
            Stream.objects.update(next_poll_at=timezone.now())
            doorbell.ring()
        rows = list(OrmQ.objects.all())
        if rows and chance.random() < 0.4:
            chance.choice(rows).delete()
        if rows and chance.random() < 0.4:
            copy = chance.choice(rows)
            OrmQ.objects.create(key=copy.key, payload=copy.payload, lock=copy.lock)
        if chance.random() < 0.5:
            _do_tasks()
    # Whatever was lost, the sweep finds the partner due.
    Stream.objects.update(next_poll_at=timezone.now())
    Wakeup.objects.update(due_at=timezone.now(), lease_until=None)
    doorbell.sweep()
    _do_tasks()
    assert [worker.target.created(f"C-{n}") for n in range(12)] == [1] * 12


def test_a_task_works_in_its_own_schema_whatever_the_one_before_left(
    worker: Lab, brightbridge: Partner
) -> None:
    """The one before selected another partner and raised."""
    home = Partner.objects.get(slug="northwind").schema_name
    with schema_scope(home):
        worker.put_customer("1")
        Stream.objects.update(next_poll_at=timezone.now())
    connection.set_tenant(brightbridge)  # type: ignore[attr-defined]  # the tenant backend's

    assert "1 deliveries" in run(home)
    assert current_schema() == brightbridge.schema_name
    assert not Delivery.objects.exists(), "nothing of it went to the other partner"
    with schema_scope(home):
        assert worker.target.created("C-1") == 1


def test_a_drain_is_bounded_and_rings_again_at_the_back(worker: Lab) -> None:
    for number in range(8):
        worker.put_customer(str(number))
    Stream.objects.update(next_poll_at=timezone.now())
    OrmQ.objects.all().delete()
    done = drain(systems=worker.systems(), most=3)
    assert done.more
    assert Delivery.objects.filter(state="pending").exists() or done.deliveries >= 3
    total = drain_until_idle(systems=worker.systems(), patience=0.0)
    assert done.deliveries + total.deliveries == 8


def test_a_partner_that_has_nothing_to_do_is_due_at_its_next_poll(worker: Lab) -> None:
    drain(systems=worker.systems())
    wait = doorbell.settle()
    assert wait is not None
    assert 290 < wait <= 300


def test_a_retry_makes_the_partner_due_in_time(worker: Lab) -> None:
    from syncjobs.connectors.errors import RateLimited

    worker.target.fail_before = [RateLimited("Slow.", retry_after=40.0)]
    worker.put_customer("1")
    worker.drain()
    wait = doorbell.settle()
    assert wait is not None
    assert 30 < wait < 45


def test_a_lease_makes_the_partner_due_when_it_ends(worker: Lab) -> None:
    worker.put_customer("1")
    drain(systems=worker.systems(), most=0)
    from syncjobs.engine.claim import LEASE_SECONDS, claim
    from syncjobs.intake.polling import poll_stream

    Stream.objects.update(next_poll_at=timezone.now())
    poll_stream(worker.customers.pk, worker.systems(), stop=lambda: False)
    claim()
    wait = doorbell.settle()
    assert wait is not None
    assert LEASE_SECONDS - 5 < wait <= LEASE_SECONDS


def test_a_paused_workflow_plans_and_waits_and_goes_on_in_order(worker: Lab) -> None:
    pause_workflow(BUILDER, worker.workflow, reason="Month end")
    worker.put_customer("1")
    worker.drain()
    assert worker.delivery("C-1").state == "pending"
    assert not worker.target.effects
    resume_workflow(BUILDER, worker.workflow)
    worker.drain()
    assert worker.delivery("C-1").state == "delivered"


def test_two_partners_share_one_database_and_never_each_others_work(
    worker: Lab, brightbridge: Partner
) -> None:
    with schema_scope(brightbridge.schema_name):
        other = make_lab(Client.objects.get(name="Alder Consulting"))
        other.put_customer("9")
        other.drain()
        assert other.target.created("C-9") == 1
    home = Partner.objects.get(slug="northwind").schema_name
    with schema_scope(home):
        assert not Delivery.objects.exists()
        assert Connection.objects.filter(name="Target").count() == 1
