"""A full month: what goes wrong in it, when, and that a state keeps the size that it began with."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from syncjobs.demo import mishaps
from syncjobs.demo.mishaps import Mishaps
from syncjobs.demo.setting import FULL, USUAL, AnotherSizeError, load_setting


class _Stage:
    """Counts what is done to a worker and to a target."""

    def __init__(self) -> None:
        self.kills, self.refuses = 0, False
        self.name = "Ashdown"

    def kill_and_start(self) -> None:
        self.kills += 1

    def refuse_everything(self) -> None:
        self.refuses = True

    def answer_again(self) -> None:
        self.refuses = False


def test_a_worker_dies_twice_and_the_target_refuses_for_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage, clock, done = _Stage(), SimpleNamespace(now=0.0), SimpleNamespace(count=0)
    monkeypatch.setattr(mishaps, "_delivered", lambda schema: done.count)
    monkeypatch.setattr(mishaps, "monotonic", lambda: clock.now + 1)
    said: list[str] = []
    one = Mishaps(cast("Any", stage), cast("Any", stage), ["p_one"], said.append)

    seen = []
    for count, now in ((10, 0), (400, 1), (1_200, 2), (1_300, 121), (1_300, 123), (3_000, 124)):
        done.count, clock.now = count, float(now)
        one.look()
        seen.append((stage.kills, stage.refuses))
    assert seen == [(0, False), (1, False), (1, True), (1, True), (1, False), (2, False)]
    assert one.all_happened
    assert said == [f"  {text}" for text in one.told()]
    one.end()
    assert len(said) == 4, "what has ended is not told again"


def test_a_state_keeps_the_size_of_its_month(tmp_path: Path) -> None:
    made = load_setting(tmp_path / "demo", FULL)
    assert made.rows_a_day > 0
    assert load_setting(tmp_path / "demo") == made
    with pytest.raises(AnotherSizeError, match="LIVERY_STATE_DIR"):
        load_setting(tmp_path / "demo", USUAL)
    assert load_setting(tmp_path / "other").rows_a_day == 0
