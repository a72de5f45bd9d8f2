"""A web thread waits a moment for its caller's next request, and for nobody when others wait; the
process with fewer connections takes the next one.
"""

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from config import web_worker
from config.web_worker import PatientWorker


class Caller:
    """Asks by single bytes; each is a request. A capital one is the last on its connection."""

    def __init__(self) -> None:
        self.own, theirs = socket.socketpair()
        self.conn = SimpleNamespace(sock=theirs)
        self.answered = ""

    def asks(self, requests: str) -> None:
        self.own.sendall(requests.encode())


@pytest.fixture
def caller() -> Iterator[Caller]:
    made = Caller()
    yield made
    made.own.close()
    made.conn.sock.close()


@pytest.fixture
def worker(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> PatientWorker:
    """A worker whose threads answer a byte at a time; whatever is enqueued stays there."""

    def handle(_: ThreadWorker, conn: Any) -> bool:
        request = conn.sock.recv(1).decode()
        caller.answered += request
        return bool(request.islower())

    monkeypatch.setattr(ThreadWorker, "handle", handle)
    monkeypatch.setattr(ThreadWorker, "enqueue_req", lambda *_: None)
    made = PatientWorker(1, 1, [], None, 30, Config(), None)
    made.enqueue_req(caller.conn)
    return made


def test_the_next_request_is_answered_by_the_same_thread(
    worker: PatientWorker, caller: Caller
) -> None:
    caller.asks("abc")
    assert worker.handle(caller.conn) is True, "then it pauses, and the poller has it again"
    assert caller.answered == "abc"


def test_a_connection_that_ends_is_not_waited_for(worker: PatientWorker, caller: Caller) -> None:
    caller.asks("aBc")
    assert worker.handle(caller.conn) is False
    assert caller.answered == "aB"


def test_who_has_hung_up_is_told_to_gunicorn_at_once(worker: PatientWorker, caller: Caller) -> None:
    caller.asks("a")
    caller.own.shutdown(socket.SHUT_WR)
    assert worker.handle(caller.conn) is False, "the end of the stream is no request"
    assert caller.answered == "a"


def test_others_who_wait_for_a_thread_come_first(worker: PatientWorker, caller: Caller) -> None:
    worker.enqueue_req(SimpleNamespace())
    caller.asks("ab")
    assert worker.handle(caller.conn) is True
    assert caller.answered == "a"


def test_a_worker_that_stops_gives_the_connection_back(
    worker: PatientWorker, caller: Caller
) -> None:
    worker.alive = False
    caller.asks("ab")
    assert worker.handle(caller.conn) is True
    assert caller.answered == "a"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


def test_the_process_with_fewer_connections_is_faster(
    worker: PatientWorker, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(web_worker, "sleep", waited.append)
    for connections in (0, 1, 3, 100):
        worker.nr_conns = connections
        with socket.create_connection(listener.getsockname()):
            worker.accept(listener)
        assert worker.nr_conns == connections + 1, "nobody else was there"
    assert waited == [0, 0.00025, 0.00075, 0.001]


def test_what_another_process_took_meanwhile_is_no_error(
    worker: PatientWorker, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_worker, "sleep", lambda _: listener.accept()[0].close())
    worker.nr_conns = 2
    with socket.create_connection(listener.getsockname()):
        worker.accept(listener)
    assert worker.nr_conns == 2
