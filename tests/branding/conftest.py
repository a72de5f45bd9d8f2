"""Pages of one partner."""

from tests.at_home import at_home

__all__ = ["at_home"]
