"""Several creates in one call: outcomes are each record's own, a lost answer is asked for."""

from dataclasses import replace

import pytest

from syncjobs import crashpoints
from syncjobs.connectors.base import ObjectInfo, Write
from syncjobs.connectors.errors import RateLimited, Rejected, Transient, Unknown
from syncjobs.models import Attempt, Connection, Delivery, Issue
from tests.fakes.systems import DESCRIPTOR
from tests.syncjobs.factories import Lab, step

BATCHING = replace(
    DESCRIPTOR, objects=(ObjectInfo(name="things", label="Things", can_look_up=True, batch=4),)
)


@pytest.fixture
def batching(lab: Lab) -> Lab:
    """The lab's target takes four creates a call."""
    lab.target.descriptor = BATCHING
    return lab


def put(lab: Lab, count: int) -> None:
    for n in range(1, count + 1):
        lab.put_customer(str(n))


def created(lab: Lab, count: int) -> list[int]:
    return [lab.target.created(f"C-{n}") for n in range(1, count + 1)]


def states() -> list[str]:
    return list(Delivery.objects.order_by("record__key").values_list("state", flat=True))


def test_creates_go_together_up_to_what_a_call_takes(batching: Lab) -> None:
    put(batching, 10)
    batching.drain()
    assert batching.target.calls == [4, 4, 2]
    assert created(batching, 10) == [1] * 10
    assert set(states()) == {"delivered"}
    assert Attempt.objects.filter(outcome="delivered").count() == 10


def test_updates_go_alone(batching: Lab) -> None:
    put(batching, 4)
    batching.drain()
    for n in range(1, 5):
        batching.put_customer(str(n), name="Renamed")
    batching.drain()
    assert batching.target.calls == [4]
    assert [e.what for e in batching.target.effects[4:]] == ["updated"] * 4


def test_one_that_is_refused_leaves_the_others_delivered(batching: Lab) -> None:
    def refuse(write: Write) -> None:
        if write.reference == "C-2":
            raise Rejected("No such tax code.")

    batching.target.on_write = refuse
    put(batching, 4)
    batching.drain()
    assert states() == ["delivered", "failed", "delivered", "delivered"]
    assert Issue.objects.get().kind == "rejected_by_target"
    batching.target.on_write = None
    batching.put_customer("2", name="Mended")
    batching.drain()
    assert created(batching, 4) == [1, 1, 1, 1]


def test_a_lost_answer_makes_each_unknown_and_each_is_asked_for(batching: Lab) -> None:
    batching.target.lose_batch.append(Unknown("The line was cut."))
    put(batching, 4)
    batching.drain()
    assert states() == ["unknown"] * 4
    batching.deliver_late()
    assert states() == ["delivered"] * 4
    assert created(batching, 4) == [1] * 4
    assert batching.target.look_ups == 4
    assert Attempt.objects.filter(looked_up=True, outcome="delivered").count() == 4


def test_a_call_that_never_arrived_is_asked_for_and_then_written(batching: Lab) -> None:
    batching.target.fail_batch.append(Unknown("The line was cut."))
    put(batching, 4)
    batching.drain()
    batching.deliver_late()
    assert created(batching, 4) == [1] * 4
    assert batching.target.look_ups == 4


def test_a_lost_answer_where_nobody_can_be_asked_is_a_question_for_a_person(batching: Lab) -> None:
    batching.target.can_look_up = False
    batching.target.lose_batch.append(Unknown("The line was cut."))
    put(batching, 3)
    batching.drain()
    batching.deliver_late()
    assert states() == ["parked"] * 3
    assert created(batching, 3) == [1] * 3


def test_a_failing_call_counts_once_for_the_breaker(batching: Lab) -> None:
    batching.target.fail_batch.append(Transient("Down."))
    put(batching, 4)
    batching.drain()
    assert states() == ["retrying"] * 4
    row = Connection.objects.get(pk=batching.target_connection.pk)
    assert (row.breaker, row.breaker_failures) == ("closed", 1)
    batching.deliver_late()
    assert created(batching, 4) == [1] * 4


def test_a_pause_that_is_asked_for_holds_the_rest_back(batching: Lab) -> None:
    batching.target.fail_batch.append(RateLimited("Slow down.", retry_after=30))
    put(batching, 8)
    batching.drain()
    assert batching.target.calls == [4]
    assert sorted(states()) == ["pending"] * 4 + ["retrying"] * 4
    batching.deliver_late()
    assert created(batching, 8) == [1] * 8


def test_what_must_be_asked_for_first_goes_alone(batching: Lab) -> None:
    batching.replace_workflow([step("customer", batching.target_connection, match=True)])
    put(batching, 3)
    batching.drain()
    assert batching.target.calls == []
    assert batching.target.look_ups == 3


@pytest.mark.parametrize("point", ["deliver.before_write", "deliver.after_write"])
def test_a_worker_that_ends_around_a_call_doubles_nothing(batching: Lab, point: str) -> None:
    put(batching, 4)
    crashpoints.arm(f"{point}:raise")
    try:
        with pytest.raises(crashpoints.CrashPoint):
            batching.drain()
    finally:
        crashpoints.arm("")
    assert states() == ["running"] * 4
    Delivery.objects.update(lease_until="2020-01-01T00:00:00Z")
    for _ in range(6):
        batching.deliver_late()
    assert set(states()) == {"delivered"}
    assert created(batching, 4) == [1] * 4
