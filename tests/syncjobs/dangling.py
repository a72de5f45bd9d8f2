"""Ids that name no row, in columns that the models call foreign keys and the database does not."""

from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, Model


def unchecked() -> list[tuple[str, str, str]]:
    """Return table, column and parent of the engine's keys that the database does not check."""
    found: list[tuple[str, str, str]] = []
    for model in apps.get_app_config("syncjobs").get_models():
        for field in model._meta.get_fields():
            if not isinstance(field, ForeignKey) or vars(field)["db_constraint"]:
                continue
            parent = field.related_model
            assert isinstance(parent, type) and issubclass(parent, Model)  # noqa: PT018  one claim
            found.append((model._meta.db_table, field.column, parent._meta.db_table))
    return found


def dangling() -> dict[str, int]:
    """Return "table.column" → how many of its ids name no row, where there are any."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for table, column, parent in unchecked():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" c WHERE c."{column}" IS NOT NULL AND NOT EXISTS '
                f'(SELECT 1 FROM "{parent}" p WHERE p.id = c."{column}")'
            )
            number = cursor.fetchone()[0]
            if number:
                found[f"{table}.{column}"] = number
    return found
