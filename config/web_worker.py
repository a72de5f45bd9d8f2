"""gunicorn's threads, but for two things (docs/decisions/0014). A thread that has answered waits a
moment for its caller's next request before it gives the connection back: who sends one webhook
after another is served without threads waking each other for each of them. And of the processes
that could take a new connection, the one with fewer is faster: kept open, they stay where they are.
"""

import select
from collections import deque
from time import sleep
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

PATIENCE_MS: Final = 2
# For each connection that a process has already, up to four of them.
STEP_BACK_SECONDS: Final = 0.00025
MOST_STEPS: Final = 4


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Waits for who was just answered, unless others wait for a thread; steps back for processes
    with fewer connections.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._queued: deque[None] = deque()

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
        kept = super().handle(conn)
        while kept is True and self.alive and not self._queued and _asks_soon(conn):
            kept = super().handle(conn)
        return kept


def _asks_soon(conn: Any) -> bool:
    """Wait for the next request, or for the end of the connection."""
    poll = select.poll()
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(PATIENCE_MS))
