"""A fault of our own in a round: what was sent is recorded, what was not sent goes back."""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from syncjobs.connectors.base import Write
from syncjobs.engine import deliver, drain, ledger, refs, sending
from syncjobs.engine.jobs import Job, Outcome
from syncjobs.engine.rows import fetch
from syncjobs.intake.polling import poll_stream
from syncjobs.models import Delivery, ExternalRef, Stream
from tenants.postgres.backend.base import DatabaseWrapper
from tests.syncjobs.committed import db, open_lab
from tests.syncjobs.elsewhere import elsewhere
from tests.syncjobs.factories import Lab, make_connection, step

__all__ = ["db", "open_lab"]
BROKE = "a fault of our own"


def plan(lab: Lab, count: int) -> None:
    """Plan so many deliveries; nothing is sent yet, and nothing more is read."""
    for number in range(count):
        lab.put_customer(str(number))
    Stream.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
    poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)
    Stream.objects.update(next_poll_at=timezone.now() + timedelta(days=1))
    assert Delivery.objects.filter(state="pending").count() == count


def states() -> Counter[str]:
    return Counter(Delivery.objects.values_list("state", flat=True))


def lost(lab: Lab) -> int:
    """Return how many were written and are not recorded."""
    sent = {one.reference for one in lab.target.effects}
    return Delivery.objects.filter(state="running", record__key__in=sent).count()


@pytest.fixture
def breaks_at_25(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims of twenty; that with C-25 can't be prepared, once."""
    monkeypatch.setattr(drain, "BATCH", 20)
    prepare: Callable[[Sequence[Job]], Any] = vars(deliver)["prepare"]
    left = [BROKE]

    def broken(jobs: Sequence[Job]) -> Any:
        if left and any(job.record.key == "C-25" for job in jobs):
            raise RuntimeError(left.pop())
        return prepare(jobs)

    monkeypatch.setattr(deliver, "prepare", broken)


@pytest.mark.usefixtures("breaks_at_25")
def test_what_was_sent_is_recorded_though_the_next_claim_can_not_be_prepared(
    open_lab: Lab,
) -> None:
    open_lab.target.can_look_up = False
    plan(open_lab, 40)
    with pytest.raises(RuntimeError, match=BROKE):
        drain.drain(systems=open_lab.systems())
    assert len(open_lab.target.effects) == 20
    assert states() == {"delivered": 20, "running": 20}

    Delivery.objects.filter(state="running").update(lease_until=timezone.now())
    open_lab.deliver_late()
    assert states() == {"delivered": 40}, "nothing of it had been sent: nobody is asked"


def test_what_was_not_sent_goes_back_when_a_call_breaks(open_lab: Lab) -> None:
    lab = open_lab
    lab.target.can_look_up = False
    plan(lab, 40)
    numbers = iter(range(1, 100))

    def broken(_write: Write) -> None:
        if next(numbers) == 3:
            raise KeyError(BROKE)

    lab.target.on_write = broken
    with pytest.raises(KeyError):
        drain.drain(systems=lab.systems())
    assert lost(lab) == 0
    assert states()["running"] == 1, "of this one nobody knows"
    lab.target.on_write = None
    Delivery.objects.filter(state="running").update(lease_until=timezone.now())
    lab.deliver_late()
    assert states() == {"delivered": 39, "parked": 1}


def test_a_fault_at_one_system_gives_back_what_is_for_the_next(open_lab: Lab) -> None:
    lab = open_lab
    other = make_connection(lab.client, "Other")
    first, second = step("customer", lab.target_connection), step("customer", other)
    lab.replace_workflow([first, {**second, "name": "second"}])
    for number in range(3):
        lab.put_customer(str(number))
    Stream.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
    poll_stream(lab.customers.pk, lab.systems(), stop=lambda: False)
    opened: list[int] = []

    def broken(_self: object, jobs: Sequence[Job], *, is_last: bool) -> None:
        opened.append(len(jobs))
        assert not is_last
        raise KeyError(BROKE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliver._Round, "_send_all", broken)
        with pytest.raises(KeyError):
            drain.drain(systems=lab.systems())
    assert opened == [3]
    assert states() == {"running": 3, "pending": 3}


def test_what_was_sent_is_recorded_where_no_further_session_is_to_be_had(
    open_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(open_lab, 60)
    monkeypatch.setattr(drain, "BATCH", 20)
    connect: Callable[..., object] = DatabaseWrapper.get_new_connection

    def refused(wrapper: DatabaseWrapper, params: dict[str, Any]) -> object:
        if threading.current_thread() is not threading.main_thread():
            raise OperationalError("remaining connection slots are reserved")
        return connect(wrapper, params)

    monkeypatch.setattr(DatabaseWrapper, "get_new_connection", refused)
    drain.drain(systems=open_lab.systems())
    assert states() == {"delivered": 60}


def _ended_by_the_server(monkeypatch: pytest.MonkeyPatch, of: Any, name: str) -> list[str]:
    """Let the server end the session in which this is first called; return in which thread."""
    plain: Callable[..., Any] = vars(of)[name]
    ended: list[str] = []

    def broken(*given: Any, **named: Any) -> Any:
        if not ended and given[0]:
            ended.append(threading.current_thread().name)
            fetch("SELECT pg_terminate_backend(pg_backend_pid())", {})
        return plain(*given, **named)

    monkeypatch.setattr(of, name, broken)
    monkeypatch.setattr(deliver, "PAUSES", (0,))
    return ended


@pytest.mark.parametrize("beside", [True, False])
def test_what_was_sent_is_recorded_though_the_server_ends_the_session(
    open_lab: Lab, monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    plan(open_lab, 40)
    monkeypatch.setattr(drain, "BATCH", 20 if beside else 200)
    ended = _ended_by_the_server(monkeypatch, ledger, "record")
    drain.drain(systems=open_lab.systems())
    assert ended[0].startswith("record" if beside else "MainThread")
    assert states() == {"delivered": 40}
    assert len(open_lab.target.effects) == 40


def test_what_was_sent_is_recorded_though_its_leases_can_not_be_renewed(
    open_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(open_lab, 40)
    monkeypatch.setattr(drain, "BATCH", 20)
    monkeypatch.setattr(vars(deliver)["_Leases"].keep, "__defaults__", (-1.0,))
    ended = _ended_by_the_server(monkeypatch, deliver, "renew")
    with pytest.raises(OperationalError):
        drain.drain(systems=open_lab.systems())
    assert ended == ["MainThread"]
    connection.close()
    sent = len(open_lab.target.effects)
    assert states()["delivered"] == sent
    assert states()["running"] == 0


def test_a_place_that_is_taken_in_the_same_instant_costs_the_others_nothing(
    open_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(open_lab, 20)
    keep_apart: Callable[[Sequence[Outcome]], None] = refs.keep_apart
    another = Delivery.objects.latest("pk")
    left = [True]

    def taken(outcomes: Sequence[Outcome]) -> None:
        keep_apart(outcomes)
        sent = next((one.sent for one in outcomes if one.sent is not None), None)
        if sent is None or not left:
            return
        left.clear()
        elsewhere(
            lambda: ExternalRef.objects.create(
                record_id=another.record_id,
                connection_id=another.connection_id,
                object="things",
                external_id=sent.external_id,
                written={},
            )
        )

    monkeypatch.setattr(refs, "keep_apart", taken)
    drain.drain(systems=open_lab.systems())
    assert lost(open_lab) == 0
    assert states() == {"delivered": 19, "failed": 1}


@pytest.mark.parametrize("room", [0, 1])
def test_threads_that_do_not_start_leave_none_at_work(
    monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    start, started = threading.Thread.start, [0]

    def failing(thread: threading.Thread) -> None:
        if thread.name == sending.SENDING:
            started[0] += 1
            if started[0] > room:
                raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", failing)
    done: list[Sequence[Job]] = []

    def send(call: Sequence[Job]) -> list[Outcome]:
        done.append(call)
        return []

    patience = sys.getswitchinterval()
    one = sending.Sending([[]] * 20, send, in_flight=4, stop=lambda: False)
    with suppress(RuntimeError):
        list(one.batches())
    assert len(done) == 20 * room, "one is enough for all"
    assert sys.getswitchinterval() == patience
    assert not [one for one in threading.enumerate() if one.name == sending.SENDING]
