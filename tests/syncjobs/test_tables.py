"""The tables stay frugal, and a partner's stand on their own."""

from django.apps import apps
from django.db import connection

from tenants.models import Partner

MOST_TABLES, MOST_INDEXES = 22, 60


def test_a_partner_has_few_tables_and_indexes_of_the_engine(northwind: Partner) -> None:
    tables = [model._meta.db_table for model in apps.get_app_config("syncjobs").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_indexes WHERE schemaname = %s AND tablename = ANY(%s)",
            [northwind.schema_name, tables],
        )
        indexes = cursor.fetchone()[0]
    assert len(tables) <= MOST_TABLES
    assert indexes <= MOST_INDEXES


def test_no_partner_has_more_than_it_may_over_all_apps(northwind: Partner) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_tables WHERE schemaname = %(schema)s), "
            "(SELECT count(*) FROM pg_indexes WHERE schemaname = %(schema)s)",
            {"schema": northwind.schema_name},
        )
        tables, indexes = cursor.fetchone()
    assert tables <= 70
    assert indexes <= 160


def test_no_foreign_key_leaves_the_partners_schema(northwind: Partner) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint c "
            "JOIN pg_namespace n ON n.oid = c.connamespace "
            "JOIN pg_class t ON t.oid = c.confrelid "
            "WHERE c.contype = 'f' AND n.nspname = %s AND t.relnamespace <> n.oid",
            [northwind.schema_name],
        )
        assert cursor.fetchall() == []
