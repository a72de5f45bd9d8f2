"""gunicorn's threads, but for one thing: a thread that has answered waits a moment for its caller's
next request before it gives the connection back. Who sends one webhook after another is then
served without threads waking each other for each of them (docs/decisions/0014).
"""

import select
from collections import deque
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

PATIENCE_MS: Final = 2


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Waits for who was just answered, unless others wait for a thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._queued: deque[None] = deque()

    def enqueue_req(self, conn: Any) -> None:
        """Hand a connection to the threads."""
        self._queued.append(None)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Answer what a connection asks until it pauses; return whether it stays open."""
        self._queued.pop()
        kept = super().handle(conn)
        while kept is True and self.alive and not self._queued and _asks_soon(conn):
            kept = super().handle(conn)
        return kept


def _asks_soon(conn: Any) -> bool:
    """Wait for the next request, or for the end of the connection."""
    poll = select.poll()
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(PATIENCE_MS))
