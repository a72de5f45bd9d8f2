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
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def execute(sql: str, params: dict[str, Any]) -> int:
    """Run a statement that returns none; return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def iso(moment: datetime | None) -> str | None:
    """Return an aware instant as text for a JSON parameter."""
    return None if moment is None else moment.isoformat()


def unzip(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return two lists from a list of pairs, for unnest()."""
    return [one for one, _ in pairs], [two for _, two in pairs]
