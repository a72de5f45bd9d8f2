"""The HTTP server around a system: keep-alive, one thread a connection, loopback only."""

import contextlib
import errno
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

from syncjobs.sandbox.catalogue import make_system
from syncjobs.sandbox.messages import Reply, Request
from syncjobs.sandbox.store import Store
from syncjobs.sandbox.system import System

HOST = "127.0.0.1"
LONGEST_BODY = 32 * 1024 * 1024
IDLE_SECONDS = 120


class PortTaken(OSError):
    """The port is used by another program."""


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the system, writes the reply in one piece."""

    protocol_version = "HTTP/1.1"
    server_version = "Server"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = -1  # one write per answer
    disable_nagle_algorithm = True
    server: "_Listener"

    def handle_any(self) -> None:
        """Every method ends here."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST_BODY:
            self.close_connection = True
            self._send(Reply(413, {"message": "The body is too long."}))
            return
        body = self.rfile.read(length)
        request = Request.parse(
            self.command, self.path, dict(self.headers.items()), body, self.server.origin
        )
        reply = self.server.system.respond(request).reply
        if reply is None:
            self._hang_up()
        else:
            self._send(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the base's names

    def _send(self, reply: Reply) -> None:
        content = reply.encoded()
        self.send_response(reply.status)
        headers = {"Content-Type": "application/json; charset=utf-8", **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Stay quiet; the ledger says what happened."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, system: System) -> None:
        self.system = system
        super().__init__((HOST, port), _Handler)
        self.origin = f"http://{HOST}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nobody's error; anything else is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as given


class SandboxServer:
    """A running system; use it as a context manager in tests.

    `state` None keeps everything in memory. `port` 0 takes a free one.
    """

    def __init__(
        self,
        kind: str,
        *,
        state: Path | None = None,
        token: str = "sandbox-token",  # noqa: S107 - of a system that holds no real data
        port: int = 0,
        token_ttl: float = 45.0,
    ) -> None:
        self.store = Store(state)
        self.system = make_system(kind, self.store, token, token_ttl)
        try:
            self._listener = _Listener(port, self.system)
        except OSError as error:
            self.store.close()
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(
                f"Port {port} is taken. Choose another with --port (0 takes a free one), "
                "or end the program that uses it."
            ) from error
        self.token = token
        self.address = self._listener.origin
        self._thread = threading.Thread(target=self._serve, name=f"sandbox-{kind}", daemon=True)

    def start(self) -> "SandboxServer":
        """Serve in a thread."""
        self._thread.start()
        self.system.pusher.start()
        return self

    def _serve(self) -> None:
        self._listener.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Stop serving and close the state."""
        self.system.pusher.stop()
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
        self.store.close()

    def __enter__(self) -> "SandboxServer":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
