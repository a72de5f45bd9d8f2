"""Batch SQL: many rows as one JSON parameter, and rows back as tuples."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import connection

_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")


def encode(rows: object) -> str:
    """Return rows as the JSON text that `jsonb_to_recordset` reads."""
    return _ENCODER.encode(rows).decode()


def decode(text: Any) -> Any:
    """Return what a jsonb column holds; raw cursors give it as text."""
    return msgspec.json.decode(text) if isinstance(text, str | bytes) else text


def fetch(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement that returns rows. `sql` is a constant; values go in `params` only."""
    with connection.cursor() as cursor:
        cursor.execute(sql, _plain(params))
        return list(cursor.fetchall())


def execute(sql: str, params: dict[str, Any]) -> int:
    """Run a statement that returns none; return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, _plain(params))
        return int(cursor.rowcount)


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    """Give lists as the text of an array: the driver takes each of their items apart.

    The statement says an array's type (`%(ids)s::bigint[]`), or its place does.
    """
    return {name: _array(value) if type(value) is list else value for name, value in params.items()}


def _array(items: list[Any]) -> Any:
    kinds = set(map(type, items))
    if kinds <= {int}:
        return "{" + ",".join(map(str, items)) + "}"
    if kinds == {str}:
        # One look at all of them: a text with neither needs no escaping.
        if "\\" in (whole := "".join(items)) or '"' in whole:
            items = [one.replace("\\", "\\\\").replace('"', '\\"') for one in items]
        return '{"' + '","'.join(items) + '"}'
    return items


def iso(moment: datetime | None) -> str | None:
    """Return an aware instant as text for a JSON parameter."""
    return None if moment is None else moment.isoformat()


def unzip(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return two lists from a list of pairs, for unnest()."""
    return [one for one, _ in pairs], [two for _, two in pairs]
