"""Takes steps of some work beside its caller: in a thread and a database session of their own.

So one transaction computes while another waits for the database. Both fences hold as between
two workers: what such a step writes is under the lease that it was begun with.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Final

from django.db import connection

from syncjobs.engine.rows import prepare_here
from tenants.context import current_schema, schema_scope

Step = Callable[[], bool]
_NAME: Final = "ahead"


@contextmanager
def ahead(step: Step) -> Iterator[Step]:
    """Begin `step`, which says whether there may be another; yield what waits for its end.

    What is yielded returns what the step said, and begins the next. Raises what the step raised.
    Inside a transaction, which another session does not see, the steps are taken in place.
    """
    if connection.in_atomic_block:
        yield step
        return
    with ThreadPoolExecutor(1, _NAME) as pool:
        steps = _Steps(step, pool, current_schema())
        try:
            yield steps
        finally:
            # The step that is under way is seen through; one that failed is told of.
            steps.end()


class _Steps:
    def __init__(self, step: Step, pool: ThreadPoolExecutor, schema: str) -> None:
        self._step, self._pool, self._schema = step, pool, schema
        self._context = copy_context()
        self._under_way: Future[bool] | None = self._begin()

    def __call__(self) -> bool:
        under_way, self._under_way = self._under_way, None
        more = under_way is not None and under_way.result()
        if more:
            self._under_way = self._begin()
        return more

    def end(self) -> None:
        """Wait for what is under way, and end the thread's session."""
        try:
            if self._under_way is not None:
                self._under_way.result()
        finally:
            self._pool.submit(_end_session).result()

    def _begin(self) -> Future[bool]:
        return self._pool.submit(self._context.run, self._take)

    def _take(self) -> bool:
        prepare_here()
        with schema_scope(self._schema):
            return self._step()


def _end_session() -> None:
    # Looked up in the thread: each has its own.
    connection.close()
