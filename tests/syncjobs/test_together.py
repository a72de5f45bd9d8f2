"""Threads that ask at the same time are answered at once, each with its own answer."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from syncjobs.intake.together import Together

SECONDS = 10


class Work:
    """Doubles numbers; the first call waits until it is let go on. Negative ones break it."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.is_begun, self.may_end = Event(), Event()

    def __call__(self, asked: Sequence[int]) -> list[int | None]:
        self.calls.append(list(asked))
        self.is_begun.set()
        assert self.may_end.wait(SECONDS)
        if min(asked) < 0:
            raise ValueError("negative")
        return [None if one == 0 else 2 * one for one in asked]


def _waiting(together: Together[int, int], count: int) -> bool:
    """Wait until so many are in the line."""
    pause = Event()
    return any(len(together._waiting) == count or pause.wait(0.01) for _ in range(100 * SECONDS))


def _asked(work: Work, numbers: Sequence[int], *, most: int) -> list[int | BaseException | None]:
    """Ask for the first number alone, for the others while that is under way."""
    together = Together(work, most)
    with ThreadPoolExecutor(len(numbers)) as threads:
        asked = [threads.submit(together.ask, numbers[0])]
        assert work.is_begun.wait(SECONDS)
        for place, number in enumerate(numbers[1:], start=1):
            asked.append(threads.submit(together.ask, number))
            assert _waiting(together, place)
        work.may_end.set()
        return [one.exception(SECONDS) or one.result() for one in asked]


def test_who_comes_meanwhile_is_answered_by_one_call() -> None:
    work = Work()
    assert _asked(work, [1, 2, 0, 3], most=8) == [2, 4, None, 6]
    assert work.calls == [[1], [2, 0, 3]]


def test_no_call_is_for_more_than_the_most() -> None:
    work = Work()
    assert _asked(work, [1, 2, 3, 4, 5, 6], most=2) == [2, 4, 6, 8, 10, 12]
    assert [len(call) for call in work.calls] == [1, 2, 2, 1]


def test_a_failure_is_raised_once_and_leaves_the_others_without_answer() -> None:
    work = Work()
    found = _asked(work, [1, -2, 3], most=8)
    assert work.calls == [[1], [-2, 3]]
    assert found[0] == 2
    assert {type(one) for one in found[1:]} == {ValueError, type(None)}


def test_work_goes_on_after_a_failure() -> None:
    work = Work()
    work.may_end.set()
    together = Together(work, 8)
    with pytest.raises(ValueError, match="negative"):
        together.ask(-1)
    assert together.ask(4) == 8
