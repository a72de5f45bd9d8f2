"""A web thread waits a moment for its caller's next request, and for nobody when others wait; the
process with fewer connections takes the next one. Nor does a thread wait without end for a request
that does not come, or an answer that nobody takes.
"""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import TConn, ThreadWorker

from config import web_worker
from config.web_worker import BODY_SECONDS, HEAD_SECONDS, STALLED_SECONDS, PatientWorker


class Conn:
    """A connection as gunicorn keeps it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.initialized = sock, True


class Caller:
    """Asks by single bytes; each is a request. A capital one is the last on its connection."""

    def __init__(self) -> None:
        self.own, theirs = socket.socketpair()
        self.conn = Conn(theirs)
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


def test_a_request_that_does_not_arrive_ends_and_frees_its_thread(
    worker: PatientWorker, caller: Caller
) -> None:
    thread = threading.Thread(target=worker.handle, args=(caller.conn,))
    thread.start()
    for _ in range(500):
        if worker._late_at:
            break
        time.sleep(0.01)

    worker.end_late(time.monotonic() + HEAD_SECONDS / 2)
    thread.join(0.2)
    assert thread.is_alive(), "it still has time"

    worker.end_late(time.monotonic() + HEAD_SECONDS + 1)
    thread.join(5)
    assert not thread.is_alive()
    assert not worker._late_at, "nothing is remembered of it"


def test_a_body_has_more_time_than_a_head_and_an_answer_is_still_sent(
    worker: PatientWorker, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_: ThreadWorker, req: object, conn: Any) -> bool:
        worker.end_late(time.monotonic() + HEAD_SECONDS + 1)
        conn.sock.recv(1)
        worker.end_late(time.monotonic() + BODY_SECONDS + 1)
        assert conn.sock.recv(1) == b"", "no more is waited for"
        conn.sock.sendall(b"done")
        return False

    monkeypatch.setattr(ThreadWorker, "handle_request", answer)
    monkeypatch.setattr(ThreadWorker, "handle", lambda own, conn: own.handle_request(None, conn))
    caller.asks("a")
    assert worker.handle(caller.conn) is False
    assert caller.own.recv(4) == b"done"


def test_a_new_connection_does_not_wait_without_end_for_its_reader(
    worker: PatientWorker, caller: Caller
) -> None:
    caller.conn.initialized = False
    caller.asks("A")
    worker.handle(caller.conn)
    kept = caller.conn.sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, 16)
    assert struct.unpack("@ll", kept) == (STALLED_SECONDS, 0)


def test_the_loop_waits_for_no_caller_to_close_what_has_ended(
    worker: PatientWorker, listener: socket.socket
) -> None:
    with socket.create_connection(listener.getsockname()) as own:
        conn = TConn(Config(), listener.accept()[0], None, None)
        conn.initialized = True
        own.sendall(b"A")
        assert worker.handle(conn) is False
        begun = time.monotonic()
        conn.close(graceful=True)
        assert time.monotonic() - begun < 1, "gunicorn's own wait is two seconds"
        assert own.recv(1) == b"", "the caller sees the end"
