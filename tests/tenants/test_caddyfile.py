"""The proxy's configuration that we ship; where Caddy is installed, Caddy itself run with it."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from django.conf import settings

from syncjobs import sheets
from tenants import certificates

FILE = settings.BASE_DIR / "deploy" / "caddy" / "Caddyfile"
needs_caddy = pytest.mark.skipif(shutil.which("caddy") is None, reason="caddy is not installed")


class Behind(ThreadingHTTPServer):
    """What stands behind the proxy: keeps the requests that reach it."""

    def __init__(self) -> None:
        """Listen at a free port."""
        super().__init__(("127.0.0.1", 0), _Answer)
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []


class _Answer(BaseHTTPRequestHandler):
    server: Behind
    server_version = "secret-server/1.0"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.server.paths.append(self.path)
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _buffering() -> dict[str, str]:
    """Return the variable that this Caddy's word for buffering wants, as the file says."""
    said = []
    for words in ({}, {"BODY_BUFFER": "buffer_requests"}):
        command = ["caddy", "validate", "--config", str(FILE), "--adapter", "caddyfile"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=os.environ | words
        )
        if done.returncode == 0:
            return words
        said.append(done.stderr)
    pytest.fail("\n".join(said))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def behind() -> Iterator[Behind]:
    server = Behind()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def way_in(behind: Behind, tmp_path: Path) -> Iterator[int]:
    """Run Caddy with the file's way in, without certificates; its port."""
    port = _free_port()
    text = FILE.read_text()
    snippet = text[text.index("(way_in) {") : text.index("https:// {")]
    own = "{\n\tadmin off\n\tauto_https off\n}\n" + snippet
    own += f"http://127.0.0.1:{port} {{\n\timport way_in\n}}\n"
    path = tmp_path / "Caddyfile"
    path.write_text(own)
    env = os.environ | _buffering() | {"UPSTREAM": f"127.0.0.1:{behind.server_port}"}
    command = ["caddy", "run", "--config", str(path), "--adapter", "caddyfile"]
    running = subprocess.Popen(
        command, env=env | {"XDG_DATA_HOME": str(tmp_path)}, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        running.terminate()
        running.wait(timeout=20)


def test_it_asks_the_endpoint_that_there_is() -> None:
    assert f"ask {{$ASK:http://127.0.0.1:8000}}{certificates.PATH}\n" in FILE.read_text()


def test_it_passes_on_headers_that_make_the_endpoint_refuse() -> None:
    """What comes through the proxy bears at least one mark by which it is known."""
    sent = set(re.findall(r"header_up (X-[\w-]+)", FILE.read_text()))
    assert sent & set(certificates._PASSED_ON)


def test_it_takes_bodies_in_whole_before_a_thread_has_to_wait_for_them() -> None:
    [most] = re.findall(r"max_size (\d+)MB", FILE.read_text())
    assert f"{{$BODY_BUFFER:request_buffers {most}MB}}\n" in FILE.read_text()
    assert int(most) * 1000 * 1000 > sheets.MAX_BYTES + 100_000


@needs_caddy
def test_caddy_takes_it() -> None:
    """As it stands, or with the older word for buffering, as the file says."""
    _buffering()


@needs_caddy
def test_what_a_caller_says_of_where_he_comes_from_is_not_passed_on(
    way_in: int, behind: Behind
) -> None:
    forged = {
        "X-Forwarded-For": "10.1.1.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "other.example",
        "Forwarded": "for=10.1.1.1",
        "X-Real-IP": "10.1.1.1",
    }
    answer = requests.get(f"http://127.0.0.1:{way_in}/portal/", headers=forged, timeout=20)
    [passed] = behind.headers
    assert passed["x-forwarded-for"] == "127.0.0.1"
    assert passed["x-forwarded-proto"] == "http"
    assert passed["host"] == f"127.0.0.1:{way_in}"
    assert not {"x-forwarded-host", "forwarded", "x-real-ip"} & set(passed)
    assert not {"server", "via", "x-powered-by"} & {name.lower() for name in answer.headers}


@needs_caddy
def test_what_is_for_the_proxy_alone_is_not_reached_through_it(way_in: int, behind: Behind) -> None:
    for path in (certificates.PATH, "/readyz", "/internal/"):
        answer = requests.get(f"http://127.0.0.1:{way_in}{path}", timeout=20)
        assert answer.status_code == 404, path
    assert behind.paths == []


@needs_caddy
def test_a_body_that_comes_in_slowly_holds_nobody_behind_the_proxy(
    way_in: int, behind: Behind
) -> None:
    with socket.create_connection(("127.0.0.1", way_in), timeout=20) as caller:
        head = f"POST /slow HTTP/1.1\r\nHost: 127.0.0.1:{way_in}\r\nContent-Length: 8\r\n\r\n"
        caller.sendall(head.encode() + b"half")
        time.sleep(0.5)
        assert behind.paths == []
        caller.sendall(b"more")
        assert caller.recv(100).startswith(b"HTTP/1.1 200")
    assert behind.paths == ["/slow"]
