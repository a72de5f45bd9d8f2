"""What the runtime role may do in a schema."""

from typing import Any, Final

import psycopg
from psycopg import sql

from governance.append_only import append_only_tables
from tenants.postgres.roles import are_separate, runtime_user

READ_ONLY_TABLES: Final = ("django_migrations",)

_EVERYWHERE: Final = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
)
_READ_ONLY: Final = "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {table} FROM {role}"
_ADD: Final = "REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}"
_ADD_WITHOUT_SOME: Final = f"{_READ_ONLY}; GRANT INSERT ({{columns}}) ON {{table}} TO {{role}}"


def grant_runtime(opened: "psycopg.Connection[Any]", schema: str) -> None:
    """Give the runtime role its privileges on a schema and what will be made there.

    Idempotent; run after every migration of the schema. Reads and writes everywhere, but
    append-only tables take inserts only, which may not name the database's own columns, and
    the migration history is read only.
    """
    if not are_separate():
        return
    role = sql.Identifier(runtime_user())
    with opened.transaction():  # nobody may do more, or less, in between
        for statement in _EVERYWHERE:
            opened.execute(sql.SQL(statement).format(schema=sql.Identifier(schema), role=role))
        for table, columns in _narrowed(opened, schema).items():
            own = append_only_tables().get(table, ())
            narrower = (
                _READ_ONLY if table in READ_ONLY_TABLES else _ADD_WITHOUT_SOME if own else _ADD
            )
            others = sql.SQL(", ").join(sql.Identifier(one) for one in columns if one not in own)
            opened.execute(
                sql.SQL(narrower).format(
                    table=sql.Identifier(schema, table), role=role, columns=others
                )
            )


def _narrowed(opened: "psycopg.Connection[Any]", schema: str) -> dict[str, list[str]]:
    """Return the tables on which not everything is granted, as far as the schema has them, with
    their columns."""
    rows = opened.execute(
        "SELECT c.relname::text, array_agg(a.attname::text) FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p') "
        "AND c.relname = ANY(%s) GROUP BY 1",
        [sql.Identifier(schema).as_string(opened), [*append_only_tables(), *READ_ONLY_TABLES]],
    ).fetchall()
    return dict(rows)
