"""gunicorn's worker with threads, where a thread keeps its connection for a moment.

gunicorn's own gives a connection back to the thread that waits for all of them after each answer,
and takes it over again for the next request. Each time two threads wake each other and ask for the
interpreter in turns: with one sender, three in four of the switches between threads that a message
took were for that. So a thread that has answered waits for its caller's next request by itself, for
2 ms at most and only while nothing else waits for a thread (docs/decisions/0014).
"""

import select
from typing import Final

from gunicorn.workers.gthread import TConn, ThreadWorker

_MILLISECONDS: Final = 2


class Worker(ThreadWorker):  # type: ignore[misc]  # the library has no type hints
    """See the module."""

    def handle(self, conn: TConn) -> object:
        """Answer a request, and those that follow at once; return whether the connection stays
        open, as gunicorn's own does."""
        while (stays := super().handle(conn)) is True and self._is_asked_again(conn):
            pass
        return stays

    def _is_asked_again(self, conn: TConn) -> bool:
        """Wait for the next request. False as well where gunicorn has to look at the connection:
        it stops, or has read something of the next request already."""
        if not self.alive or conn.parser.unreader.buf.getvalue():
            return False
        if not self.tpool._work_queue.empty():  # the executor does not say it in another way
            return False
        waiting = select.poll()
        waiting.register(conn.sock, select.POLLIN)
        return bool(waiting.poll(_MILLISECONDS))
