"""Serving the demo until somebody presses Ctrl-C."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from syncjobs.demo.processes import Child

CHECK_EVERY = 1.0


class PortTakenError(RuntimeError):
    """Another program uses the port; the message says what to do."""


def require_free(port: int) -> None:
    """Raise PortTakenError when the web server could not have the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTakenError(
                f"Port {port} is taken. Choose another: make demo PORT={port + 1}"
            ) from error


@contextmanager
def until_asked_to_stop() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, instead of breaking in anywhere."""
    ended = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: ended.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(children: list[Child], tick: Callable[[], None] = lambda: None) -> None:
    """Return when asked to stop; raises ProcessError when a child ends by itself."""
    with until_asked_to_stop() as ended:
        while not ended.wait(CHECK_EVERY):
            for child in children:
                child.require_alive()
            tick()
