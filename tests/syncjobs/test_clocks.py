"""One worker whose clock is ten minutes off, among others: what it writes down holds for all."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from syncjobs.connectors.errors import RateLimited
from syncjobs.engine import doorbell, health
from syncjobs.engine.agenda import begin
from syncjobs.engine.drain import drain
from syncjobs.engine.rows import database_now
from syncjobs.engine.schedules import fire_due
from syncjobs.engine.systems import SharedBudget
from syncjobs.models import Connection, Stream, Workflow
from syncjobs.retry import TRIP_AFTER
from syncjobs.services.schedules import set_schedule
from tests.syncjobs.factories import BUILDER, Lab

AHEAD, BEHIND = timedelta(minutes=10), timedelta(minutes=-10)
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=[AHEAD, BEHIND], ids=["ahead", "behind"])
def wrong(request: pytest.FixtureRequest) -> Iterator[timedelta]:
    """This process' clock is off by so much; the database's is not."""
    with time_machine.travel(timezone.now() + request.param, tick=True):
        assert abs(abs(timezone.now() - database_now()) - abs(request.param)) < MINUTE
        yield request.param


def test_a_rate_is_kept_by_one_clock(lab: Lab) -> None:
    mine = lab.target_connection
    Connection.objects.filter(pk=mine.pk).update(rate_per_second=10)
    with time_machine.travel(timezone.now() + AHEAD, tick=True):
        SharedBudget(mine.pk).take()
    mine.refresh_from_db()
    assert mine.rate_at is not None
    assert abs(mine.rate_at - timezone.now()) < MINUTE
    SharedBudget(mine.pk).take()
    # Nor does being behind fill the bucket anew.
    with time_machine.travel(timezone.now() + BEHIND, tick=True):
        budget = SharedBudget(mine.pk)
        budget.reserve(100)
    took = 0
    with suppress(RateLimited):
        for took in range(1, 101):  # noqa: B007  counted until it raises
            budget.take()
    assert took < 100


def test_a_breaker_and_a_pause_are_over_when_they_said(lab: Lab, wrong: timedelta) -> None:
    health.stumble(lab.target_connection.pk, TRIP_AFTER, "It is out.")
    until = Connection.objects.get(pk=lab.target_connection.pk).breaker_until
    assert until is not None
    assert timedelta(0) < until - database_now() < MINUTE


def test_a_schedule_fires_neither_early_nor_late(lab: Lab, wrong: timedelta) -> None:
    Stream.objects.update(next_poll_at=database_now() + timedelta(hours=1))
    set_schedule(BUILDER, lab.workflow, mode="scheduled", schedule="15 2 * * *")
    Workflow.objects.update(next_run_at=database_now() + timedelta(minutes=5))
    assert fire_due() == 0
    Workflow.objects.update(next_run_at=database_now() - timedelta(seconds=1))
    assert doorbell.settle() == 0
    assert begin()[0].schedules
    assert not drain(systems=lab.systems()).more, "a turn that finds nothing would ring again"
    moved = Workflow.objects.get(pk=lab.workflow.pk).next_run_at
    assert moved is not None
    assert moved > database_now()
