"""The queue's broker in the database, whose cluster gives signs of life (`tenants.pulse`)."""

from typing import Any

from django_q.brokers import Broker
from django_q.brokers.orm import ORM

from tenants import pulse


class Beating(Broker):  # type: ignore[misc]  # the library has no types
    """What the cluster's guard and its pusher call again and again."""

    def set_stat(self, key: str, value: str, timeout: int) -> Any:
        """The guard notes its cluster's standing."""
        pulse.beat(pulse.GUARD)
        return super().set_stat(key, value, timeout)

    def dequeue(self) -> Any:
        """The pusher asks for tasks."""
        pulse.beat(pulse.PUSHER)
        return super().dequeue()


class InDatabase(Beating, ORM):  # type: ignore[misc]  # the library has no types
    """Rows of the public schema."""
