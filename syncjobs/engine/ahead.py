"""Takes steps of some work beside its caller: in a thread and a database session of their own.

So one transaction computes while another waits for the database. Both fences hold as between
two workers: what such a step writes is under the lease that it was begun with.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Condition, Thread
from typing import Final

from django.db import connection

from syncjobs.engine.rows import prepare_here
from tenants.context import current_schema, schema_scope

Step = Callable[[], bool]
# Waits up to so many seconds for the end of a step that its caller has not been told of; says
# whether there was one or may be one yet.
Wait = Callable[[float], bool]
_NAME: Final = "ahead"
# How often it looks for room where its caller does not wait.
_LOOK_SECONDS: Final = 0.1


@contextmanager
def ahead(step: Step, has_room: Callable[[], bool]) -> Iterator[Wait]:
    """Take step after step, until one says that there is no other or the block ends; yield what
    waits for them, which raises what a step raised. `has_room`: asked before each step, and
    again when its caller waits.

    Inside a transaction, which another session does not see, a step is taken at each wait.
    """
    if connection.in_atomic_block:
        yield lambda _seconds: step()
        return
    steps = _Steps(step, has_room, current_schema())
    try:
        yield steps.wait
    finally:
        # The step that is under way is seen through; one that failed is told of.
        steps.end()


class _Steps:
    def __init__(self, step: Step, has_room: Callable[[], bool], schema: str) -> None:
        self._step, self._has_room, self._schema = step, has_room, schema
        self._state = Condition()
        self._taken, self._told = 0, 0
        self._goes_on = True
        self._fault: BaseException | None = None
        self._thread = Thread(target=copy_context().run, args=(self._work,), name=_NAME)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        with self._state:
            self._state.notify_all()
            self._state.wait_for(lambda: self._is_news() or not self._goes_on, seconds)
            if self._fault is not None:
                raise self._fault
            news, self._told = self._is_news(), self._taken
            return news or self._goes_on

    def end(self) -> None:
        """Begin no further step; wait for the one that is under way. Raises what it raised."""
        with self._state:
            self._goes_on = False
            self._state.notify_all()
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _work(self) -> None:
        try:
            prepare_here()
            with schema_scope(self._schema):
                while self._goes_on:
                    if self._has_room():
                        self._note(self._step())
                    else:
                        self._pause()
        except BaseException as error:  # told to who began it
            with self._state:
                self._fault, self._goes_on = error, False
                self._state.notify_all()
        finally:
            # Looked up in the thread: each has its own session.
            connection.close()

    def _note(self, more: bool) -> None:
        with self._state:
            self._taken += 1
            if not more:
                self._goes_on = False
            self._state.notify_all()

    def _pause(self) -> None:
        with self._state:
            if self._goes_on:
                self._state.wait(_LOOK_SECONDS)

    def _is_news(self) -> bool:
        return self._taken > self._told
