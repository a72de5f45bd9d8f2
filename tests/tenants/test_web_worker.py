"""A web thread answers its caller's next requests itself, as long as nobody else waits for one."""

import runpy
import select
import socket
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from types import SimpleNamespace
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn

from config import web_worker

REQUEST = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


class Caller:
    """One end of a connection; the worker has the other."""

    def __init__(self, cfg: Config) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(20)
        self.connection = TConn(cfg, theirs, ("127.0.0.1", 1), ("127.0.0.1", 2))

    def ask(self, number: int) -> bytes:
        self.socket.sendall(REQUEST % number)
        return self.answer()

    def answer(self) -> bytes:
        text = b""
        while not text.endswith(b"."):
            text += self.socket.recv(4096)
        return text.rpartition(b"\r\n")[2]


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    content = f"{environ['PATH_INFO']} {environ['wsgi.input'].read().decode()}.".encode()
    start_response("200 OK", [("Content-Length", str(len(content)))])
    return [content]


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    cfg = Config()
    cfg.set("threads", 2)
    made = web_worker.Worker(1, 1, [], SimpleNamespace(), 30, cfg, Logger(cfg))
    made.wsgi = application
    made.tpool = made.get_thread_pool()
    # Long enough for any machine; a caller that hangs up ends it.
    monkeypatch.setattr(web_worker, "_MILLISECONDS", 20_000)
    yield made
    made.tpool.shutdown()
    made.tmp.close()


@pytest.fixture
def caller(worker: Any) -> Iterator[Caller]:
    made = Caller(worker.cfg)
    yield made
    made.socket.close()
    made.connection.close()


def handled(worker: Any, caller: Caller, meanwhile: Callable[[], None]) -> bool:
    """Return what one hand-over of the connection to a thread comes to."""
    said: list[bool] = []
    thread = Thread(target=lambda: said.append(worker.handle(caller.connection)))
    thread.start()
    meanwhile()
    thread.join(20)
    return said[0]


def test_a_thread_answers_what_its_caller_asks_next(worker: Any, caller: Caller) -> None:
    answers: list[bytes] = []

    def ask() -> None:
        answers.extend(caller.ask(number) for number in range(3))
        caller.socket.shutdown(socket.SHUT_WR)

    assert handled(worker, caller, ask) is False  # the caller has hung up
    assert answers == [b"/0 hi.", b"/1 hi.", b"/2 hi."]
    assert worker.nr == len(answers)


def test_a_thread_gives_up_a_silent_caller_who_may_come_back(
    worker: Any, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_worker, "_MILLISECONDS", 1)
    assert handled(worker, caller, lambda: assert_answered(caller, 1)) is True
    assert handled(worker, caller, lambda: assert_answered(caller, 2)) is True


def assert_answered(caller: Caller, number: int) -> None:
    assert caller.ask(number) == b"/%d hi." % number


def waits_in_the_pool(worker: Any, caller: Caller) -> None:
    worker.tpool._work_queue.put(None)


def stops(worker: Any, caller: Caller) -> None:
    worker.alive = False


def has_sent_the_next_already(worker: Any, caller: Caller) -> None:
    caller.socket.sendall(REQUEST % 8)


@pytest.mark.parametrize(
    ("reason", "stays"),
    [(waits_in_the_pool, True), (stops, False), (has_sent_the_next_already, True)],
)
def test_a_thread_does_not_wait_where_others_have_to_act(
    worker: Any,
    caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    reason: Callable[[Any, Caller], None],
    stays: bool,
) -> None:
    monkeypatch.setattr(select, "poll", lambda: pytest.fail("It waits."))
    caller.socket.sendall(REQUEST % 7)
    reason(worker, caller)
    assert worker.handle(caller.connection) is stays
    assert caller.answer() == b"/7 hi."


def test_the_settings_are_those_of_the_bench_and_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts it as the operations page says gets threads, and this worker."""
    monkeypatch.setenv("WEB_CONCURRENCY", "")
    cfg, settings = Config(), runpy.run_module("config.gunicorn")
    for name in ("worker_class", "workers", "threads"):
        cfg.set(name, settings[name])
    assert (cfg.worker_class, cfg.workers, cfg.threads) == (web_worker.Worker, 2, 4)
