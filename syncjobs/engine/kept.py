"""Keeps what hardly ever changes from claim to claim, and asks only whether it has changed.

Workflows, connections and mappings stand in a few rows that every page and claim needs. Reading
them anew costs more than many records' work; a worker that trusted a copy would miss a change.
PostgreSQL tells the versions of a row apart: by the transaction that wrote one (`xmin`) and by
its place (`ctid`). Where both are the same, the row is: one small statement instead of all that
is built from it.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from copy import copy
from functools import partial
from threading import Lock
from typing import Any, Final, TypeVar

from django.db import models

from syncjobs.engine.objects import objects
from syncjobs.engine.rows import fetch
from tenants.context import current_schema

# A partner with one client has some ten, of 1 kB each: enough for 1,000 of them in one worker.
KEPT: Final = 10_000
_kept: OrderedDict[Hashable, tuple[str, Any]] = OrderedDict()
_lock = Lock()
Value = TypeVar("Value")
Row = TypeVar("Row", bound=models.Model)


def kept(key: Hashable, mark: str, make: Callable[[], Value]) -> Value:
    """Return what was made for this key in this schema while the mark is the same, or make it.

    mark: of all rows that `make` reads, taken in the same transaction or before it.
    """
    place = (current_schema(), key)
    with _lock:
        found = _kept.get(place)
        if found is not None and found[0] == mark:
            _kept.move_to_end(place)
            value: Value = found[1]
            return value
    made = make()
    with _lock:
        _kept[place] = (mark, made)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


def mark_of(alias: str) -> str:
    """Return the SQL of the mark of all rows of a query under this alias."""
    return f"coalesce(string_agg({alias}.xmin::text || {alias}.ctid, ',' ORDER BY {alias}.id), '')"


def marks_of(wanted: Mapping[type[models.Model], Iterable[int]]) -> dict[str, dict[int, str]]:
    """Return the marks of rows by table and id, with one statement."""
    tables = [model._meta.db_table for model in wanted]
    marks: dict[str, dict[int, str]] = {table: {} for table in tables}
    sql = " UNION ALL ".join(_MARKS.format(table=table) for table in tables)
    ids = zip(tables, wanted.values(), strict=True)
    for table, id_, mark in fetch(sql, {table: sorted(set(some)) for table, some in ids}):
        marks[table][id_] = mark
    return marks


def rows_kept(model: type[Row], marks: Mapping[str, Mapping[int, str]]) -> dict[int, Row]:
    """Return rows by id, each an object of the caller's own; read again are those that changed.

    marks: what `marks_of` gave in this transaction.
    """
    return _rows_kept(model, marks[model._meta.db_table])


def _rows_kept(model: type[Row], marks: Mapping[int, str]) -> dict[int, Row]:
    table = model._meta.db_table
    known: dict[int, Row] = {}
    with _lock:
        for id_, mark in marks.items():
            found = _kept.get((current_schema(), (table, id_)))
            if found is not None and found[0] == mark:
                known[id_] = copy(found[1])
    changed = [id_ for id_ in marks if id_ not in known]
    if changed:
        for row in objects(model, "id = ANY(%(ids)s::bigint[])", {"ids": changed}):
            known[row.pk] = copy(kept((table, row.pk), marks[row.pk], partial(_same, row)))
    return known


def _same(row: Row) -> Row:
    return row


_MARKS: Final = """
    SELECT '{table}', id, xmin::text || ctid FROM {table} WHERE id = ANY(%({table})s::bigint[])
"""
