"""Making and dropping a partner's schema, by the owner, on a connection of its own."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql

from governance import subject_keys
from tenants.postgres.grants import grant_runtime
from tenants.postgres.roles import owner_connection

# The comment on a schema whose rows in the public schema are not committed yet. What bears
# it and belongs to no partner was left by a process that was killed, and may be dropped.
UNFINISHED: Final = "being set up"
LOCK_TIMEOUT = "5s"
Connection = psycopg.Connection[Any]


class SchemaBusyError(Exception):
    """Another process works on this schema just now."""


class SchemaExistsError(Exception):
    """The schema exists and is not a left-over of ours."""


@contextmanager
def schema_work(schema: str, *, wait: str = "10ms") -> Iterator[Connection]:
    """Open the owner's connection with this schema's lock held; each statement commits.

    Raises SchemaBusyError when somebody else still holds the lock after `wait`.
    """
    with owner_connection(autocommit=True) as owner:
        owner.execute("SELECT set_config('lock_timeout', %s, false)", [wait])
        try:
            owner.execute("SELECT pg_advisory_lock(%s, 1)", [zlib.crc32(schema.encode()) >> 1])
        except psycopg.errors.LockNotAvailable as error:
            raise SchemaBusyError(schema) from error
        owner.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        yield owner


def comment_of(owner: Connection, schema: str) -> str | None:
    """Return a schema's comment ("" for none), or None when there is no such schema."""
    row = owner.execute(
        "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') "
        "FROM pg_namespace WHERE nspname = %s",
        [schema],
    ).fetchone()
    return None if row is None else str(row[0])


def _set_comment(owner: Connection, schema: str, text: str) -> None:
    owner.execute(
        sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(schema), sql.Literal(text))
    )


def make_schema(owner: Connection, schema: str, script: str) -> None:
    """Make a schema from a script of statements, in one transaction, marked unfinished.

    An unfinished left-over of the same name is dropped first. Raises SchemaExistsError for
    any other schema of that name, and psycopg.Error, after which nothing is left.
    """
    found = comment_of(owner, schema)
    if found == UNFINISHED:
        drop_schema(owner, schema)
    elif found is not None:
        raise SchemaExistsError(schema)
    with owner.transaction():
        owner.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        _set_comment(owner, schema, UNFINISHED)
        if script:
            owner.execute("SET LOCAL check_function_bodies = false")
            owner.execute(script.encode())
        grant_runtime(owner, schema)


def finish_schema(owner: Connection, schema: str) -> None:
    """Take the unfinished mark away: the schema belongs to a partner now."""
    _set_comment(owner, schema, "")


def drop_schema(owner: Connection, schema: str) -> None:
    """Drop a schema with all in it, and what this process remembers of it; nothing happens when
    there is none.

    Waits at most LOCK_TIMEOUT for those who use it, then raises psycopg.Error.
    """
    owner.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
    subject_keys.forget_all(schema)


def unfinished_schemas(owner: Connection) -> list[str]:
    """Return the schemas that bear the unfinished mark."""
    rows = owner.execute(
        "SELECT nspname FROM pg_namespace WHERE obj_description(oid, 'pg_namespace') = %s "
        "ORDER BY nspname",
        [UNFINISHED],
    ).fetchall()
    return [str(row[0]) for row in rows]
