"""A thread with a database session of its own, for what is done beside its caller.

So one transaction computes while another waits for the database. As between two workers, what is
written there counts only under the lease that it was begun with.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

from django.db import OperationalError, connection

from syncjobs.engine.rows import prepare_here
from tenants.context import current_schema, schema_scope

logger = logging.getLogger(__name__)
T = TypeVar("T")


def can_be_seen() -> bool:
    """Say whether another session sees what this one has written: not inside a transaction."""
    return not connection.in_atomic_block


@dataclass(frozen=True, slots=True)
class OwnSession:
    """Does work in its thread, one after another, in the context of who gives it."""

    pool: ThreadPoolExecutor
    schema: str

    def opens(self) -> bool:
        """Connect now; say whether the server had a session left for it."""
        try:
            self.begin(_open).result()
        except OperationalError:
            logger.warning("The database has no session left for what is done beside a turn.")
            return False
        return True

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Let `work` be done when all that was given before is; what it raised is the future's."""
        return self.pool.submit(copy_context().run, self._inside, work)

    def _inside(self, work: Callable[[], T]) -> T:
        prepare_here()
        with schema_scope(self.schema):
            return work()


@contextmanager
def own_session(name: str) -> Iterator[OwnSession]:
    """Yield a session in this schema, in a thread of this name; at the end of the block all that
    was begun is seen through."""
    with ThreadPoolExecutor(1, name) as pool:
        try:
            yield OwnSession(pool, current_schema())
        finally:
            pool.submit(_end)


def _open() -> None:
    connection.ensure_connection()


def _end() -> None:
    # Looked up in the thread: each has its own.
    connection.close()
