"""Ids that name no row, in columns that the models call foreign keys and the database does not."""

from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey


def unchecked() -> list["ForeignKey[object, object]"]:
    """Return the engine's foreign keys that the database does not check."""
    return [
        field
        for model in apps.get_app_config("syncjobs").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and not field.db_constraint
    ]


def dangling() -> dict[str, int]:
    """Return "table.column" → how many of its ids name no row, where there are any."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for field in unchecked():
            table, column = field.model._meta.db_table, field.column
            parent = field.related_model._meta.db_table
            cursor.execute(
                f'SELECT count(*) FROM "{table}" c WHERE c."{column}" IS NOT NULL AND NOT EXISTS '
                f'(SELECT 1 FROM "{parent}" p WHERE p.id = c."{column}")'
            )
            number = cursor.fetchone()[0]
            if number:
                found[f"{table}.{column}"] = number
    return found
