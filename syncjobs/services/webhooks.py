"""Webhooks that come in: an address and secrets for a connection, and what is sent there.

A message is acknowledged only after its commit. Its records wait as `InboundEvent` rows and
are worked off by the worker, through the same page commit as what is read.
"""

import secrets as randomness
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import time
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from governance.actions import Action
from governance.actors import Actor
from governance.services import audit
from syncjobs import actions, signatures
from syncjobs.connectors import registry
from syncjobs.connectors.codec import BrokenJson, decode
from syncjobs.connectors.errors import ConnectorError
from syncjobs.connectors.hooks import Pushed
from syncjobs.crashpoints import reach
from syncjobs.engine import doorbell
from syncjobs.engine.kept import kept
from syncjobs.engine.rows import decode as decode_json
from syncjobs.engine.rows import encode, execute, fetch, iso
from syncjobs.models import Connection
from syncjobs.payloads import seal_inbound
from syncjobs.services.secrets import hook_place_of, open_sealed, seal
from syncjobs.state import INBOUND
from tenants.context import current_schema

LONGEST_BODY: Final = 1024 * 1024
# How long the secret before the newest goes on being taken.
OVERLAP: Final = timedelta(hours=24)
_MOST_SECRETS: Final = 3
_SEEN_EVERY: Final = timedelta(minutes=1)


class UnknownHook(Exception):
    """There is no such address."""


class TooMany(Exception):
    """More messages a minute than are taken; the sender tries again later."""


class BadMessage(Exception):
    """The message is signed well but cannot be read; sending it again would not help."""


@dataclass(frozen=True, slots=True)
class HookShown:
    """What the other system's administrator enters there; the secret is shown this once."""

    path: str
    secret: str


@dataclass(frozen=True, slots=True)
class Received:
    """What a message came to. `repeated`: it had been acknowledged before."""

    message_id: str
    records: int
    repeated: bool = False


@transaction.atomic
def open_hook(actor: Actor, connection: Connection) -> HookShown:
    """Give a connection an address for webhooks, or its address a new secret.

    The secret before goes on being taken for a day. Raises NotPermitted.
    """
    actor.require("connections.manage", connection.client_id)
    row = Connection.objects.select_for_update().get(pk=connection.pk)
    now = timezone.now()
    secret = signatures.new_secret()
    kept = [
        {**one, "until": one["until"] or (now + OVERLAP).isoformat()}
        for one in _kept(row)
        if _counts(one, now)
    ]
    entries = [{"secret": secret, "until": ""}, *kept][:_MOST_SECRETS]
    first = row.hook_key is None
    row.hook_key = row.hook_key or randomness.token_urlsafe(24)
    row.hook_secrets = seal({"secrets": entries}, aad=hook_place_of(row))
    row.save(update_fields=["hook_key", "hook_secrets", "updated_at"])
    _audit(actions.HOOK_OPENED if first else actions.HOOK_SECRET_MADE, row)
    return HookShown(path=hook_path(row), secret=secret)


@transaction.atomic
def close_hook(actor: Actor, connection: Connection, *, reason: str) -> None:
    """Take the address away; what was acknowledged is still worked off.

    Raises NotPermitted, ValidationError when there is none.
    """
    actor.require("connections.manage", connection.client_id)
    row = Connection.objects.select_for_update().get(pk=connection.pk)
    if row.hook_key is None:
        raise ValidationError("This connection takes no webhooks.")
    row.hook_key, row.hook_secrets = None, ""
    row.save(update_fields=["hook_key", "hook_secrets", "updated_at"])
    _audit(actions.HOOK_CLOSED, row, reason=reason)


def hook_path(connection: Connection) -> str:
    """Return the path below the partner's host."""
    return f"/hooks/{connection.hook_key}"


def receive(
    key: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> Received:
    """Check and keep one message; when this returns, it is committed.

    `headers` by lower-case name. Raises UnknownHook, TooMany, BadSignature, BadMessage.
    """
    hook = _hook(key)
    _count(hook.connection)
    message_id = signatures.verify(
        headers, body, secrets=_good(hook.secrets), now=time() if now is None else now
    )
    pushed = _read(hook.connection, body)
    wanted = [one for one in pushed if one.object in hook.streams]
    rows = [_row(hook, message_id, place, one) for place, one in enumerate(wanted)]
    message = {
        "rows": encode(rows or [_knock(message_id)]),
        "connection": hook.connection.pk,
        "schema": current_schema(),
    }
    new = None if not pushed or _is_long_unseen(hook.connection) else _keep_under_ring(message)
    if new is None:
        new = _keep_and_ring(hook.connection, message, reads=not pushed)
    reach("hook.after_commit")
    return Received(message_id, len(wanted) if new else 0, repeated=not new)


def _count(connection: Connection) -> None:
    """A bound for each process: a flood is refused before any signature is computed."""
    name = f"hook-rate:{connection.pk}:{int(time() // 60)}"
    cache.add(name, 0, timeout=120)
    if cache.incr(name) > settings.HOOK_RATE_PER_MINUTE:
        raise TooMany


@dataclass(frozen=True, slots=True)
class _Hook:
    """An address that is open. streams: object → id of the connection's streams; kinds: →
    what they are of."""

    connection: Connection
    secrets: list[dict[str, Any]]
    streams: Mapping[str, int]
    kinds: Mapping[str, str]


def _hook(key: str) -> _Hook:
    """Find the address with one statement; what its row holds is opened anew when it changes."""
    found = fetch(_HOOK, {"key": key})
    if not found:
        raise UnknownHook
    ((id_, mark, streams),) = found

    def read() -> tuple[Connection, list[dict[str, Any]]]:
        connection = Connection.objects.get(pk=id_)
        return connection, _kept(connection)

    connection, secrets = kept(("hook", id_), mark, read)
    found_streams: dict[str, Any] = decode_json(streams) or {}
    return _Hook(
        connection,
        secrets,
        {name: id_ for name, (id_, _) in found_streams.items()},
        {name: kind for name, (_, kind) in found_streams.items()},
    )


def _good(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    now = timezone.now()
    return [str(one["secret"]) for one in entries if _counts(one, now)]


def _kept(connection: Connection) -> list[dict[str, Any]]:
    if not connection.hook_secrets:
        return []
    found: Any = open_sealed(connection.hook_secrets, aad=hook_place_of(connection))
    return list(found["secrets"])


def _counts(entry: Mapping[str, Any], now: datetime) -> bool:
    return not entry["until"] or datetime.fromisoformat(entry["until"]) > now


def _read(connection: Connection, body: bytes) -> list[Pushed]:
    try:
        return registry.connector(connection.connector).pushed(decode(body))
    except (BrokenJson, ConnectorError) as error:
        raise BadMessage(str(error)) from error


def _row(hook: _Hook, message_id: str, place: int, one: Pushed) -> dict[str, object]:
    kind = hook.kinds.get(one.object, "")
    return {
        "key": f"hook:{message_id}:{place}",
        "stream": hook.streams[one.object],
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


def _keep_under_ring(message: dict[str, Any]) -> int | None:
    """Insert the rows in one statement that commits by itself, where a ring is on its way that
    will see them: most messages of many. Return how many are new; None: nothing is kept yet."""
    reach("hook.before_commit")
    ((new, is_rung),) = fetch(_INSERT.format(where=_RUNG_ONLY), message)
    return int(new) if is_rung else None


def _keep_and_ring(connection: Connection, message: dict[str, Any], *, reads: bool) -> int:
    """Insert the rows, once per message, with all that a first one of many brings; return how
    many are new. reads: what carries no record makes us read the source."""
    with transaction.atomic():
        ((new, is_rung),) = fetch(_INSERT.format(where=""), message)
        if new and _is_long_unseen(connection):
            Connection.objects.filter(pk=connection.pk).update(hook_at=timezone.now())
        if new and reads:
            _read_soon(connection)
        if new and not is_rung:
            doorbell.ring()
        reach("hook.before_commit")
    return int(new)


def _is_long_unseen(connection: Connection) -> bool:
    return connection.hook_at is None or timezone.now() - connection.hook_at > _SEEN_EVERY


def _read_soon(connection: Connection) -> None:
    execute(
        "UPDATE syncjobs_stream SET next_poll_at = least(next_poll_at, statement_timestamp()) "
        "WHERE connection_id = %(connection)s AND enabled",
        {"connection": connection.pk},
    )


def _audit(action: Action, connection: Connection, *, reason: str = "") -> None:
    audit.record(
        action,
        object_kind="connection",
        object_id=connection.pk,
        object_label=connection.name,
        client_id=connection.client_id,
        reason=reason,
    )


_HOOK: Final = """
    SELECT c.id, c.xmin::text || c.ctid,
        (SELECT jsonb_object_agg(s.object, jsonb_build_array(s.id, s.canonical))
         FROM syncjobs_stream s
         WHERE s.connection_id = c.id)
    FROM syncjobs_connection c WHERE c.hook_key = %(key)s
"""
# With what `doorbell.ring` asks first: whether a ring is on its way that will see these rows.
_INSERT: Final = f"""
    WITH rung AS ({doorbell.RUNG}), new AS (
    INSERT INTO syncjobs_inboundevent
        (connection_id, stream_id, dedupe_key, external_id, source_version, source_at, payload,
         deleted, attempts, state, problems, received_at)
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
