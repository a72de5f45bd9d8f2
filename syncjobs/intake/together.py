"""Lets threads that ask for the same thing at the same time be answered at once. Pure."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final, Generic, TypeVar

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class _Call(Generic[_Asked, _Answer]):
    """What one thread asks, and what came of it."""

    __slots__ = ("answer", "asked", "is_done")

    def __init__(self, asked: _Asked) -> None:
        self.asked: Final = asked
        self.answer: _Answer | None = None
        self.is_done = False


class Together(Generic[_Asked, _Answer]):
    """While one thread works, those that come wait; the next of them works for all that wait.

    `work` gets at most `most` of what is asked and returns an answer for each, in their order.
    Where it raises, it raises for the thread that ran it, and the others get None.
    """

    def __init__(
        self, work: Callable[[Sequence[_Asked]], Sequence[_Answer | None]], most: int
    ) -> None:
        self._work, self._most = work, most
        self._turn, self._guard = Lock(), Lock()
        self._waiting: list[_Call[_Asked, _Answer]] = []

    def ask(self, asked: _Asked) -> _Answer | None:
        """Return the answer to this, found by this thread or by the one before it."""
        call: _Call[_Asked, _Answer] = _Call(asked)
        with self._guard:
            self._waiting.append(call)
        with self._turn:
            while not call.is_done:
                self._answer_those_waiting()
        return call.answer

    def _answer_those_waiting(self) -> None:
        with self._guard:
            calls, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            answers = self._work([one.asked for one in calls])
            for one, answer in zip(calls, answers, strict=True):
                one.answer = answer
        finally:
            for one in calls:
                one.is_done = True
