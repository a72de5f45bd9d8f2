"""Webhooks out at volume: side by side, abreast, and what one slow or dead receiver costs."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from datetime import timedelta
from socket import create_server
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from governance.actors import Actor
from syncjobs.connectors.http import Limits
from syncjobs.models import Endpoint, Message
from syncjobs.telling import posting, recording
from syncjobs.telling.lines import MOST_ABREAST, Line
from syncjobs.telling.posting import Posted
from syncjobs.telling.sending import MOST_IN_FLIGHT, send_messages
from syncjobs.telling.tell import message_row, store_messages
from tests.fakes.hearer import Hearer, hearer
from tests.syncjobs.listening import add, alice, grace, told

__all__ = ["alice", "grace"]
GOOD, BAD = Posted(200, "", 1), Posted(500, "It answered 500.", 1)


@pytest.fixture
def listeners(settings: LazySettings) -> Iterator[list[Hearer]]:
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    with ExitStack() as stack:
        yield [stack.enter_context(hearer()) for _ in range(3)]


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address that takes connections and never answers; it is waited for three seconds."""
    short = Limits(connect=1, read=3, whole=3, max_bytes=1024)
    monkeypatch.setattr("syncjobs.telling.sending.LIMITS", short)
    with create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def tell_each(endpoint: Endpoint, count: int) -> None:
    facts = [{"run": {"id": number}} for number in range(count)]
    store_messages([message_row(endpoint.pk, "run.failed", None, one) for one in facts])


def test_an_endpoint_gets_more_abreast_as_it_takes_them() -> None:
    line = Line(SimpleNamespace(pk=1))  # type: ignore[arg-type]
    line.add([SimpleNamespace(pk=number) for number in range(40)], 0.0)  # type: ignore[misc]
    assert line.next() is not None
    assert line.next() is None, "one at first: a dead receiver costs one attempt"
    for _ in range(20):
        line.came_back(GOOD, None)
        while line.next() is not None:
            pass
    assert line.flying == line.abreast == MOST_ABREAST
    rest = timezone.now()
    line.came_back(BAD, rest)
    assert (line.next(), line.rest) == (None, rest)


def test_the_longest_pause_that_it_asks_for_counts() -> None:
    line = Line(SimpleNamespace(pk=1), flying=2)  # type: ignore[arg-type]
    soon = timezone.now()
    line.came_back(BAD, soon + timedelta(minutes=5))
    line.came_back(BAD, soon)
    assert line.rest == soon + timedelta(minutes=5)


def test_each_of_many_messages_goes_once_with_few_statements(
    listeners: list[Hearer], alice: Actor
) -> None:
    made = [add(alice, one.address)[0] for one in listeners]
    for endpoint in made:
        tell_each(endpoint, 150)
    asked = 0

    def count(run: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal asked
        asked += 1
        return run(sql, *rest)

    with connection.execute_wrapper(count):
        assert send_messages() == 450
    for one in listeners:
        ids = [heard.headers["webhook-id"] for heard in one.heard]
        assert len(ids) == len(set(ids)) == 150
    assert not Message.objects.exclude(state="delivered").exists()
    assert set(Endpoint.objects.values_list("lease_until", flat=True)) == {None}
    assert asked < 225, "less than one for two messages"


def test_one_that_never_answers_holds_up_no_other(
    listeners: list[Hearer], alice: Actor, silence: str
) -> None:
    hanging, _ = add(alice, silence)
    fast, _ = add(alice, listeners[0].address)
    tell_each(hanging, 20)
    tell_each(fast, 100)
    moments: list[float] = []
    listeners[0].note = lambda: moments.append(time.monotonic())
    started = time.monotonic()
    assert send_messages() == 101, "one attempt for the one that hangs"
    assert len(moments) == 100
    assert max(moments) - started < 2.5
    hanging.refresh_from_db()
    assert hanging.lease_until is not None
    assert hanging.lease_until > timezone.now() + timedelta(seconds=50)


def test_what_is_told_while_one_hangs_goes_in_the_same_turn(
    listeners: list[Hearer], alice: Actor, silence: str
) -> None:
    hanging, _ = add(alice, silence)
    fast, _ = add(alice, listeners[0].address)
    tell_each(hanging, 1)
    tell_each(fast, 1)
    later = timezone.now() + timedelta(seconds=1)
    newer = Message.objects.filter(endpoint=fast)
    newer.update(due_at=later)
    send_messages()
    assert newer.get().state == "delivered"
    attempt = newer.get().attempt_list[0]
    assert attempt["at"] - later < timedelta(seconds=1.5)


def test_one_that_failed_is_tried_only_with_the_place_for_it(
    listeners: list[Hearer], alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So those that never answer, of however many partners, leave a worker free."""
    failing, _ = add(alice, listeners[0].address)
    good, _ = add(alice, listeners[1].address)
    Endpoint.objects.filter(pk=failing.pk).update(failing_since=timezone.now())
    tell_each(failing, 1)
    tell_each(good, 1)
    with monkeypatch.context() as patched:
        taken = nullcontext(enter_result=False)
        patched.setattr("syncjobs.telling.sending.patient_place", lambda: taken)
        assert send_messages() == 1
    assert [len(one.heard) for one in listeners[:2]] == [0, 1]
    assert send_messages() == 1
    assert len(listeners[0].heard) == 1


def test_a_turn_bounds_its_calls(
    listeners: list[Hearer], alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = []
    real = posting.post
    busy = 0

    def counted(*args: Any) -> Posted:
        nonlocal busy
        busy += 1
        at_once.append(busy)
        time.sleep(0.02)
        try:
            return real(*args)
        finally:
            busy -= 1

    monkeypatch.setattr("syncjobs.telling.sending.post", counted)
    for number in range(8):
        endpoint, _ = add(alice, listeners[number % 3].address)
        tell_each(endpoint, 40)
    assert send_messages() == 320
    assert MOST_ABREAST < max(at_once) <= MOST_IN_FLIGHT


def test_a_rush_of_failures_is_recorded_and_ends_the_line(
    listeners: list[Hearer], alice: Actor
) -> None:
    endpoint, _ = add(alice, listeners[0].address)
    tell_each(endpoint, 60)
    heard = listeners[0].heard

    def worsen() -> None:
        if len(heard) == 30:
            listeners[0].status, listeners[0].answer = 429, {"Retry-After": "120"}

    listeners[0].note = worsen
    tried = send_messages()
    assert 30 <= tried <= 30 + MOST_ABREAST
    assert sum(len(one.attempts) for one in Message.objects.all()) == tried
    endpoint.refresh_from_db()
    assert endpoint.lease_until is not None
    assert endpoint.lease_until > timezone.now() + timedelta(seconds=110)


def test_what_comes_back_after_a_410_is_still_written_down(alice: Actor) -> None:
    endpoint, _ = add(alice, "https://hook.example/")
    for number in range(3):
        told(number=number)
    first, second, third = Message.objects.order_by("pk")
    now = timezone.now()

    def tried(message: Message, posted: Posted) -> recording.Tried:
        return recording.Tried(endpoint.pk, endpoint.lease_no, message.pk, posted, now)

    assert recording.record([tried(first, Posted(410, "It answered 410.", 1))]) == {}
    assert recording.record([tried(second, GOOD), tried(third, BAD)]) == {}
    states = [(one.state, len(one.attempts), one.due_at) for one in Message.objects.order_by("pk")]
    assert states == [("failed", 1, None), ("delivered", 1, None), ("failed", 1, None)]
