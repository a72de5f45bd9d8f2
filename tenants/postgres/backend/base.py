"""Django's engine: tenant schemas on a server that is started when it is first needed."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantWrapper
from psycopg import Cursor, Error
from psycopg.errors import FeatureNotSupported

from tenants.postgres import pooler, roles
from tenants.postgres.backend.creation import DatabaseCreation
from tenants.postgres.backend.deferred import MOST_WAITING, Answer, Deferred, Sender
from tenants.postgres.backend.introspection import DatabaseIntrospection
from tenants.postgres.backend.operations import DatabaseOperations
from tenants.postgres.cluster import cluster_for
from tenants.postgres.errors import DatabaseUnavailableError
from tenants.postgres.layout import PORT

LOCK_TIMEOUT = "5s"
# How many statements a connection keeps prepared: a page of the engine takes about seventy.
PREPARED = 300
logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _note_weaknesses() -> None:
    """Say at the start of every process, web and worker alike, what is weaker."""
    for text in roles.weaknesses():
        logger.warning(text)


class DatabaseWrapper(TenantWrapper):  # type: ignore[misc]  # the library has no type hints
    """Connects as the role of the moment (`roles.as_owner`), to `DATABASE_URL` or to the
    embedded server. Building it and asking it for its settings starts nothing.
    """

    creation_class: ClassVar[type[DatabaseCreation]] = DatabaseCreation
    ops_class: ClassVar[type[DatabaseOperations]] = DatabaseOperations

    # The search path that is known to be set at the server; None when that is not known.
    known_path: tuple[str, bool] | None = None
    _setting_search_path: bool  # the library's
    # Whether the engine works here, whose statements are prepared and planned each time; and
    # which of both ways of planning the server has been told.
    prepares_all = False
    _plans_anew = False
    _plans_once = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.introspection = DatabaseIntrospection(self)
        # What was known when a savepoint was made: going back to it brings that path back.
        self._paths_at: dict[str, tuple[str, bool] | None] = {}
        self._deferred: list[Deferred] = []
        self._sender = Sender()
        self._bare: Cursor[Any] | None = None

    def get_connection_params(self) -> dict[str, Any]:
        """Return psycopg's parameters. Raises DatabaseUnavailableError."""
        if not settings.DATABASE_URL:
            layout = cluster_for(settings.STATE_DIR).ensure_running()
            self.settings_dict["HOST"] = str(layout.socket_dir)
            self.settings_dict["PORT"] = str(PORT)
        params: dict[str, Any] = super().get_connection_params()
        # Never through settings_dict: threads share it, and one may be the owner just now.
        return {**params, **roles.credentials()}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect. Raises DatabaseUnavailableError, and refuses a transaction-mode pooler."""
        if settings.DATABASE_URL:
            _note_weaknesses()
            pooler.refuse_transaction_mode(conn_params)
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError as error:
            if not settings.DATABASE_URL:
                raise
            raise DatabaseUnavailableError(explained(conn_params, error)) from error

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Set the schema's path, unless it is known to be set (docs/decisions/0012).

        The library sets it before each statement. What is known is forgotten by everything that
        could change it at the server: a rollback, a new connection.
        """
        if self._setting_search_path:
            return
        wanted = (self.schema_name, self.include_public_schema)
        if wanted == self.known_path:
            return
        super()._handle_search_path(cursor)
        self.known_path = wanted if self.search_path_set_schemas else None

    def run_prepared(self, statement: str, values: Mapping[str, Any]) -> Answer:
        """Run a statement of the engine's, which the server prepares once per connection and
        schema, past the layers that the framework lays around a cursor (docs/decisions/0016).

        What is prepared is planned anew each time: a plan for any value does not use an index of
        some rows, and one for tables that were small reads the whole of what has grown since.
        """
        if self.connection is None or not self.in_atomic_block:
            self.close_if_health_check_failed()
            self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            if self._deferred:
                self._run_deferred()
            if not self._plans_anew:
                self._plan_anew()
            self._handle_search_path()
            return self._sender.run(self.connection, statement, values)

    def _plan_anew(self) -> None:
        self._sender.most = PREPARED
        self.connection.execute("SET plan_cache_mode = force_custom_plan")
        self._plans_anew, self._plans_once = True, False

    def bare_cursor(self) -> Cursor[Any]:
        """Return the driver's own cursor of this connection, for one statement at a time: it knows
        already how to read what comes."""
        if self._bare is None or self._bare.connection is not self.connection:
            self._bare = Cursor(self.connection)
        return self._bare

    def forget_prepared(self) -> None:
        """Let driver and server forget what is prepared, as both do at a rollback."""
        self.connection.execute("ROLLBACK")
        self._sender.doubt()

    @contextmanager
    def _in_any_schema(self) -> Iterator[None]:
        """For statements that look nothing up, so that no path is set for them."""
        before, self._setting_search_path = self._setting_search_path, True
        try:
            yield
        finally:
            self._setting_search_path = before

    def _savepoint(self, sid: str) -> None:
        with self._in_any_schema():
            super()._savepoint(sid)
        self._paths_at[sid] = self.known_path

    def _savepoint_commit(self, sid: str) -> None:
        with self._in_any_schema():
            super()._savepoint_commit(sid)
        self._paths_at.pop(sid, None)

    def run_by_commit(self, statement: str, values: Sequence[str | None]) -> None:
        """Run a statement whose answer is not needed: in a transaction with its COMMIT, or before
        the next statement (docs/decisions/0013).

        `statement` has `%s` for each value and names its tables with their schema. What is wrong
        with it is raised by the COMMIT or the next statement, and then all is rolled back.
        """
        self.validate_no_broken_transaction()
        self._deferred.append((statement, values))
        is_full = len(self._deferred) >= MOST_WAITING
        if is_full or not self.in_atomic_block or self._is_watched():
            self._run_deferred()

    def ask_prepared(
        self, statement: str, values: Sequence[str | None]
    ) -> list[tuple[str | None, ...]]:
        """Run a statement now and return its rows as texts: for what is asked all the time and
        takes longer to plan than to run. `statement` as in `run_by_commit`.
        """
        self.validate_no_broken_transaction()
        if self._deferred:
            self._run_deferred()
        if self._is_watched():
            with BaseDatabaseWrapper._cursor(self) as seen:  # type: ignore[attr-defined]
                seen.execute(statement, values)
                rows = seen.fetchall()
            return [tuple(None if one is None else str(one) for one in row) for row in rows]
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            self._plan_once()
            return self._sender.ask(self.connection, (statement, values))

    def read_prepared(
        self, statement: str, values: Sequence[Any], *, in_schema: bool = True
    ) -> list[tuple[Any, ...]]:
        """Run a statement now and return its rows: for the few that every request asks, which
        take longer to plan than to run. `in_schema`: whether its tables are those of the schema
        that is entered; else each is named with its own, and no path is set.
        """
        cursor_of = type(self)._cursor if in_schema else BaseDatabaseWrapper._cursor  # type: ignore[attr-defined]
        if self._plans_anew or self._is_watched():
            with cursor_of(self) as seen:
                seen.execute(statement, values)
                return list(seen.fetchall())
        self.validate_no_broken_transaction()
        if self._deferred:
            self._run_deferred()
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            self._plan_once()
            if in_schema:
                self._handle_search_path()
            cursor = self.bare_cursor()
            try:
                cursor.execute(statement, values, prepare=True)
            except FeatureNotSupported:
                # The table has another shape than when this was prepared: a migration.
                if self.in_atomic_block:
                    raise
                self.forget_prepared()
                cursor.execute(statement, values, prepare=True)
            return list(cursor.fetchall())

    def _plan_once(self) -> None:
        """Have what is prepared here planned at its first use. The server would plan it anew five
        times before: for each thread, and for each partner whose statement it is."""
        if not (self._plans_anew or self._plans_once):
            self.connection.execute("SET plan_cache_mode = force_generic_plan")
            self._plans_once = True

    def _is_watched(self) -> bool:
        """Whether somebody counts or wraps statements, or may change tables: then what is
        prepared may be forgotten at any statement."""
        return bool(self.queries_logged or self.execute_wrappers or roles.is_owning())

    def _run_deferred(self) -> None:
        """Run them now: prepared, or as any other for those who watch."""
        waiting, self._deferred = self._deferred, []
        if self._is_watched():
            # Not the library's cursor, which would choose a schema first.
            with BaseDatabaseWrapper._cursor(self) as seen:  # type: ignore[attr-defined]
                for text, values in waiting:
                    seen.execute(text, values)
            return
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            self._sender.send(self.connection, waiting, commit=False)

    def _cursor(self, name: str | None = None) -> Any:
        """What was deferred comes before whatever this cursor is for."""
        if self._deferred and not self.needs_rollback:
            self._run_deferred()
        return super()._cursor(name)

    def _commit(self) -> None:
        if not self._deferred:
            super()._commit()
            return
        waiting, self._deferred = self._deferred, []
        with self.wrap_database_errors:
            self._sender.send(self.connection, waiting, commit=True)

    def _savepoint_rollback(self, sid: str) -> None:
        """A rollback takes back what was set after the savepoint, and nothing else."""
        self._deferred.clear()  # all of it is younger: the savepoint sent what was there before
        known, self.known_path = self._paths_at.get(sid), None
        try:
            with self._in_any_schema():
                super()._savepoint_rollback(sid)
            self.known_path = known
        finally:
            self._doubt_settings()

    def _rollback(self) -> None:
        self._deferred.clear()
        try:
            super()._rollback()
        finally:
            self._forget_path()
            self._doubt_settings()

    def _doubt_settings(self) -> None:
        """A rollback takes back what was set, and the driver may forget what was prepared."""
        self._plans_anew = self._plans_once = False
        self._sender.doubt()

    def is_usable(self) -> bool:
        """Say whether statements are still answered and writes taken; asked after an error.

        After a fail-over the server before may live on as a copy, which answers and takes nothing.
        """
        if self.connection is None:
            return False
        try:
            with self.connection.cursor() as cursor:
                return bool(cursor.execute("SHOW transaction_read_only").fetchone() == ("off",))
        except Error:
            return False

    def _close(self) -> None:
        self._deferred.clear()
        self._bare = None
        self._forget_path()
        super()._close()

    def _forget_path(self) -> None:
        self.known_path = None
        self._paths_at.clear()

    def init_connection_state(self) -> None:
        """A change of tables waits only shortly: whoever comes after it would wait too."""
        self._forget_path()
        self._plans_anew = self._plans_once = False
        self._sender = Sender()
        super().init_connection_state()
        if roles.is_owning():
            with self.connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")


# The server's words; a failed connection carries no code. In another language the rest is said.
_NO_ROOM = ("too many clients", "remaining connection slots", "too many connections")


def explained(params: dict[str, Any], error: Exception) -> str:
    """Return why a given database can't be reached, without its password."""
    where = f"{params.get('host') or 'the local socket'}:{params.get('port') or PORT}"
    reason = " ".join(str(error).split()).rstrip(".")
    begun = f"The database {params.get('dbname')!r} at {where}"
    if any(words in reason for words in _NO_ROOM):
        return (
            f"{begun} has no connection left for us: {reason}. Raise its max_connections, or run "
            "fewer processes and threads."
        )
    return (
        f"{begun} does not take the user {params.get('user')!r}: {reason}. Check DATABASE_URL, "
        "and that the server runs and lets this machine in; without DATABASE_URL an embedded "
        "server is used."
    )
