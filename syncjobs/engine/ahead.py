"""Takes steps of some work ahead of its caller, in a session of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Final

from syncjobs.engine.own_session import can_be_seen, own_session

Step = Callable[[], bool]
# Waits up to so many seconds for the end of a step that its caller has not been told of; says
# whether there was one or may be one yet. It is not to be waited for while there is no room.
Wait = Callable[[float], bool]
_NAME: Final = "ahead"
# How often it looks for room where its caller does not wait.
_LOOK_SECONDS: Final = 0.1


@contextmanager
def ahead(step: Step, has_room: Callable[[], bool]) -> Iterator[Wait]:
    """Take step after step, until one says that there is no other or the block ends; yield what
    waits for them. `has_room`: asked before each step, and again when its caller waits. A step
    that raised was the last, and the end of the block raises that: what its caller has begun is
    ended before.

    Inside a transaction, and where there is no session for it, a step is taken at each wait.
    """
    if not can_be_seen():
        yield lambda _seconds: step()
        return
    steps = _Steps(step, has_room)
    with own_session(_NAME) as session:
        if not session.opens():
            yield lambda _seconds: step()
            return
        under_way = session.begin(steps.take_all)
        try:
            yield steps.wait
        finally:
            steps.end()
            under_way.result()


class _Steps:
    def __init__(self, step: Step, has_room: Callable[[], bool]) -> None:
        self._step, self._has_room = step, has_room
        self._state = Condition()
        self._taken, self._told = 0, 0
        self._goes_on, self._pauses = True, False

    def take_all(self) -> None:
        try:
            while self._goes_on:
                if self._has_room():
                    self._note(self._step())
                else:
                    self._pause()
        finally:
            self.end()

    def wait(self, seconds: float) -> bool:
        with self._state:
            self._state.notify_all()
            self._state.wait_for(lambda: self._is_news() or not self._may_come(), seconds)
            news, self._told = self._is_news(), self._taken
            return news or self._may_come()

    def end(self) -> None:
        """Begin no further step."""
        with self._state:
            self._goes_on = False
            self._state.notify_all()

    def _note(self, more: bool) -> None:
        with self._state:
            self._taken += 1
            self._goes_on = self._goes_on and more
            self._state.notify_all()

    def _pause(self) -> None:
        with self._state:
            if self._goes_on:
                self._pauses = True
                self._state.notify_all()
                self._state.wait(_LOOK_SECONDS)
                self._pauses = False

    def _may_come(self) -> bool:
        return self._goes_on and not self._pauses

    def _is_news(self) -> bool:
        return self._taken > self._told
