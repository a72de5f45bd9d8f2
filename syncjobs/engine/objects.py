"""Rows of a model over statements that are written out, and so prepared (docs/decisions/0016).

For what every turn of a partner asks: the query builder takes five times as long to put such a
statement together as it takes to run.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.models import Model

from syncjobs.engine.rows import execute, fetch
from tenants.rows import columns_of, made_of

Row = TypeVar("Row", bound=Model)


def objects(model: type[Row], where: str, params: dict[str, Any]) -> list[Row]:
    """Return the rows of a table for which `where` holds; it calls the table `t`. Order, limit
    and lock go in `where` as well, which is a constant.
    """
    table = model._meta.db_table
    sql = f"SELECT {columns_of(model, 't')} FROM {table} t WHERE {where}"  # noqa: S608  constants
    return [made_of(model, row) for row in fetch(sql, params)]


def insert(row: Row) -> Row:
    """Insert a new row, which gets its id from the database; return it."""
    values = _stored(row, [one.attname for one in row._meta.concrete_fields], is_new=True)
    del values[row._meta.pk.column]
    names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    sql = f"INSERT INTO {row._meta.db_table} ({names}) VALUES ({places}) RETURNING id"  # noqa: S608  constants
    ((row.pk,),) = fetch(sql, values)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return row


def update(row: Model, names: Sequence[str]) -> None:
    """Write these fields of a row. Raises DatabaseError when it is gone."""
    values = _stored(row, names, is_new=False)
    changes = ", ".join(f"{name} = %({name})s" for name in values)
    sql = f"UPDATE {row._meta.db_table} SET {changes} WHERE id = %(id)s"  # noqa: S608  constants
    if not execute(sql, {**values, "id": row.pk}):
        raise DatabaseError(f"{row._meta.label} {row.pk} is gone.")


def _stored(row: Model, names: Sequence[str], *, is_new: bool) -> dict[str, Any]:
    """Return what the ORM would store, by column."""
    connection = connections[DEFAULT_DB_ALIAS]
    wanted = set(names)
    return {
        field.column: field.get_db_prep_save(field.pre_save(row, is_new), connection)
        for field in row._meta.concrete_fields
        if field.name in wanted or field.attname in wanted
    }
