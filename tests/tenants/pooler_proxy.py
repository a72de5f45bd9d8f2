"""A small pooler that speaks PostgreSQL's protocol, for tests of what such a thing does.

In transaction mode it does what PgBouncer does: each client has a connection of its own to
the pooler, and every transaction runs on whichever server session was used last and is free.
In session mode a client keeps the server session that it got first.
"""

import socket
import struct
import threading
from typing import Any

IN_TRANSACTION = {b"T", b"E"}


def read_exactly(source: socket.socket, count: int) -> bytes:
    """Read `count` bytes; raises ConnectionError when the other side has gone."""
    data = b""
    while len(data) < count:
        part = source.recv(count - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data


def read_message(source: socket.socket) -> bytes:
    """Read one typed message, whole."""
    head = read_exactly(source, 5)
    return head + read_exactly(source, struct.unpack("!I", head[1:])[0] - 4)


class Pooler:
    """Listens on a loopback port; use as a context manager."""

    def __init__(self, socket_path: str, *, transaction_mode: bool) -> None:
        self.socket_path = socket_path
        self.transaction_mode = transaction_mode
        self.free: list[socket.socket] = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])

    def __enter__(self) -> "Pooler":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.listener.close()
        with self.lock:
            for session in self.free:
                session.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _startup(self, client: socket.socket) -> bytes:
        """Read the start-up packet, declining encryption first."""
        while True:
            size = read_exactly(client, 4)
            rest = read_exactly(client, struct.unpack("!I", size)[0] - 4)
            if rest[:4] in {struct.pack("!I", 80877103), struct.pack("!I", 80877104)}:
                client.sendall(b"N")
                continue
            return size + rest

    def _open(self, startup: bytes) -> tuple[socket.socket, bytes]:
        """Open a server session and return it with what the server greeted with."""
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.socket_path)
        server.sendall(startup)
        greeting = b""
        while True:
            message = read_message(server)
            greeting += message
            if message[:1] == b"Z":
                return server, greeting
            if message[:1] == b"E":
                raise ConnectionError(message)

    def _take(self, startup: bytes) -> socket.socket:
        with self.lock:
            if self.free:
                return self.free.pop()
        return self._open(startup)[0]

    def _give_back(self, session: socket.socket) -> None:
        with self.lock:
            self.free.append(session)

    def _serve(self, client: socket.socket) -> None:
        try:
            startup = self._startup(client)
            session, greeting = self._open(startup)
            if self.transaction_mode:
                self._give_back(session)  # before the client hears of it, who may ask at once
                client.sendall(greeting)
                self._relay_transactions(client, startup)
            else:
                client.sendall(greeting)
                self._relay_session(client, session)
        except (ConnectionError, OSError):
            pass
        finally:
            client.close()

    def _relay_session(self, client: socket.socket, session: socket.socket) -> None:
        try:
            while self._round(client, session) is not None:
                continue
        finally:
            session.close()

    def _relay_transactions(self, client: socket.socket, startup: bytes) -> None:
        while True:
            first = self._question(client)
            if first is None:
                return
            session = self._take(startup)
            status: Any = self._answer(client, session, first)
            while status in IN_TRANSACTION:
                status = self._round(client, session)
                if status is None:
                    session.close()
                    return

    def _question(self, client: socket.socket) -> bytes | None:
        """Read what a client asks up to the point where it waits for an answer."""
        asked = b""
        while True:
            message = read_message(client)
            if message[:1] == b"X":
                return None
            asked += message
            if message[:1] in {b"Q", b"S"}:
                return asked

    def _answer(self, client: socket.socket, session: socket.socket, asked: bytes) -> bytes:
        session.sendall(asked)
        while True:
            message = read_message(session)
            status = message[5:6] if message[:1] == b"Z" else b""
            if self.transaction_mode and status and status not in IN_TRANSACTION:
                self._give_back(session)
            client.sendall(message)
            if status:
                return status

    def _round(self, client: socket.socket, session: socket.socket) -> bytes | None:
        asked = self._question(client)
        return None if asked is None else self._answer(client, session, asked)
