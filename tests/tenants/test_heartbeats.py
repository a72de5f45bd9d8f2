"""When workers were last heard of: each by its name, by the database's clock."""

import io
import logging
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tenants import heartbeats
from tenants.models import Heartbeat
from tenants.services.cleaning import clean
from tenants.services.diagnosis import Finding, Level
from tenants.services.diagnosis.partners import check_worker

pytestmark = pytest.mark.usefixtures("db")
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nobody(db: None) -> None:
    Heartbeat.objects.all().delete()


def _age(name: str, by: timedelta) -> None:
    Heartbeat.objects.filter(name=name).update(at=timezone.now() - by)


def _found(name: str) -> list[Finding]:
    return [one for one in check_worker() if one.name == name]


def test_each_worker_is_heard_of_by_its_name() -> None:
    assert heartbeats.heartbeat_age() is None
    heartbeats.beat("one")
    heartbeats.beat("two")
    heartbeats.beat("two")
    _age("one", HOUR)
    heard = heartbeats.heard_of()
    assert set(heard) == {"one", "two"}
    assert heard["one"] > 3_599
    assert heard["two"] < 5
    assert heartbeats.heartbeat_age() == heard["two"]


def test_a_machine_whose_clock_is_ahead_hides_no_death(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = timezone.now() + timedelta(minutes=10)
    monkeypatch.setattr("django.utils.timezone.now", lambda: ahead)
    heartbeats.beat("fast")
    assert abs(heartbeats.heard_of()["fast"]) < 5


def test_one_dead_worker_among_others_is_told_of() -> None:
    heartbeats.beat("one")
    heartbeats.beat("two")
    assert _found("silent workers") == []
    _age("one", HOUR)
    (found,) = _found("silent workers")
    assert found.level is Level.WARN
    assert "one for 360" in found.seen
    assert [one.level for one in _found("worker")] == [Level.OK]
    assert Client().get("/readyz").json()["work"]["workers_silent"] == 1


def test_all_dead_is_one_finding() -> None:
    heartbeats.beat("one")
    _age("one", HOUR)
    assert [one.level for one in check_worker()] == [Level.WARN]


def test_a_worker_that_is_gone_for_good_is_forgotten() -> None:
    for name in ("one", "two", "three"):
        heartbeats.beat(name)
    call_command("worker", forget="one", stdout=io.StringIO())
    _age("two", timedelta(days=8))
    _age("three", timedelta(days=6))
    clean()
    assert set(heartbeats.heard_of()) == {"three"}


def test_a_namesake_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        heartbeats.beat("one")
        _age("one", HOUR)
        heartbeats.warn_of_namesake("one")
        assert caplog.messages == []
        heartbeats.beat("one")
        heartbeats.warn_of_namesake("one")
    assert "give each its own --name" in caplog.text


@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 81])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="a name is 1 to 80"):
        call_command("worker", "--name", name, "--status")
