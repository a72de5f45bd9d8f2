"""Telling whoever works in the background that a schema has work, now or at a later moment.

Who owns the queue registers how in `AppConfig.ready()`; without that nobody comes by themselves.
"""

from collections.abc import Callable

_bells: list[Callable[[], None]] = []


def register_bell(ring: Callable[[], None]) -> None:
    """Say how to ring, in the caller's transaction. One only."""
    _bells[:] = [ring]


def ring_bell() -> None:
    """Call a worker. It does what is due, and sees from the tables when to come again: so this is
    also for what gets a moment in the future, or nobody would look before the next chance."""
    for ring in _bells:
        ring()
