"""Hands one mail to a partner's own mail server, which may be slow, broken or hostile.

The name is resolved once and its address checked by the rules that connectors have: a mail
server is no way into the installation's network. Every wait is bounded, the whole hand-over,
and how much the server may say. Without the encryption that was asked for nothing is sent.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any, Final

from tenants.egress import pinned_address, rules_from_settings

STEP_SECONDS: Final = 10.0
WHOLE_SECONDS: Final = 45.0
MOST_SAID: Final = 64 * 1024
_READY: Final = 220
# Elsewhere a "mail server" could be any service; in a network that the operator allowed it may.
PORTS: Final = frozenset({25, 465, 587, 2525})


class SettingRefused(Exception):
    """This server is never asked, as it is written down; the message says why."""


@dataclass(frozen=True, slots=True, repr=False)
class Server:
    """Where to, how, and as whom. `tls`: starttls, tls or none. `hello`: what we call ourselves."""

    host: str
    port: int
    tls: str
    username: str
    password: str
    hello: str


def hand_over(server: Server, message: Message, sender: str, to: str) -> None:
    """Send one mail; returns when the server has said that it has it.

    Raises what smtplib raises, OSError, AddressRefused, NameNotFound or SettingRefused.
    """
    rules = rules_from_settings()
    address = pinned_address(server.host, server.port, rules)
    _check(server, allowed_private=rules.allows_private(address))
    client = _client(server, str(address))
    with _bounded(client):
        code, said = client.connect(server.host, server.port)
        if code != _READY:
            raise smtplib.SMTPConnectError(code, said)
        client.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
        if server.username:
            client.login(server.username, server.password)
        client.send_message(message, from_addr=sender, to_addrs=[to])


def _check(server: Server, *, allowed_private: bool) -> None:
    if allowed_private:
        return
    if server.port not in PORTS:
        named = ", ".join(str(port) for port in sorted(PORTS))
        raise SettingRefused(f"Mail servers are reached on port {named} only.")
    if server.tls == "none":
        raise SettingRefused("Choose STARTTLS or TLS: without it the mail could be read.")


class _Client(smtplib.SMTP):
    """Connects to the checked address, whatever the name says by now, and hears only so much."""

    def __init__(self, server: Server, address: str) -> None:
        self.pinned = address
        super().__init__(local_hostname=server.hello, timeout=STEP_SECONDS)
        self._host = server.host  # what the certificate is checked against

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self.pinned, port), timeout)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Measured(self.sock.makefile("rb"))
        return super().getreply()


class _TlsClient(_Client):
    """The same, encrypted before the first word."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = super()._get_socket(host, port, timeout)
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self._host)


class _Measured:
    """A server's answers, until they are too many."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = MOST_SAID

    def readline(self, size: int = -1) -> bytes:
        line: bytes = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("The server says too much.")
        return line

    def close(self) -> None:
        self._file.close()


def _client(server: Server, address: str) -> _Client:
    return (_TlsClient if server.tls == "tls" else _Client)(server, address)


@contextlib.contextmanager
def _bounded(client: _Client) -> Iterator[None]:
    """End the connection after WHOLE_SECONDS, however little at a time the server says."""
    late = threading.Event()

    def end() -> None:
        late.set()
        if client.sock is not None:
            with contextlib.suppress(OSError):
                client.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(WHOLE_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, smtplib.SMTPException) as error:
        if late.is_set():
            raise TimeoutError(f"It took longer than {WHOLE_SECONDS:.0f} seconds.") from error
        raise
    finally:
        timer.cancel()
        client.close()
