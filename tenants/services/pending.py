"""Which schemas still have migrations to run, asked of all of them in one query."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from tenants.models import Partner
from tenants.services.tables import HISTORY


@lru_cache(maxsize=1)
def expected_migrations() -> tuple[str, ...]:
    """Return every migration in the code as `app.name`, in order.

    A schema's history lists those of all apps: one whose tables live elsewhere is recorded
    too, with nothing done.
    """
    loader = MigrationLoader(None, ignore_no_migrations=True)
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    return tuple(
        sorted(
            f"{app}.{name}" for app, name in loader.disk_migrations if (app, name) not in replaced
        )
    )


@lru_cache(maxsize=1)
def migrations_hash() -> str:
    """Return a hash over the names and the contents of all migrations."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    digest = hashlib.sha256()
    for app, name in sorted(loader.disk_migrations):
        module = import_module(loader.disk_migrations[(app, name)].__module__)
        digest.update(f"{app}.{name}\n".encode())
        digest.update(Path(module.__file__ or "").read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Pending:
    """A schema and how many migrations it lacks; None when it has no history at all."""

    schema: str
    count: int | None


def _count_query(schema: str) -> sql.Composed:
    return sql.SQL(
        "SELECT {name}, count(*) FROM expected LEFT JOIN {schema}.{history} AS done "
        "ON done.app || '.' || done.name = expected.key WHERE done.id IS NULL HAVING count(*) > 0"
    ).format(
        name=sql.Literal(schema),
        schema=sql.Identifier(schema),
        history=sql.Identifier(HISTORY),
    )


def pending_in(schemas: list[str]) -> list[Pending]:
    """Return the schemas among `schemas` that lack migrations, in the order given."""
    if not schemas:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relname = %s AND c.relkind = 'r' AND n.nspname = ANY(%s)",
            [HISTORY, schemas],
        )
        with_history = {row[0] for row in cursor.fetchall()}
        counts: dict[str, int] = {}
        if with_history:
            query = sql.SQL("WITH expected AS (SELECT unnest(%s::text[]) AS key) {}").format(
                sql.SQL(" UNION ALL ").join(_count_query(name) for name in sorted(with_history))
            )
            cursor.execute(query, [list(expected_migrations())])
            counts = dict(cursor.fetchall())
    return [
        Pending(schema, counts.get(schema) if schema in with_history else None)
        for schema in schemas
        if schema not in with_history or schema in counts
    ]


def pending_partners() -> list[Pending]:
    """Return the partners' schemas that lack migrations, the oldest partner first."""
    schemas = Partner.objects.order_by("created_at", "pk").values_list("schema_name", flat=True)
    return pending_in(list(schemas))


def public_is_pending() -> bool:
    """Whether the public schema lacks migrations."""
    return bool(pending_in(["public"]))
