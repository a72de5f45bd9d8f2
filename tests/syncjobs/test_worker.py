"""The worker's supervisor: restarts what died or is wedged, stops within 20 seconds."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError
from django.utils import timezone

from syncjobs.engine import supervisor as supervisor_module
from syncjobs.engine.standing import standing
from syncjobs.engine.supervisor import Cluster, Supervisor, Watch, queue_command
from syncjobs.models import Connection, Delivery, Stream
from syncjobs.tasks import run
from tenants import pulse
from tenants.context import current_schema
from tenants.heartbeats import heard_of
from tenants.models import Wakeup
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


LIMITS = {pulse.GUARD: 60.0, pulse.PUSHER: 360.0}


def _looks(watch: Watch, clock: Clock, seconds: int, marks: dict[str, int]) -> str:
    """Look every five seconds for a while; return what was found wedged."""
    for _ in range(0, seconds, 5):
        clock.now += 5
        if found := watch.wedged(marks):
            return found
    return ""


def test_a_guard_that_is_silent_for_a_minute_is_a_wedge() -> None:
    clock = Clock()
    watch = Watch(LIMITS, clock)
    assert _looks(watch, clock, 60, {"guard": 1, "pusher": 1}) == ""
    assert _looks(watch, clock, 30, {"guard": 1, "pusher": 1}) == "guard"


def test_workers_that_are_all_busy_are_no_wedge_until_their_tasks_would_have_ended() -> None:
    clock = Clock()
    watch = Watch(LIMITS, clock)
    for beat in range(11):
        assert _looks(watch, clock, 30, {"guard": beat, "pusher": 1}) == ""
    assert _looks(watch, clock, 55, {"guard": 99, "pusher": 1}) == "pusher"


def test_who_was_stopped_itself_does_not_judge_the_others() -> None:
    clock = Clock()
    watch = Watch(LIMITS, clock)
    assert watch.wedged({"guard": 1}) == ""
    clock.now += 3_600
    assert watch.wedged({"guard": 1}) == ""
    assert watch.wedged({"guard": 2}) == ""


def test_a_part_of_which_nothing_is_known_is_not_judged() -> None:
    clock = Clock()
    assert _looks(Watch(LIMITS, clock), clock, 3_600, {}) == ""


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


@pytest.mark.crash
def test_a_wedged_cluster_is_killed_and_started_again(db: None, tmp_path: Path) -> None:
    cluster = Cluster(SLEEPER, tmp_path / "stop")
    supervisor = Supervisor("tests", cluster, Watch({pulse.GUARD: -1.0, pulse.PUSHER: 360.0}))
    supervisor.asked = lambda: cluster.restarts >= 1
    # The look comes with the beats, every five seconds.
    started = time.monotonic()
    supervisor.run()
    assert time.monotonic() - started < 30
    assert cluster.restarts == 1
    assert "tests" not in heard_of(), "nobody misses a worker that was asked to stop"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.crash
def test_a_stopped_cluster_hangs_though_others_take_its_tasks(db: None, tmp_path: Path) -> None:
    limits = {pulse.GUARD: 4.0, pulse.PUSHER: 360.0}
    cluster = Cluster(queue_command(), tmp_path / "stop")
    cluster.start()
    try:
        begun = cluster.marks()
        until(lambda: all(cluster.marks()[part] > begun[part] for part in begun), "signs of life")
        assert cluster.process is not None
        os.killpg(cluster.process.pid, signal.SIGSTOP)
        watch = Watch(limits)
        until(lambda: watch.wedged(cluster.marks()) == pulse.GUARD, "the silence", 15.0)
    finally:
        cluster.kill()


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
    Connection.objects.filter(name="CRM").update(
        breaker_until=timezone.now() + timedelta(seconds=1_800.4)
    )
    call_command("worker", "--status")
    told = json.loads(capsys.readouterr().out)
    (mine,) = [one for one in told["partners"] if one["schema"] == plant.partner.schema_name]
    assert mine["states"] == {"held": 1}
    assert mine["out"] == ["PSA (failing, breaker open)"]
    assert mine["paused"] == ["CRM (for 1800 s yet)"]
    assert told["workers"] == heard_of()
    assert "queue_waiting" in told["queue"]
    assert standing().queue.keys() == told["queue"].keys()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OperationalError("connection refused"), "the database is not there"),
        (ProgrammingError("permission denied"), "the database refuses what is asked of it"),
    ],
)
def test_a_missing_database_is_told_of_once_a_minute(
    db: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    told: str,
) -> None:
    looks = []

    def look() -> None:
        looks.append(1)
        raise error

    cluster = Cluster(SLEEPER, tmp_path / "stop")
    supervisor = Supervisor("tests", cluster, asked=lambda: len(looks) >= 3)
    monkeypatch.setattr(supervisor_module, "sleep", lambda seconds: None)
    monkeypatch.setattr(supervisor, "_look", lambda **_: look())
    assert supervisor.run()
    assert sum(told in one for one in caplog.messages) == 1


def test_a_worker_says_at_its_start_that_its_clock_is_off(
    db: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = Supervisor("tests", Cluster(SLEEPER, tmp_path / "stop"), asked=lambda: True)
    with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=True):
        supervisor.run()
    assert any("off the database's" in one for one in caplog.messages)
