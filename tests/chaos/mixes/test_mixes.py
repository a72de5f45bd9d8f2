"""Seeded mixes of what people, sources and the engine do.

`make chaos SEEDS=200` plays forty; one alone, as it was: `make chaos SEED=17`.
"""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from syncjobs.models import Workflow
from tests.chaos.mixes.promises import forget_moves, watch_moves
from tests.chaos.mixes.story import Mix
from tests.chaos.world import World, open_world

FEW = 4


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In this module the database without a transaction around the test."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def world(db: None) -> Iterator[World]:
    """One partner for all seeds."""
    with open_world() as made:
        watch_moves()
        yield made


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    """What is due once an hour is not what the seeds are about: let it be done once."""


@pytest.mark.parametrize("number", range(FEW))
def test_one_of_the_first_mixes_loses_and_doubles_nothing(world: World, number: int) -> None:
    _play(world, number)


@pytest.mark.crash
def test_a_mix_loses_and_doubles_nothing(world: World, mix_seed: int) -> None:
    _play(world, mix_seed)


def _play(world: World, number: int) -> None:
    world.begin_anew()
    Workflow.objects.update(state="active", backfill=None, next_backfill_at=None)
    forget_moves()
    mix = Mix(world, number)
    mix.begin()
    try:
        mix.play()
    except BaseException:
        print("\n".join(mix.people.told))
        raise
