"""Opens clients' systems for a worker: unsealed credentials, one session each, rate budget."""

import threading
from datetime import timedelta
from decimal import Decimal
from time import monotonic
from typing import Final

from django.db import transaction

from syncjobs.connectors import registry
from syncjobs.connectors.base import Connector
from syncjobs.connectors.errors import Config, RateLimited, Transient
from syncjobs.connectors.scoped import Scoped
from syncjobs.engine.rows import database_now
from syncjobs.engine.sending import SENDING
from syncjobs.engine.slots import FULL_SECONDS
from syncjobs.models import Connection
from syncjobs.services.secrets import open_sealed, place_of
from syncjobs.vault import MasterKeyError, VaultError

_BURST_SECONDS: Final = 2


class SharedBudget:
    """A worker's share of a connection's calls per second.

    Tokens live in the connection's row, so that all workers together keep the rate. Sending
    threads, which have no database, use what was taken from the row for them.
    """

    def __init__(self, connection_id: int) -> None:
        self._connection_id = connection_id
        self._lock = threading.Lock()
        self._left = 0
        self._wait = 1.0

    def take(self) -> None:
        """Use one call. Raises RateLimited, with the wait, when the share is used up."""
        with self._lock:
            if self._left <= 0 and threading.current_thread().name != SENDING:
                self._left = self._reserve(1)
            if self._left <= 0:
                raise RateLimited(
                    "The rate that is set for this connection is used up.",
                    retry_after=self._wait,
                )
            self._left -= 1

    def reserve(self, calls: int) -> None:
        """Take up to `calls` more from the row, for sending threads."""
        with self._lock:
            self._left += self._reserve(max(0, calls - self._left))

    def give_back(self) -> None:
        """Return what was not used."""
        with self._lock:
            if self._left > 0:
                self._change(self._left)
            self._left = 0

    def _reserve(self, calls: int) -> int:
        return self._change(-calls)

    @transaction.atomic
    def _change(self, tokens: int) -> int:
        """Fill the bucket by the time that has passed, then move tokens; return how many."""
        row = Connection.objects.select_for_update(no_key=True).get(pk=self._connection_id)
        rate = row.rate_per_second or Decimal(1)
        now = database_now()
        since = (now - row.rate_at) if row.rate_at else timedelta(seconds=_BURST_SECONDS)
        full = rate * _BURST_SECONDS
        level = min(full, row.rate_tokens + rate * Decimal(max(0.0, since.total_seconds())))
        moved = tokens if tokens > 0 else -min(-tokens, int(level))
        level = min(full, level + moved)
        Connection.objects.filter(pk=row.pk).update(rate_tokens=level, rate_at=now)
        self._wait = float(max(Decimal(0), (1 - level) / rate)) + 0.05
        return -moved if tokens < 0 else moved


class Systems:
    """The systems that one drain has open. Close it: `with Systems() as systems`."""

    def __init__(self) -> None:
        self._open: dict[int, Connector] = {}
        self._budgets: dict[int, SharedBudget] = {}
        self._full: dict[int, float] = {}

    def __enter__(self) -> "Systems":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every session and give unused calls back."""
        for budget in self._budgets.values():
            budget.give_back()
        for system in self._open.values():
            system.close()
        self._open.clear()
        self._budgets.clear()

    def open(self, connection: Connection) -> Connector:
        """Return the open system.

        Raises Config when it cannot be opened as configured, Transient when the installation's
        master key is the wrong one: that passes for all connections at once when it is mended.
        """
        if connection.pk not in self._open:
            self._open[connection.pk] = self._connect(connection)
        return self.opened(connection)

    def opened(self, connection: Connection) -> Connector:
        """Return a system that is open, within the scope of this connection as it was read: that
        may have changed while the session stayed open. Asks no database."""
        system = self._open[connection.pk]
        return Scoped(system, connection.scope) if connection.scope.is_limited else system

    def note_full(self, connection_id: int) -> None:
        """Leave a connection alone for a moment: other workers have all of its places."""
        self._full[connection_id] = monotonic() + FULL_SECONDS

    def full(self) -> list[int]:
        """Return the connections that are left alone now."""
        return sorted(id_ for id_, until in self._full.items() if until > monotonic())

    def allow(self, connection: Connection, calls: int) -> None:
        """Reserve calls out of the connection's rate, where it has one."""
        budget = self._budgets.get(connection.pk)
        if budget is not None:
            budget.reserve(calls)

    def _connect(self, connection: Connection) -> Connector:
        budget = None
        if connection.rate_per_second:
            budget = self._budgets.setdefault(connection.pk, SharedBudget(connection.pk))
        try:
            secret = open_sealed(connection.secret, aad=place_of(connection))
        except MasterKeyError as error:
            raise Transient(str(error)) from error
        except VaultError as error:
            raise Config(str(error)) from error
        return registry.connector(connection.connector).open(
            connection.config, secret, budget=budget
        )
