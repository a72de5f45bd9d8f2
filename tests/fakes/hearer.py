"""A program that hears of what happens: an HTTP server on loopback that answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Heard:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes
    path: str


@dataclass
class Hearer:
    """What was heard, and what is answered: a status, and headers beside it.

    note: called when a message was heard, before it is answered.
    """

    address: str
    status: int = 200
    answer: dict[str, str] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    note: Callable[[], None] = lambda: None

    @property
    def last(self) -> Heard:
        return self.heard[-1]


class _Server(ThreadingHTTPServer):
    # More than the library's five may knock at once.
    request_queue_size = 64


@contextmanager
def hearer() -> Iterator[Hearer]:
    """Listen on a free port of loopback."""
    made = Hearer("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers: Message = self.headers
            lower = {name.lower(): value for name, value in headers.items()}
            made.heard.append(Heard(lower, body, self.path))
            made.note()
            self.send_response(made.status)
            for name, value in made.answer.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    made.address = f"http://127.0.0.1:{server.server_address[1]}/hear"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
