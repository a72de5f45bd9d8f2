"""The queue's broker on Redis. A module of its own: it takes the package `redis`."""

from django_q.brokers.redis_broker import Redis

from tenants.broker import Beating


class OnRedis(Beating, Redis):  # type: ignore[misc]  # the library has no types
    """A list in Redis."""
