"""Statements that the server prepares once per connection. Those whose answer nobody waits for
travel with the COMMIT, in one way to the server.

The driver's cursors and its own pipeline mode cost the processor more than the way to the server,
so the few calls of libpq that this takes are made here; the driver waits for the answers, and
writes and reads values.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, Final, NamedTuple, TypeAlias

from psycopg import Connection, adapt, generators
from psycopg.abc import PQGen, Transformer
from psycopg.adapt import PyFormat
from psycopg.errors import DatabaseError, FeatureNotSupported, error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

# A connection keeps so many statements prepared; the one that was not used for longest goes.
MOST_PREPARED: Final = 64
# At most so many wait, which may be as many different ones.
MOST_WAITING: Final = 32


# A statement with `%s` for each of its values, and these, all of them texts.
Deferred: TypeAlias = tuple[str, Sequence[str | None]]


class Answer(NamedTuple):
    """What a statement gave: its rows, none for one that returns none, and how many it touched."""

    rows: list[tuple[Any, ...]]
    touched: int


class Sender:
    """Sends statements on one connection, which prepares each once; deferred ones with a COMMIT.

    most: how many it keeps prepared.
    """

    def __init__(self) -> None:
        self.most = MOST_PREPARED
        # By text and types of the values.
        self._names: OrderedDict[tuple[bytes, tuple[int, ...]], bytes] = OrderedDict()
        self._numbers = count(1)
        self._is_sure, self._is_stale = True, False
        self._adapting: Transformer | None = None

    def doubt(self) -> None:
        """After a rollback: the driver may have let the server forget all that was prepared."""
        self._is_sure = False

    def send(
        self, connection: Connection[Any], deferred: Sequence[Deferred], *, commit: bool
    ) -> None:
        """Run the statements, and commit if asked to; all at once. Raises psycopg.Error.

        When one fails, neither those after it nor the COMMIT are run. Interrupted half-way it
        closes the connection: what is on its way is not known.
        """
        with connection.lock:
            self._make_sure(connection)
            names = [self._name(connection, _numbered(statement)) for statement, _ in deferred]
            ending = self._name(connection, b"COMMIT") if commit else None
            try:
                connection.pgconn.enter_pipeline_mode()
                failed = connection.wait(_sent(connection, names, deferred, ending))
                connection.pgconn.exit_pipeline_mode()
            except BaseException:
                connection.close()
                raise
        if failed is not None:
            raise error_from_result(failed, encoding=connection.info.encoding)

    def ask(self, connection: Connection[Any], asked: Deferred) -> list[tuple[str | None, ...]]:
        """Run one statement now and return its rows as texts. Raises psycopg.Error; interrupted
        half-way it closes the connection, as `send` does."""
        with connection.lock:
            self._make_sure(connection)
            statement, values = asked
            name = self._name(connection, _numbered(statement))
            try:
                _begin(connection)
                connection.pgconn.send_query_prepared(name, _encoded(values))
                (result,) = _wait(connection)
            except DatabaseError:
                raise
            except BaseException:
                connection.close()
                raise
        columns = range(result.nfields)
        return [tuple(_text(result, row, n) for n in columns) for row in range(result.ntuples)]

    def run(self, connection: Connection[Any], statement: str, values: Mapping[str, Any]) -> Answer:
        """Run a statement with named values (`%(name)s`) now. Raises psycopg.Error.

        One whose table has another shape now fails once (FeatureNotSupported), and all are
        prepared anew.
        """
        text, order = _named(statement)
        with connection.lock:
            self._make_sure(connection)
            if self._adapting is None:
                self._adapting = adapt.Transformer(connection)
            adapting, formats = self._adapting, [PyFormat.AUTO] * len(order)
            given = adapting.dump_sequence([values[one] for one in order], formats)
            name = self._name(connection, text, adapting.types or ())
            _begin(connection)
            connection.pgconn.send_query_prepared(name, given, adapting.formats)
            try:
                (result,) = _wait(connection)
            except FeatureNotSupported:
                self._is_stale = True
                raise
            if result.status != ExecStatus.TUPLES_OK:
                return Answer([], result.command_tuples or 0)
            adapting.set_pgresult(result)
            return Answer(adapting.load_rows(0, result.ntuples, tuple), result.ntuples)

    def _make_sure(self, connection: Connection[Any]) -> None:
        """Let `_names` be what the server knows, each as the tables are now."""
        if not self._is_sure:
            (answer,) = _answered(connection, _KNOWN)
            known = {answer.get_value(row, 0) for row in range(answer.ntuples)}
            for key in [one for one, name in self._names.items() if name not in known]:
                del self._names[key]
            self._is_sure = True
        if self._is_stale:
            while self._names:
                self._drop_oldest(connection)
            self._is_stale = False

    def _name(self, connection: Connection[Any], text: bytes, types: tuple[int, ...] = ()) -> bytes:
        """Return the name under which the server knows a statement; tell it when it does not."""
        key = (text, types)
        name = self._names.get(key)
        if name is None:
            name = b"deferred_%d" % next(self._numbers)
            connection.pgconn.send_prepare(name, text, types)
            _wait(connection)
            self._names[key] = name
        self._names.move_to_end(key)
        if len(self._names) > self.most:
            self._drop_oldest(connection)
        return name

    def _drop_oldest(self, connection: Connection[Any]) -> None:
        _, oldest = self._names.popitem(last=False)
        _answered(connection, b"DEALLOCATE " + oldest)


def _sent(
    connection: Connection[Any],
    names: Sequence[bytes],
    deferred: Sequence[Deferred],
    ending: bytes | None,
) -> PQGen[PGresult | None]:
    """Send all, read all answers and return the first that is an error."""
    pgconn, asked = connection.pgconn, 0
    if not connection.autocommit and _is_idle(pgconn):
        pgconn.send_query_params(b"BEGIN", None)
        asked += 1
    for name, (_, values) in zip(names, deferred, strict=True):
        pgconn.send_query_prepared(name, _encoded(values))
        asked += 1
    if ending is not None:
        pgconn.send_query_prepared(ending, None)
        asked += 1
    pgconn.pipeline_sync()
    yield from generators.send(pgconn)
    failed = None
    for _ in range(asked + 1):  # the last is the pipeline's end
        for result in (yield from generators.fetch_many(pgconn)):
            if result.status == ExecStatus.FATAL_ERROR:
                failed = failed or result
    return failed


def _begin(connection: Connection[Any]) -> None:
    """Begin the transaction with its first statement, as the driver does."""
    if not connection.autocommit and _is_idle(connection.pgconn):
        _answered(connection, b"BEGIN")


def _is_idle(pgconn: PGconn) -> bool:
    return pgconn.transaction_status == TransactionStatus.IDLE


def _encoded(values: Sequence[str | None]) -> list[bytes | None]:
    return [None if value is None else value.encode() for value in values]


def _text(result: PGresult, row: int, column: int) -> str | None:
    value = result.get_value(row, column)
    return None if value is None else value.decode()


def _answered(connection: Connection[Any], command: bytes) -> list[PGresult]:
    connection.pgconn.send_query_params(command, None)
    return _wait(connection)


def _wait(connection: Connection[Any]) -> list[PGresult]:
    """Return the answers to what was sent. Raises psycopg.Error."""
    results: list[PGresult] = connection.wait(generators.execute(connection.pgconn))
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result, encoding=connection.info.encoding)
    return results


@lru_cache(maxsize=1_000)
def _named(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """Write `%(name)s` as the server does, `$1`, `$2` and so on; return whose place each is."""
    places: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        return f"${places.setdefault(found[1], len(places) + 1)}" if found[1] else "%"

    return _PLACE.sub(place, statement).encode(), tuple(places)


@lru_cache(maxsize=1_000)
def _numbered(statement: str) -> bytes:
    """Write `%s` as the server does: `$1`, `$2` and so on."""
    first, *others = statement.split("%s")
    return (first + "".join(f"${n}{part}" for n, part in enumerate(others, 1))).encode()


_KNOWN: Final = b"SELECT name FROM pg_prepared_statements WHERE name LIKE 'deferred%'"
_PLACE: Final = re.compile(r"%(?:%|\((\w+)\)s)")
