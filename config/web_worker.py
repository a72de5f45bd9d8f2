"""gunicorn's threads, but for three things.

A thread that has answered waits a moment for its caller's next request before it gives the
connection back: who sends one webhook after another is then served without threads waking each
other for each of them. And of the processes that could take a new connection, the one with fewer
is faster: kept open, they stay where they are (both docs/decisions/0014).

And a thread is not kept by a caller who does nothing: there are few of them, and gunicorn's wait
for a request, or for an answer to be taken, has no end. Nor does the loop that serves all of them
wait for one who does not close what has ended. What an active attacker can still do is the
proxy's to prevent, which takes requests in whole before it passes them on.
"""

import select
import socket
import struct
from collections import deque
from contextlib import suppress
from time import monotonic, sleep
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

PATIENCE_MS: Final = 2
# For each connection that a process has already, up to four of them.
STEP_BACK_SECONDS: Final = 0.00025
MOST_STEPS: Final = 4
# How long a request may take to arrive: its head, then its body.
HEAD_SECONDS: Final = 5.0
BODY_SECONDS: Final = 30.0
# How long a caller may take nothing of an answer that is on its way.
STALLED_SECONDS: Final = 30
_STALLED: Final = struct.pack("@ll", STALLED_SECONDS, 0)


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Waits for who was just answered, unless others wait for a thread; steps back for processes
    with fewer connections.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._queued: deque[None] = deque()
        self._late_at: dict[Any, float] = {}

    def accept(self, listener: Any) -> None:
        """Take a new connection, unless a process with fewer has taken it by then."""
        sleep(STEP_BACK_SECONDS * min(self.nr_conns, MOST_STEPS))
        super().accept(listener)

    def enqueue_req(self, conn: Any) -> None:
        """Hand a connection to the threads."""
        self._queued.append(None)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Answer what a connection asks until it pauses; return whether it stays open."""
        self._queued.pop()
        if not conn.initialized:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _STALLED)
        kept = self._answer(conn)
        while kept is True and self.alive and not self._queued and _asks_soon(conn):
            kept = self._answer(conn)
        if kept is False:
            # gunicorn's loop, which closes it, would wait two seconds for the caller to close it.
            end_reading(conn)
        return kept

    def _answer(self, conn: Any) -> Any:
        self._late_at[conn] = monotonic() + HEAD_SECONDS
        try:
            return super().handle(conn)
        finally:
            self._late_at.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose head has come."""
        self._late_at[conn] = monotonic() + BODY_SECONDS
        return super().handle_request(req, conn)

    def notify(self) -> None:
        """Say every second that the process is alive, and end what has not arrived in time."""
        super().notify()
        self.end_late(monotonic())

    def end_late(self, now: float) -> None:
        """Let nothing more come in where a request is late; a thread that waits for it goes on.

        One that arrived whole and is still being worked on is answered all the same.
        """
        for conn, late_at in self._late_at.copy().items():
            if late_at < now and self._late_at.get(conn) == late_at:
                end_reading(conn)


def end_reading(conn: Any) -> None:
    """Let nothing more come in; what has come already can be read, and answers can be sent."""
    with suppress(OSError):  # it has just been closed
        conn.sock.shutdown(socket.SHUT_RD)


def _asks_soon(conn: Any) -> bool:
    """Wait for the next request, or for the end of the connection."""
    poll = select.poll()
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(PATIENCE_MS))
