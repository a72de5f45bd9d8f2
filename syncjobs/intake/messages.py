"""Keeps the messages of webhooks: one row per record, once per message, and a ring for them.

There are three ways, from the one that fits always to the one that fits most messages of many:
with a ring of our own, in a transaction (`_keep_and_ring`); under a ring that is on its way, in one
statement (`_keep_under_ring`); and for an address that is known from a message before, in one
statement that also asks whether all that is known of it is still so (`keep_known`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.utils import timezone

from syncjobs.connectors.hooks import Pushed
from syncjobs.crashpoints import reach
from syncjobs.engine import doorbell
from syncjobs.engine.rows import encode, execute, fetch, iso
from syncjobs.intake.together import Together
from syncjobs.models import Connection
from syncjobs.payloads import seal_inbound
from syncjobs.state import INBOUND
from tenants.services.serving import SERVES

_MOST_TOGETHER: Final = 32
_SEEN_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class HookAddress:
    """An address that is open. streams: object → id of the connection's streams; kinds: →
    what they are of."""

    schema: str
    connection: Connection
    secrets: Sequence[Mapping[str, Any]] = field(repr=False)
    streams: Mapping[str, int]
    kinds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is signed well. reads: it carries no record, so the source is read."""

    id: str
    rows: Sequence[Mapping[str, Any]]
    reads: bool


def message_of(hook: HookAddress, message_id: str, pushed: Sequence[Pushed]) -> Message:
    """Return a message with the rows of those of its records that are read from this source."""
    wanted = [one for one in pushed if one.object in hook.streams]
    rows = [_row(hook, message_id, place, one) for place, one in enumerate(wanted)]
    return Message(message_id, rows, reads=not pushed)


def is_long_unseen(connection: Connection) -> bool:
    """Say whether it is to be noted that the address is used."""
    return connection.hook_at is None or timezone.now() - connection.hook_at > _SEEN_EVERY


def keep(hook: HookAddress, message: Message) -> int:
    """Keep a message, committed on return; return how many of its rows are new."""
    connection = hook.connection
    values = {
        "rows": encode(message.rows or [_knock(message.id)]),
        "connection": connection.pk,
        "schema": hook.schema,
    }
    if not message.reads and not is_long_unseen(connection):
        new = _keep_under_ring(values)
        if new is not None:
            return new
    return _keep_and_ring(connection, values, reads=message.reads)


def keep_known(hook: HookAddress, host: str, message: Message) -> int | None:
    """Keep a message of one record in one statement, which asks first whether the host, the
    address, its secrets and the record's stream still are what `hook` says, whether the address
    was seen lately, and whether a ring is on its way. What came to the same address while the
    statement before was under way goes with it.

    Needs no search path. Return how many rows are new; None: not all of that is so, and nothing
    is kept.
    """
    (row,) = message.rows
    connection = hook.connection
    address = (
        ("host", host),
        ("schema", hook.schema),
        ("connection", str(connection.pk)),
        ("hook_key", connection.hook_key),
        ("hook_secrets", connection.hook_secrets),
        ("connector", connection.connector),
        ("client", str(connection.client_id)),
        ("seen", str(_SEEN_EVERY.total_seconds())),
    )
    return _line(address).ask(row)


@lru_cache(maxsize=2_000)
def _line(address: tuple[tuple[str, str], ...]) -> Together[Mapping[str, object], int]:
    """Return where messages wait for each other that came to the very same address."""

    def work(rows: Sequence[Mapping[str, object]]) -> list[int | None]:
        return _keep_known_rows(dict(address), rows)

    return Together(work, _MOST_TOGETHER)


def _keep_known_rows(
    values: dict[str, str], rows: Sequence[Mapping[str, object]]
) -> list[int | None]:
    """Keep the rows of several messages to one address; return what `keep_known` does of each."""
    statement, names = _known_in(values["schema"])
    values["rows"] = encode(rows)
    own = connections[DEFAULT_DB_ALIAS]
    found = own.ask_prepared(statement, [values[name] for name in names])  # type: ignore[attr-defined]  # the tenant backend's
    new = {key: int(count) for key, count in found}
    answers = []
    for key in [str(row["key"]) for row in rows]:
        answers.append(new.get(key))
        if key in new:
            new[key] = 0  # the same message once more, at the same moment: it counts once
    return answers


def _row(hook: HookAddress, message_id: str, place: int, one: Pushed) -> dict[str, object]:
    kind = hook.kinds.get(one.object, "")
    return {
        "key": f"hook:{message_id}:{place}",
        "stream": hook.streams[one.object],
        "object": one.object,
        "kind": kind,
        "external_id": one.record.id[:200],
        "version": one.record.version[:120],
        "at": iso(one.record.modified_at),
        "payload": seal_inbound(kind, hook.connection.client_id, one.record.data),
        "deleted": one.record.deleted,
        "state": INBOUND.start,
    }


def _knock(message_id: str) -> dict[str, object]:
    """The trace of a message that carries no record of ours, so that it counts once."""
    return {
        "key": f"hook:{message_id}:0",
        "stream": None,
        "external_id": "",
        "version": "",
        "at": None,
        "payload": {},
        "deleted": False,
        "state": INBOUND.target("discard"),
    }


def _keep_under_ring(values: dict[str, Any]) -> int | None:
    """Insert the rows in one statement that commits by itself, where a ring is on its way that
    will see them: most messages of many. Return how many are new; None: nothing is kept yet."""
    reach("hook.before_commit")
    ((new, is_rung),) = fetch(_INSERT.format(where=_RUNG_ONLY), values)
    return int(new) if is_rung else None


def _keep_and_ring(connection: Connection, values: dict[str, Any], *, reads: bool) -> int:
    """Insert the rows, once per message, with all that a first one of many brings; return how
    many are new. reads: what carries no record makes us read the source."""
    with transaction.atomic():
        ((new, is_rung),) = fetch(_INSERT.format(where=""), values)
        if new and is_long_unseen(connection):
            Connection.objects.filter(pk=connection.pk).update(hook_at=timezone.now())
        if new and reads:
            _read_soon(connection)
        if new and not is_rung:
            doorbell.ring()
        reach("hook.before_commit")
    return int(new)


def _read_soon(connection: Connection) -> None:
    execute(
        "UPDATE syncjobs_stream SET next_poll_at = statement_timestamp() "
        "WHERE connection_id = %(connection)s AND enabled",
        {"connection": connection.pk},
    )


@lru_cache(maxsize=256)
def _known_in(schema: str) -> tuple[str, list[str]]:
    """Return the statement for a schema, and the names of its values in their order."""
    text = _KNOWN.format(schema=connections[DEFAULT_DB_ALIAS].ops.quote_name(schema))
    return _NAME.sub("%s", text), _NAME.findall(text)


_NAME: Final = re.compile(r"%\((\w+)\)s")
_COLUMNS: Final = """
    (connection_id, stream_id, dedupe_key, external_id, source_version, source_at, payload,
     deleted, attempts, state, problems, received_at)
"""
# With what `doorbell.ring` asks first: whether a ring is on its way that will see these rows.
_INSERT: Final = f"""
    WITH rung AS ({doorbell.RUNG}), new AS (
    INSERT INTO syncjobs_inboundevent {_COLUMNS}
    SELECT %(connection)s, x.stream, x.key, x.external_id, x.version, x.at, x.payload,
        x.deleted, 0, x.state, '[]', clock_timestamp()
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(
        key text, stream bigint, external_id text, version text, at timestamptz, payload jsonb,
        deleted boolean, state text)
    {{where}}
    ON CONFLICT (connection_id, dedupe_key) DO NOTHING
    RETURNING id)
    SELECT (SELECT count(*) FROM new), (SELECT count(*) FROM rung)
"""  # noqa: S608  our own constants
_RUNG_ONLY: Final = "WHERE EXISTS (SELECT 1 FROM rung)"
# In one order, so that two processes that keep the same messages never wait for each other.
_KNOWN: Final = f"""
    WITH rung AS ({doorbell.RUNG}), known AS (
    SELECT c.id AS connection, x.*
    FROM {{schema}}.syncjobs_connection c
    JOIN {{schema}}.syncjobs_stream s ON s.connection_id = c.id
    JOIN jsonb_to_recordset(%(rows)s::jsonb) AS x(
        key text, stream bigint, object text, kind text, external_id text, version text,
        at timestamptz, payload jsonb, deleted boolean, state text)
    ON s.id = x.stream AND s.object = x.object AND s.canonical = x.kind
    WHERE c.id = %(connection)s::bigint AND c.hook_key = %(hook_key)s
      AND c.hook_secrets = %(hook_secrets)s AND c.connector = %(connector)s
      AND c.client_id = %(client)s::bigint
      AND c.hook_at > statement_timestamp() - %(seen)s::float * interval '1 second'
      AND EXISTS ({SERVES})
    ), new AS (
    INSERT INTO {{schema}}.syncjobs_inboundevent {_COLUMNS}
    SELECT connection, stream, key, external_id, version, at, payload, deleted, 0, state, '[]',
        clock_timestamp()
    FROM known, rung
    ORDER BY key
    ON CONFLICT (connection_id, dedupe_key) DO NOTHING
    RETURNING dedupe_key)
    SELECT key, (SELECT count(*) FROM new WHERE dedupe_key = key) FROM known, rung
"""  # noqa: S608  our own constants
