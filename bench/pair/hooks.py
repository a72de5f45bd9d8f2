"""Webhooks: a web server to send them to, and senders that keep connections open."""

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from bench.pair.ends import ROOT
from bench.pair.entries import entry
from bench.pair.workflow import ACTOR, Bench
from syncjobs import signatures
from syncjobs.models import Connection
from syncjobs.services.webhooks import open_hook
from tenants.context import public_scope
from tenants.models import Domain

START_SECONDS: Final = 60.0
STEP: Final = 60  # seconds between changes in the source: each is newer than the one before


@dataclass(frozen=True, slots=True)
class Hook:
    """Where messages go, and what signs them."""

    host: str
    path: str
    secret: str

    def message(self, number: int) -> bytes:
        """Return a whole request that tells of time entry `number`."""
        body = json.dumps({"type": "times.updated", "data": entry(number, number)}).encode()
        name, stamp = f"msg_{number}", int(time.time())
        signed = signatures.sign(self.secret, message_id=name, timestamp=stamp, body=body)
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}\r\nwebhook-id: {name}\r\n"
            f"webhook-timestamp: {stamp}\r\nwebhook-signature: {signed}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def hook_of(made: Bench) -> Hook:
    """Open a hook on the pair's connection."""
    with made.entered():
        shown = open_hook(ACTOR, Connection.objects.get(name="Pair"))
    with public_scope():
        portal = Domain.objects.filter(tenant__slug=made.slug, kind=Domain.Kind.PORTAL).first()
        assert portal is not None
        return Hook(portal.domain, shown.path, shown.secret)


class Web:
    """The product's web server on loopback, in a process group of its own; its settings are the
    product's (`config/gunicorn.py`)."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn"]
        command += ["--no-control-socket", "bench.pair.wsgi:application"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--log-level", "error"]
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError when it does not."""
        environment = {**os.environ, "LIVERY_HOOK_RATE": "1000000"}
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=environment, start_new_session=True
        )
        end = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("The web server did not start; see above.")
            time.sleep(0.1)

    def kill(self) -> None:
        """kill -9, all of its processes at once."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass(slots=True)
class Sent:
    """What the senders saw: numbers that were acknowledged, milliseconds of each answer."""

    acknowledged: set[int] = field(default_factory=set)
    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def p99(self) -> float:
        """Return the 99th percentile of the answers' times."""
        return sorted(self.milliseconds)[int(0.99 * (len(self.milliseconds) - 1))]


async def _sender(address: str, waiting: list[tuple[int, bytes]], sent: Sent, until: float) -> None:
    """Send one message after another; what breaks a connection is sent again on another."""
    parts = urlsplit(address)
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while waiting and time.monotonic() < until:
        number, request = waiting.pop()
        try:
            if streams is None:
                streams = await asyncio.open_connection(parts.hostname, parts.port)
            begin = time.perf_counter()
            streams[1].write(request)
            head = (await streams[0].readuntil(b"\r\n\r\n")).lower()
            size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            await streams[0].readexactly(size)
            status = int(head.split(b" ")[1])
        except (OSError, asyncio.IncompleteReadError):
            streams = None
            waiting.append((number, request))
            await asyncio.sleep(0.1)
            continue
        if status != 202:
            raise RuntimeError(f"A webhook was answered with {status}.")
        sent.milliseconds.append(1000 * (time.perf_counter() - begin))
        sent.acknowledged.add(number)
        if b"connection: close" in head:
            streams = None
    if streams is not None:
        streams[1].close()


async def _send(
    address: str, requests: Sequence[tuple[int, bytes]], connections: int, seconds: float
) -> Sent:
    sent, waiting = Sent(), list(reversed(requests))
    begin = time.perf_counter()
    until = time.monotonic() + seconds
    tasks: list[Any] = [_sender(address, waiting, sent, until) for _ in range(connections)]
    await asyncio.gather(*tasks)
    sent.seconds = time.perf_counter() - begin
    return sent


def send(
    address: str,
    requests: Sequence[tuple[int, bytes]],
    *,
    connections: int,
    seconds: float = 600.0,
) -> Sent:
    """Send all, so many connections at a time, or as many as `seconds` allow."""
    return asyncio.run(_send(address, requests, connections, seconds))
