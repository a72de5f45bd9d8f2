"""Nothing starves: what waits long moves ahead; through an open breaker one write goes first."""

from datetime import timedelta

import pytest
from django.utils import timezone

from syncjobs.connectors.errors import Transient, Unknown
from syncjobs.engine import claim, health
from syncjobs.models import Connection, Delivery, Issue
from syncjobs.retry import OPEN_SECONDS, TRIP_AFTER
from tests.syncjobs.factories import Lab


@pytest.mark.parametrize(
    ("priority", "minutes", "then"),
    [(30, 9, 30), (30, 11, 20), (20, 11, 20), (20, 21, 10), (10, 90, 10), (30, 21, 20)],
)
def test_what_is_due_for_long_moves_a_class_ahead(
    lab: Lab, priority: int, minutes: float, then: int
) -> None:
    lab.put_customer("1")
    lab.drain()
    due = timezone.now() - timedelta(minutes=minutes)
    Delivery.objects.update(state="pending", priority=priority, not_before=due)
    claim.age()
    assert Delivery.objects.get().priority == then


def test_what_is_done_does_not_age(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    Delivery.objects.update(priority=30, not_before=timezone.now() - timedelta(hours=1))
    assert claim.age() == 0


def test_two_workers_send_one_probe_between_them(lab: Lab) -> None:
    for n in range(6):
        lab.put_customer(str(n))
    lab.target.fail_before.extend([Transient("Down.")] * 5)
    lab.drain()
    target = Connection.objects.get(pk=lab.target_connection.pk)
    assert target.breaker == "open"
    past = timezone.now() - timedelta(seconds=1)
    Connection.objects.filter(pk=target.pk).update(breaker_until=past)
    Delivery.objects.update(not_before=past)

    assert len(claim.claim()) == 1, "the first worker's"
    target.refresh_from_db()
    assert target.breaker == "half_open"
    assert claim.claim() == [], "the second waits for what the first finds"


def test_a_probe_that_is_answered_lets_everything_through(lab: Lab) -> None:
    for n in range(6):
        lab.put_customer(str(n))
    lab.target.fail_before.extend([Transient("Down.")] * 5)
    lab.drain()
    for _ in range(3):
        lab.deliver_late()
    assert Connection.objects.get(pk=lab.target_connection.pk).breaker == "closed"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert len(lab.target.effects) == 6


def test_a_probe_that_fails_keeps_the_rest_back(lab: Lab) -> None:
    for n in range(6):
        lab.put_customer(str(n))
    lab.target.fail_before.extend([Transient("Down.")] * 6)
    lab.drain()
    lab.deliver_late()
    target = Connection.objects.get(pk=lab.target_connection.pk)
    assert target.breaker == "open"
    assert target.breaker_until is not None
    assert target.breaker_until > timezone.now() + timedelta(seconds=10)
    assert lab.target.effects == []


def test_many_calls_that_were_under_way_open_the_breaker_once(lab: Lab) -> None:
    lab.put_customer("1")
    lab.drain()
    for _ in range(3):
        health.stumble(lab.target_connection.pk, 40, "Down.")
    target = Connection.objects.get(pk=lab.target_connection.pk)
    assert target.breaker_failures == TRIP_AFTER
    assert target.breaker_until is not None
    assert target.breaker_until < timezone.now() + timedelta(seconds=OPEN_SECONDS)
    assert Issue.objects.get().count == 1


def test_a_delivery_outlasts_an_outage_but_no_failure_of_its_own(lab: Lab) -> None:
    lab.put_customer("1")
    lab.target.fail_before.extend([Transient("Down.")] * 45)
    lab.drain()
    for _ in range(44):
        lab.deliver_late()
    one = lab.delivery("C-1")
    assert (one.state, one.attempts) == ("retrying", 45)
    assert Issue.objects.get().kind == "system_unreachable"

    health.reopen(lab.target_connection.pk)
    lab.target.fail_before.append(Transient("It fails with this one alone."))
    lab.deliver_late()
    assert lab.delivery("C-1").state == "failed", "somebody else got through"


def test_asking_for_a_lost_answer_outlasts_an_outage(lab: Lab) -> None:
    lab.put_customer("1")
    lab.target.fail_after = [Unknown("The answer was lost.")]
    lab.drain()
    health.stumble(lab.target_connection.pk, TRIP_AFTER, "Down.")
    lab.target.fail_look_up = [Unknown("No answer.")] * 20
    for _ in range(20):
        lab.deliver_late()
    assert lab.delivery("C-1").state == "unknown"
    lab.deliver_late()
    assert lab.delivery("C-1").state == "delivered"
    assert lab.target.created("C-1") == 1


def test_a_system_that_is_read_well_and_takes_nothing_stays_out(lab: Lab) -> None:
    for n in range(6):
        lab.put_customer(str(n))
    lab.target.fail_before.extend([Transient("Read-only for maintenance.")] * 5)
    lab.drain()
    for _ in range(3):
        health.recover(lab.target_connection.pk, reading=True)
    target = Connection.objects.get(pk=lab.target_connection.pk)
    assert (target.breaker, target.state) == ("open", "failing")
    assert (Issue.objects.get().state, Issue.objects.get().reopened) == ("open", 0)

    for _ in range(2):
        lab.deliver_late()
    assert Connection.objects.get(pk=target.pk).breaker == "closed", "a write got through"
    assert Issue.objects.get().state == "resolved"


def test_a_reading_ends_an_outage_in_which_nothing_was_to_be_written(lab: Lab) -> None:
    health.stumble(lab.source_connection.pk, TRIP_AFTER, "Down.")
    Connection.objects.filter(pk=lab.source_connection.pk).update(breaker_until=timezone.now())
    health.recover(lab.source_connection.pk, reading=True)
    assert Connection.objects.get(pk=lab.source_connection.pk).breaker == "closed"
