"""The two roles and the database of an embedded server."""

from typing import Final

import psycopg
from psycopg import sql

from tenants.postgres.errors import ClusterError
from tenants.postgres.layout import PORT

ADMIN: Final = "livery_admin"
OWNER: Final = "livery_owner"
RUNTIME: Final = "livery_runtime"
DATABASE: Final = "livery"


def _missing(cursor: "psycopg.Cursor[tuple[object, ...]]", query: str, name: str) -> bool:
    cursor.execute(query.encode(), [name])
    return cursor.fetchone() is None


def ensure_roles_and_database(socket_dir: str) -> None:
    """Make the owner, the runtime role and the database where they are missing.

    The owner migrates and makes test databases; the runtime role only gets what
    `tenants.postgres.roles` grants it.
    """
    try:
        with (
            psycopg.connect(
                host=socket_dir, port=PORT, user=ADMIN, dbname="postgres", autocommit=True
            ) as connection,
            connection.cursor() as cursor,
        ):
            for role, options in ((OWNER, "CREATEDB"), (RUNTIME, "NOCREATEDB")):
                if _missing(cursor, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
                    cursor.execute(
                        sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER {}").format(
                            sql.Identifier(role), sql.SQL(options)
                        )
                    )
            if _missing(cursor, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
                cursor.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER)
                    )
                )
    except psycopg.Error as error:
        raise ClusterError(f"The embedded server does not take us: {error}") from error
