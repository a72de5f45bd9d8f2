"""Rows of a question that is written out, as the models that the ORM would make of them.

For what every request asks: the query builder takes several times as long to put such a
question together as the database takes to answer it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def columns_of(model: type[models.Model], alias: str) -> str:
    """Return the model's columns for a SELECT, in the order that `made_of` takes them."""
    return ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)


def width_of(model: type[models.Model]) -> int:
    """Return how many columns a model has."""
    return len(_fields(model)[0])


def made_of(model: type[M], row: Sequence[Any]) -> M:
    """Return the model's instance of a row of its columns."""
    names, converted = _fields(model)
    values = list(row)
    for place, convert in converted:
        values[place] = convert(values[place], None, connection)
    return model.from_db("default", names, values)


def read(model: type[M], where: str, params: Mapping[str, Any]) -> list[M]:
    """Return the rows of a table for which `where` holds; it calls the table `t`. An order and a
    limit go in `where` as well, which is a constant.
    """
    table = model._meta.db_table
    sql = f"SELECT {columns_of(model, 't')} FROM {table} t WHERE {where}"  # noqa: S608  constants
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [made_of(model, row) for row in cursor.fetchall()]


@lru_cache(maxsize=64)
def _fields(
    model: type[models.Model],
) -> tuple[list[str], list[tuple[int, Callable[..., Any]]]]:
    """Return the columns' names, and what the ORM makes of some of them (JSON comes as text from
    a cursor), by their place.
    """
    fields = model._meta.concrete_fields
    converters = [getattr(field, "from_db_value", None) for field in fields]
    found = [(place, one) for place, one in enumerate(converters) if one is not None]
    return [field.attname for field in fields], found
