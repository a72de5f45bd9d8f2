"""The queue's broker in the database, whose cluster gives signs of life (`tenants.pulse`)."""

from typing import Any

from django_q.brokers import Broker
from django_q.brokers.orm import ORM

from tenants import pulse


class Beating(Broker):  # type: ignore[misc]  # the library has no types
    """What the cluster's guard and its pusher call again and again."""

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """The guard notes its cluster's standing: for us that is a sign of life and no more.

        Nobody reads the rest; a Redis that is away would be two errors a second in the log.
        """
        pulse.beat(pulse.GUARD)

    def dequeue(self) -> Any:
        """The pusher asks for tasks."""
        pulse.beat(pulse.PUSHER)
        return super().dequeue()


class InDatabase(Beating, ORM):  # type: ignore[misc]  # the library has no types
    """Rows of the public schema."""
