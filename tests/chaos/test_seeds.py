"""Seeded crash runs: whatever dies, stops or fails, each effect is there once.

`make chaos SEEDS=200`; one alone, as it was: `make chaos SEED=17`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from syncjobs.connectors.base import SourceRecord
from syncjobs.engine import drain
from tests.chaos.plan import plan_of
from tests.chaos.story import Story
from tests.chaos.world import World, open_world
from tests.fakes.systems import FakeSystem

pytestmark = pytest.mark.crash
REPEATED = range(6)


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In this module the database without a transaction around the test."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def world(db: None) -> Iterator[World]:
    """One partner for all seeds."""
    with open_world() as made:
        yield made


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    """What is due once an hour is not what the seeds are about: let it be done once."""


def test_a_seed_loses_and_doubles_nothing(world: World, seed: int, tmp_path: Path) -> None:
    story = Story(world, plan_of(seed), tmp_path)
    try:
        story.tell()
    except BaseException:
        print(f"{story.plan}\nAgain, as it was: make chaos SEED={seed}")
        raise


@pytest.mark.parametrize("number", range(0, 40, 5))
def test_a_seed_with_pages_read_ahead_loses_and_doubles_nothing(
    world: World, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, in processes that really die: each record is a page and a full call, so the next
    page is read in a session of its own meanwhile.
    """
    put = FakeSystem.put

    def singly(self: FakeSystem, object_: str, *records: SourceRecord) -> None:
        for one in records:
            put(self, object_, one)

    monkeypatch.setattr(FakeSystem, "put", singly)
    monkeypatch.setattr(drain, "BATCH", 1)
    Story(world, plan_of(number), tmp_path).tell()


@pytest.mark.parametrize("number", REPEATED)
def test_a_seed_plays_the_same_each_time(world: World, number: int, tmp_path: Path) -> None:
    digests = set()
    for name in ("first", "again"):
        (tmp_path / name).mkdir()
        digests.add(Story(world, plan_of(number), tmp_path / name).tell())
    assert len(digests) == 1
