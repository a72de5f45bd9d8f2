"""Processes that die, stop or lose their target: no effect is lost, none is doubled."""

import signal
from pathlib import Path
from time import monotonic

import pytest
from django.db import connection

from syncjobs.models import Attempt, Connection, Delivery, InboundEvent
from syncjobs.sandbox.process import start_process
from tests.syncjobs import plants
from tests.syncjobs.plants import Plant
from tests.syncjobs.processes import go_on, is_stopped, start_worker, until

pytestmark = pytest.mark.crash
SEND_SECONDS = 0.2
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


db = plants.db
plant = plants.plant


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
        TEST_SEND_SECONDS=str(SEND_SECONDS),
    )
    until(lambda: worker.poll() is not None or is_stopped(worker.pid), "the worker to stop")
    assert worker.poll() is None, "the crash point was not reached"
    stopped = monotonic()

    plant.forget_leases()
    plant.work_to_the_end()
    plant.check()
    # A lease is longer than what is sent under it; here it was taken away before its time.
    until(lambda: monotonic() > stopped + 3 * SEND_SECONDS, "its time to send to be over")
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


def test_what_webhooks_brought_outlives_a_killed_worker(plant: Plant) -> None:
    plant.send_webhooks()
    worker = start_worker(plant.partner.schema_name, LIVERY_CRASH="arrivals.before_commit:kill:1")
    assert worker.wait(60) == -signal.SIGKILL, "the crash point was not reached"

    plant.send_webhooks()  # as a sender does whose answers were lost
    plant.forget_leases()
    plant.work_to_the_end()
    plant.check()
    assert not InboundEvent.objects.filter(state="received").exists()


def test_two_workers_at_once_share_the_work(plant: Plant) -> None:
    workers = [start_worker(plant.partner.schema_name) for _ in range(2)]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    plant.work_to_the_end()
    plant.check()
    connection.close()
