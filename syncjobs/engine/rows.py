"""Batch SQL: many rows as one JSON parameter, and rows back as tuples."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.errors import FeatureNotSupported

_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")


def encode(rows: object) -> str:
    """Return rows as the JSON text that `json_to_recordset` and `jsonb_to_recordset` read.

    Rows of plain columns cost the server half as much through the first; documents do not.
    """
    return _ENCODER.encode(rows).decode()


def decode(text: Any) -> Any:
    """Return what a jsonb column holds; raw cursors give it as text."""
    return msgspec.json.decode(text) if isinstance(text, str | bytes) else text


def fetch(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement that returns rows. `sql` is a constant; values go in `params` only."""
    with _sent(sql, params) as cursor:
        return list(cursor.fetchall())


def execute(sql: str, params: dict[str, Any]) -> int:
    """Run a statement that returns none; return how many rows it touched."""
    with _sent(sql, params) as cursor:
        return int(cursor.rowcount)


def prepare_here() -> None:
    """From now on let this thread's session prepare the statements of this module.

    For workers: the session then plans everything anew, which would cost the few statements of
    a web process that gain by being planned once (webhooks, audit entries).
    """
    connections[DEFAULT_DB_ALIAS].prepares_all = True  # type: ignore[attr-defined]  # our backend's


@contextmanager
def _sent(sql: str, params: dict[str, Any]) -> Iterator[Any]:
    """Run a statement; in a worker one that the server prepares once per connection and schema,
    past the layers that the framework lays around a cursor: sixty statements a page cost more
    there than the page's records do. Whoever counts or wraps statements sees it as any other.
    """
    values = _plain(params)
    own: Any = connections[DEFAULT_DB_ALIAS]
    if own.queries_logged or own.execute_wrappers or not own.prepares_all:
        with own.cursor() as seen:
            seen.execute(sql, values)
            yield seen
        return
    own.close_if_health_check_failed()
    own.ensure_connection()
    own.validate_no_broken_transaction()
    with own.wrap_database_errors:
        own.make_ready()
    with own.wrap_database_errors:
        cursor = own.bare_cursor()
        try:
            cursor.execute(sql, values, prepare=True)
        except FeatureNotSupported:
            # This schema's table has another shape than the one it was prepared for. The driver
            # forgets what is prepared at each rollback; outside a transaction, at this one.
            if not own.in_atomic_block:
                own.forget_prepared()
            raise
        yield cursor


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    """Give lists as the text of an array: the driver takes each of their items apart.

    The statement says an array's type (`%(ids)s::bigint[]`), or its place does.
    """
    return {name: _array(value) if type(value) is list else value for name, value in params.items()}


def _array(items: list[Any]) -> Any:
    kinds = set(map(type, items))
    if kinds <= {int}:
        return "{" + str(items)[1:-1] + "}"
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
