"""The sandbox systems send signed webhooks until somebody acknowledges them."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from syncjobs import signatures
from syncjobs.sandbox import pushing
from syncjobs.sandbox.client import SandboxClient

SECRET = signatures.new_secret()


class Listener(ThreadingHTTPServer):
    """Keeps what was sent; hangs up on the first `refuse` messages after reading them."""

    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, object]]] = []
        self.refuse = 0
        super().__init__(("127.0.0.1", 0), _Taker)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hooks/x"


class _Taker(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        id_ = signatures.verify(headers, body, secrets=[SECRET], now=time.time())
        self.server.got.append((id_, json.loads(body)))
        status = 503 if len(self.server.got) <= self.server.refuse else 202
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setattr(pushing, "RETRY_SECONDS", 0.05)
    with Listener() as made:
        threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
        yield made
        made.shutdown()


def wait_for(listener: Listener, count: int) -> None:
    end = time.monotonic() + 10
    while len(listener.got) < count:
        assert time.monotonic() < end, f"only {len(listener.got)} of {count} came"
        time.sleep(0.02)


def test_changes_are_sent_as_the_list_shows_them(crm: SandboxClient, listener: Listener) -> None:
    crm.call("POST", "/v2/accounts", {"number": "A-0", "name": "Before", "currency": "EUR"})
    crm.control("subscribe", address=listener.address, secret=SECRET)
    made = crm.call("POST", "/v2/accounts", {"number": "A-1", "name": "One", "currency": "EUR"})
    changed = crm.call("PATCH", f"/v2/accounts/{made['id']}", {"name": "Changed"})
    wait_for(listener, 2)
    assert [message["type"] for _, message in listener.got] == [
        "accounts.created",
        "accounts.updated",
    ]
    assert listener.got[1][1]["data"] == changed


def test_what_was_not_acknowledged_comes_again_under_the_same_id(
    psa: SandboxClient, listener: Listener
) -> None:
    listener.refuse = 2
    psa.control("subscribe", address=listener.address, secret=SECRET)
    psa.call("POST", "/api/resources", {"Number": "E-1", "LastName": "Robin", "Currency": "EUR"})
    wait_for(listener, 3)
    assert len({id_ for id_, _ in listener.got}) == 1
