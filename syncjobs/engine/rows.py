"""Batch SQL: many rows as one JSON parameter, and rows back as tuples."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import DEFAULT_DB_ALIAS, connections

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
    values = _plain(params)
    if (session := _working()) is not None:
        rows: list[tuple[Any, ...]] = session.run_prepared(sql, values).rows
        return rows
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def execute(sql: str, params: dict[str, Any]) -> int:
    """Run a statement that returns none; return how many rows it touched."""
    values = _plain(params)
    if (session := _working()) is not None:
        return int(session.run_prepared(sql, values).touched)
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def database_now() -> datetime:
    """Return the time by the database's clock, which all workers share: what one writes down, the
    others compare with theirs.
    """
    now: datetime = fetch("SELECT statement_timestamp()", {})[0][0]
    return now


def prepare_here() -> None:
    """From now on let this thread's session prepare the statements of this module.

    For workers: the session then plans everything anew, which would cost the few statements of
    a web process that gain by being planned once (webhooks, audit entries).
    """
    connections[DEFAULT_DB_ALIAS].prepares_all = True  # type: ignore[attr-defined]  # our backend's


def _working() -> Any:
    """Return the session of a thread that works for the engine: sixty statements a page would
    cost more in the framework's cursor than the page's records do. None elsewhere, and for who
    counts or wraps statements, who sees each as any other.
    """
    session: Any = connections[DEFAULT_DB_ALIAS]
    is_watched = session.queries_logged or session.execute_wrappers
    return session if session.prepares_all and not is_watched else None


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
