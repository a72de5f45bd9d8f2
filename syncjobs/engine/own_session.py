"""A thread with a database session of its own, for what is done beside its caller.

So one transaction computes while another waits for the database. Both fences hold as between
two workers: what is written there is under the lease that it was begun with.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Self, TypeVar

from django.db import connection

from syncjobs.engine.rows import prepare_here
from tenants.context import current_schema, schema_scope

T = TypeVar("T")


def can_be_seen() -> bool:
    """Say whether another session sees what this one has written: not inside a transaction."""
    return not connection.in_atomic_block


class OwnSession:
    """Does work in a thread of this name, in the schema and context of who gives it: one after
    another. At the end of the block all that was begun is seen through.
    """

    def __init__(self, name: str) -> None:
        self._schema = current_schema()
        self._pool = ThreadPoolExecutor(1, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._pool.submit(_end)
        self._pool.shutdown()

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Let `work` be done when all that was given before is; what it raised is the future's."""
        return self._pool.submit(copy_context().run, self._inside, work)

    def _inside(self, work: Callable[[], T]) -> T:
        prepare_here()
        with schema_scope(self._schema):
            return work()


def _end() -> None:
    # Looked up in the thread: each has its own.
    connection.close()
