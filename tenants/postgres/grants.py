"""What the runtime role may do in a schema."""

from typing import Any, Final

import psycopg
from psycopg import sql

from governance.append_only import append_only_tables
from tenants.postgres.roles import are_separate, runtime_user

READ_ONLY_TABLES: Final = ("django_migrations",)


def grant_runtime(opened: "psycopg.Connection[Any]", schema: str) -> None:
    """Give the runtime role its privileges on a schema and what will be made there.

    Idempotent; run after every migration of the schema. Reads and writes everywhere, but
    append-only tables take inserts only and the migration history is read only.
    """
    if not are_separate():
        return
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(runtime_user())}
    for statement in (
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    ):
        opened.execute(sql.SQL(statement).format(**names))
    present = {
        row[0]
        for row in opened.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]
        ).fetchall()
    }
    for tables, taken in (
        (append_only_tables(), "UPDATE, DELETE, TRUNCATE"),
        (READ_ONLY_TABLES, "INSERT, UPDATE, DELETE, TRUNCATE"),
    ):
        for table in present.intersection(tables):
            opened.execute(
                sql.SQL("REVOKE {taken} ON {schema}.{table} FROM {role}").format(
                    taken=sql.SQL(taken), table=sql.Identifier(table), **names
                )
            )
