"""What the runtime role may do in a schema."""

from collections.abc import Iterable
from typing import Any, Final

import psycopg
from psycopg import sql

from governance.append_only import append_only_tables
from tenants.postgres.roles import are_separate, runtime_user

READ_ONLY_TABLES: Final = ("django_migrations",)

_READ_ONLY: Final = "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {table} FROM {role}"
_ADD: Final = "REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}"
_ADD_WITHOUT_SOME: Final = f"{_READ_ONLY}; GRANT INSERT ({{columns}}) ON {{table}} TO {{role}}"

Connection = psycopg.Connection[Any]


def grant_runtime(opened: Connection, schema: str) -> None:
    """Give the runtime role its privileges on a schema and what has been made there.

    Idempotent; run after every migration of the schema. Reads and writes everywhere, but
    append-only tables take inserts only, which may not name the database's own columns, and
    the migration history is read only.
    """
    if not are_separate():
        return
    role = sql.Identifier(runtime_user())
    tables, sequences = _relations(opened, schema)
    with opened.transaction():  # nobody may do more, or less, in between
        opened.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role)
        )
        # Each by name: ON ALL TABLES looks five times through those of all partners.
        _grant(opened, "SELECT, INSERT, UPDATE, DELETE ON TABLE", schema, tables)
        _grant(opened, "USAGE, SELECT ON SEQUENCE", schema, sequences)
        for table in sorted(tables & {*append_only_tables(), *READ_ONLY_TABLES}):
            _narrow(opened, schema, table)


def _relations(opened: Connection, schema: str) -> tuple[set[str], set[str]]:
    """Return the names of a schema's tables and views, and of its sequences."""
    rows = opened.execute(
        "SELECT relname, relkind = 'S' FROM pg_class "
        "WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') "
        "AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s)",
        [schema],
    ).fetchall()
    sequences = {str(name) for name, is_sequence in rows if is_sequence}
    return {str(name) for name, _ in rows} - sequences, sequences


def _grant(opened: Connection, what: str, schema: str, names: Iterable[str]) -> None:
    listed = [sql.Identifier(schema, name) for name in sorted(names)]
    if listed:
        opened.execute(
            sql.SQL("GRANT {} {} TO {}").format(
                sql.SQL(what), sql.SQL(", ").join(listed), sql.Identifier(runtime_user())
            )
        )


def _narrow(opened: Connection, schema: str, table: str) -> None:
    """Take away again what the runtime role may not do with a table."""
    own = append_only_tables().get(table, ())
    statement = _READ_ONLY if table in READ_ONLY_TABLES else _ADD_WITHOUT_SOME if own else _ADD
    columns = opened.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
        "AND NOT attisdropped AND attname <> ALL(%s)",
        [sql.Identifier(schema, table).as_string(opened), list(own)],
    ).fetchall()
    opened.execute(
        sql.SQL(statement).format(
            table=sql.Identifier(schema, table),
            role=sql.Identifier(runtime_user()),
            columns=sql.SQL(", ").join(sql.Identifier(name) for (name,) in columns),
        )
    )
