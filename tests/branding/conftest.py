"""Pages of one partner, on one day."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.at_home import at_home

__all__ = ["at_home"]


@pytest.fixture
def november() -> Iterator[None]:
    """It is the morning of Saturday, 21 November 2026."""
    with time_machine.travel("2026-11-21T09:00:00+00:00", tick=False):
        yield
