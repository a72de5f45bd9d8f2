"""An answer to a call that began earlier ends no pause that the system has asked for since."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone

from governance.actors import command_actor
from syncjobs.connectors.base import Write, Written
from syncjobs.connectors.errors import ConnectorError, RateLimited, Transient
from syncjobs.engine import drain, health
from syncjobs.models import Connection
from syncjobs.services.connections import test_connection as try_connection
from tests.syncjobs.factories import Lab
from tests.syncjobs.test_faults import plan


def _one_is_late(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, errors: list[ConnectorError]
) -> list[str]:
    """Two calls at once: the first answers when all the errors have been recorded, which the
    other and those after it get. Return what is called after that."""
    Connection.objects.filter(pk=lab.target_connection.pk).update(in_flight=2)
    both, told, numbers = threading.Barrier(2), threading.Event(), count()
    write: Callable[[Write], Written] = lab.target.write
    after: list[str] = []

    def answer(one: Write) -> Written:
        number = next(numbers)
        if number < 2:
            both.wait(10)
        if number == 0:
            told.wait(10)
            threading.Event().wait(1.2)
        elif errors:
            error = errors.pop(0)
            if not errors:
                told.set()
            raise error
        else:
            after.append(one.reference)
        return write(one)

    monkeypatch.setattr(lab.target, "write", answer)
    return after


def test_a_pause_stays(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    plan(lab, 20)
    monkeypatch.setattr(drain, "BATCH", 2)
    after = _one_is_late(lab, monkeypatch, [RateLimited("Slow down.", status=429, retry_after=60)])
    drain.drain(systems=lab.systems())
    assert after == []
    until = Connection.objects.get(pk=lab.target_connection.pk).breaker_until
    assert until is not None
    assert until > timezone.now() + timedelta(seconds=40)


def test_an_open_breaker_stays_open(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    plan(lab, 20)
    monkeypatch.setattr(drain, "BATCH", 6)
    after = _one_is_late(lab, monkeypatch, [Transient("Out.", status=503) for _ in range(5)])
    drain.drain(systems=lab.systems())
    assert after == []
    assert Connection.objects.get(pk=lab.target_connection.pk).breaker == "open"


@pytest.fixture
def resting(lab: Lab) -> Lab:
    """Its target asked for a minute."""
    until = timezone.now() + timedelta(seconds=60)
    rows = Connection.objects.filter(pk=lab.target_connection.pk)
    rows.update(breaker_until=until, state="ready", breaker="closed", breaker_failures=1)
    return lab


def _rests(lab: Lab) -> bool:
    row = Connection.objects.get(pk=lab.target_connection.pk)
    return row.breaker_until is not None and row.breaker_until > timezone.now()


@pytest.mark.parametrize("failures", [0, 1])
def test_a_reading_ends_no_pause(resting: Lab, failures: int) -> None:
    Connection.objects.filter(pk=resting.target_connection.pk).update(breaker_failures=failures)
    health.recover(resting.target_connection.pk, reading=True)
    assert _rests(resting)
    assert Connection.objects.get(pk=resting.target_connection.pk).breaker_failures == 0


def test_a_probe_that_gets_through_ends_the_pause_that_it_made(resting: Lab) -> None:
    Connection.objects.filter(pk=resting.target_connection.pk).update(breaker="half_open")
    health.recover(resting.target_connection.pk)
    assert not _rests(resting)


def test_a_persons_test_ends_it(resting: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncjobs.services.connections.Systems", resting.systems)
    checks = try_connection(command_actor("tests"), resting.target_connection)
    assert all(one.ok for one in checks)
    assert not _rests(resting)
