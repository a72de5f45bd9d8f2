"""Statements that the server prepares once per connection. Those whose answer nobody waits for
travel with the COMMIT, in one way to the server.

The driver's own pipeline mode costs the processor more than the way that it saves, so the few
calls of libpq that this takes are made here; the driver waits for the answers.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from typing import Any, Final, TypeAlias

from psycopg import Connection, generators
from psycopg.abc import PQGen
from psycopg.errors import DatabaseError, error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

# A connection keeps so many statements prepared; the one that was not used for longest goes.
MOST_PREPARED: Final = 64
# At most so many wait, which may be as many different ones.
MOST_WAITING: Final = 32


# A statement with `%s` for each of its values, and these, all of them texts.
Deferred: TypeAlias = tuple[str, Sequence[str | None]]


class Sender:
    """Sends deferred statements with a COMMIT on one connection, which prepares each once."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, bytes] = OrderedDict()
        self._numbers = count(1)
        self._is_sure = True

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
            if not self._is_sure:
                self._ask_what_is_known(connection)
            names = [self._name(connection, statement) for statement, _ in deferred]
            ending = self._name(connection, "COMMIT") if commit else None
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
            if not self._is_sure:
                self._ask_what_is_known(connection)
            statement, values = asked
            name = self._name(connection, statement)
            try:
                if not connection.autocommit and _is_idle(connection.pgconn):
                    _answered(connection, b"BEGIN")
                connection.pgconn.send_query_prepared(name, _encoded(values))
                (result,) = _wait(connection)
            except DatabaseError:
                raise
            except BaseException:
                connection.close()
                raise
        columns = range(result.nfields)
        return [tuple(_text(result, row, n) for n in columns) for row in range(result.ntuples)]

    def _ask_what_is_known(self, connection: Connection[Any]) -> None:
        (answer,) = _answered(connection, _KNOWN)
        known = {answer.get_value(row, 0) for row in range(answer.ntuples)}
        for statement in [one for one, name in self._names.items() if name not in known]:
            del self._names[statement]
        self._is_sure = True

    def _name(self, connection: Connection[Any], statement: str) -> bytes:
        """Return the name under which the server knows a statement; tell it when it does not."""
        name = self._names.get(statement)
        if name is None:
            name = b"deferred_%d" % next(self._numbers)
            connection.pgconn.send_prepare(name, _numbered(statement))
            _wait(connection)
            self._names[statement] = name
        self._names.move_to_end(statement)
        if len(self._names) > MOST_PREPARED:
            _, oldest = self._names.popitem(last=False)
            _answered(connection, b"DEALLOCATE " + oldest)
        return name


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


def _numbered(statement: str) -> bytes:
    """Write `%s` as the server does: `$1`, `$2` and so on."""
    first, *others = statement.split("%s")
    return (first + "".join(f"${n}{part}" for n, part in enumerate(others, 1))).encode()


_KNOWN: Final = b"SELECT name FROM pg_prepared_statements WHERE name LIKE 'deferred%'"
