"""How fast a run goes, and what that says of the rest."""

import pytest

from syncjobs.pace import Pace, pace


@pytest.mark.parametrize(
    ("closed", "seconds", "due", "expected"),
    [
        (343, 60, 1000, Pace(340, "some 3 minutes left")),
        (343, 60, 300, Pace(340, "less than a minute left")),
        (17, 10, 204, Pace(100, "some 2 minutes left")),
        (1, 60, 80, Pace(1, "some 80 minutes left")),
        (1, 60, 91, Pace(1, "some 2 hours left")),
        (1, 60, 60 * 48, Pace(1, "some 48 hours left")),
        (1, 60, 60 * 49, Pace(1, "some 3 days left")),
        (12_345, 60, 1, Pace(12_000, "less than a minute left")),
    ],
)
def test_a_pace_is_told_roughly_with_what_is_left(
    closed: int, seconds: float, due: int, expected: Pace
) -> None:
    assert pace(closed, seconds, due) == expected


@pytest.mark.parametrize(
    ("closed", "seconds", "due"),
    [(0, 60, 10), (10, 60, 0), (3, 4.9, 10), (3, 0, 10)],
    ids=["nothing closed", "the rest waits", "too early", "just now"],
)
def test_nothing_is_told_where_nobody_can_say(closed: int, seconds: float, due: int) -> None:
    assert pace(closed, seconds, due) is None


@pytest.mark.parametrize(
    ("closed", "seconds", "due", "left"),
    [
        (9, 20, 1400, ""),
        (10, 20, 1400, "some 47 minutes left"),
        (2, 20, 2, "less than a minute left"),
        (2, 60, 1400, "some 12 hours left"),
    ],
    ids=["too few", "enough", "a small rest", "a whole minute of few"],
)
def test_the_first_few_of_many_say_nothing_of_the_rest(
    closed: int, seconds: float, due: int, left: str
) -> None:
    told = pace(closed, seconds, due)
    assert told is not None
    assert told.left == left


def test_while_more_is_planned_only_the_pace_is_told() -> None:
    assert pace(60, 60, 10, all_planned=False) == Pace(60, "")
