"""Which tables a partner's schema must have.

A table that is missing there does not fail: the name resolves to the public schema, and a
partner reads and writes rows that are everybody's. So it is looked for.
"""

from collections.abc import Iterable

from django.apps import apps
from django.conf import settings
from django.db import connection

HISTORY = "django_migrations"


def expected_tables() -> frozenset[str]:
    """Return the names of the tables that every partner's schema has."""
    configs = {config.name: config for config in apps.get_app_configs()}
    return frozenset(
        {
            model._meta.db_table
            for name in settings.TENANT_APPS
            for model in configs[name].get_models(include_auto_created=True)
            if model._meta.managed and not model._meta.proxy
        }
        | {HISTORY}
    )


def missing_tables(schemas: Iterable[str]) -> dict[str, list[str]]:
    """Return, for each schema that lacks any, the names of its missing tables."""
    expected = expected_tables()
    present: dict[str, set[str]] = {schema: set() for schema in schemas}
    with connection.cursor() as cursor:
        # By name, which an index finds among the tables of all partners.
        cursor.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace "
            "WHERE c.relname = ANY(%s) AND n.nspname = ANY(%s) AND c.relkind IN ('r', 'p')",
            [sorted(expected), list(present)],
        )
        for schema, table in cursor.fetchall():
            present[schema].add(table)
    return {
        schema: sorted(expected - tables) for schema, tables in present.items() if expected - tables
    }
