"""The worker's supervisor: restarts what died or is wedged, stops within 20 seconds."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_q.models import OrmQ

from syncjobs.engine.standing import standing
from syncjobs.engine.supervisor import Cluster, Supervisor, Watch, oldest_unlocked
from syncjobs.models import Connection, Delivery, Stream
from syncjobs.tasks import run
from tenants.context import current_schema
from tenants.models import Heartbeat, Wakeup
from tests.syncjobs import plants
from tests.syncjobs.plants import Plant
from tests.syncjobs.processes import ROOT, environment, until

db = plants.db
plant = plants.plant
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
# Ends neither at SIGTERM nor by itself, once it has made the file that it is given.
STUBBORN = (
    "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_same_row_in_front_for_too_long_is_a_wedge() -> None:
    clock = Clock()
    watch = Watch(90.0, clock)
    assert not watch.wedged(7)
    clock.now = 89
    assert not watch.wedged(7)
    clock.now = 91
    assert watch.wedged(7)


def test_a_queue_that_moves_is_no_wedge_however_long_it_is() -> None:
    clock = Clock()
    watch = Watch(90.0, clock)
    for row in range(10):
        clock.now += 80
        assert not watch.wedged(row)


def test_an_empty_queue_is_no_wedge() -> None:
    clock = Clock()
    watch = Watch(90.0, clock)
    assert not watch.wedged(None)
    clock.now = 1000
    assert not watch.wedged(None)


def test_a_cluster_that_ignores_the_request_is_killed_as_a_group(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    cluster = Cluster([sys.executable, "-c", STUBBORN, str(ready)], tmp_path / "stop")
    cluster.start()
    until(ready.exists, "it to listen to nobody")
    assert cluster.process is not None
    pid = cluster.process.pid
    assert not cluster.stop(0.3)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_cluster_that_listens_ends_by_itself_and_the_stop_file_goes(tmp_path: Path) -> None:
    cluster = Cluster(SLEEPER, tmp_path / "stop")
    cluster.start()
    assert cluster.stop(5.0)
    assert not (tmp_path / "stop").exists()


@pytest.mark.crash
def test_a_cluster_that_dies_is_started_again(db: None, tmp_path: Path) -> None:
    cluster = Cluster(SLEEPER, tmp_path / "stop")
    killed: list[int] = []

    def asked() -> bool:
        if cluster.process is not None and not killed:
            killed.append(cluster.process.pid)
            os.kill(cluster.process.pid, signal.SIGKILL)
        return cluster.restarts >= 1

    assert Supervisor("tests", cluster, asked=asked).run()
    assert cluster.restarts == 1
    assert Heartbeat.objects.filter(name="tests").exists()


@pytest.mark.crash
def test_a_wedged_cluster_is_killed_and_started_again(db: None, tmp_path: Path) -> None:
    cluster = Cluster(SLEEPER, tmp_path / "stop")
    OrmQ.objects.create(key="nobody", payload="x", lock=timezone.now())
    try:
        assert oldest_unlocked() is not None
        supervisor = Supervisor("tests", cluster, Watch(limit=-1.0))
        supervisor.asked = lambda: cluster.restarts >= 1
        # Beats, and with them the look at the queue, come every five seconds.
        started = time.monotonic()
        supervisor.run()
        assert time.monotonic() - started < 30
        assert cluster.restarts == 1
    finally:
        OrmQ.objects.filter(key="nobody").delete()


@pytest.mark.crash
def test_the_worker_does_the_work_survives_a_kill_and_stops_in_time(plant: Plant) -> None:
    Wakeup.objects.filter(schema_name=plant.partner.schema_name).update(due_at=timezone.now())
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "worker", "--name", "crash-test"],
        cwd=ROOT,
        env=environment(),
    )
    try:
        until(lambda: len(plant.made()) >= 5, "the worker to begin")
        (cluster,) = _children(worker.pid)
        os.killpg(cluster, signal.SIGKILL)
        until(lambda: _children(worker.pid) not in ([], [cluster]), "another cluster")
        plant.forget_leases()
        Wakeup.objects.update(due_at=timezone.now(), lease_until=None)
        until(lambda: _all_done(plant), "all work to be done")
    finally:
        asked = time.monotonic()
        worker.terminate()
        code = worker.wait(25)
    assert code == 0
    assert time.monotonic() - asked < 20
    plant.check()


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in path.read_text().split()]


def _all_done(plant: Plant) -> bool:
    Delivery.objects.filter(state="unknown").update(not_before=timezone.now())
    states = set(Delivery.objects.values_list("state", flat=True))
    return len(plant.made()) == plants.COUNT and states <= {"delivered", "unchanged"}


@pytest.mark.crash
def test_status_says_how_work_stands(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    Stream.objects.update(next_poll_at=timezone.now())
    run(current_schema())
    Delivery.objects.filter(pk=Delivery.objects.order_by("pk").first().pk).update(state="held")  # type: ignore[union-attr]  # there are many
    Connection.objects.filter(name="PSA").update(state="failing", breaker="open")
    call_command("worker", "--status")
    told = json.loads(capsys.readouterr().out)
    (mine,) = [one for one in told["partners"] if one["schema"] == plant.partner.schema_name]
    assert mine["states"] == {"held": 1}
    assert mine["out"] == ["PSA (failing, breaker open)"]
    assert "queue_waiting" in told["queue"]
    assert standing().queue.keys() == told["queue"].keys()
