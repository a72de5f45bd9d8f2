"""Webhooks that come in: an address and secrets for a connection, and what is sent there.

A message is acknowledged only after its commit. Its records wait as `InboundEvent` rows and
are worked off by the worker, through the same page commit as what is read.
"""

import secrets as randomness
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import time
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
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
from syncjobs.engine.kept import kept
from syncjobs.engine.rows import decode as decode_json
from syncjobs.engine.rows import fetch
from syncjobs.intake.messages import HookAddress, Message, keep, keep_known, message_of
from syncjobs.models import Connection
from syncjobs.rates import Minute
from syncjobs.services.secrets import hook_place_of, open_sealed, seal
from tenants.context import current_schema

LONGEST_BODY: Final = 1024 * 1024
# How long the secret before the newest goes on being taken.
OVERLAP: Final = timedelta(hours=24)
_MOST_SECRETS: Final = 3
_taken: Final = Minute()


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
    repeated: bool
    hook: HookAddress = field(repr=False)


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
    # A bound for each process: a flood is refused before any signature is computed.
    if _taken.note(_name(hook), time()) > settings.HOOK_RATE_PER_MINUTE:
        raise TooMany
    message = _checked(hook, headers, body, time() if now is None else now)
    new = keep(hook, message)
    reach("hook.after_commit")
    return Received(message.id, _records(message) if new else 0, not new, hook)


def receive_known(
    hook: HookAddress, host: str, headers: Mapping[str, str], body: bytes
) -> Received | None:
    """Do what `receive` does, by one statement, for a message that came to a `host` in lower case
    and to an address that `receive` has found before.

    Nothing that is known is trusted: the statement keeps the message only where all of it is still
    so. None: nothing is kept, and `receive` is to be asked, which also says what is wrong.
    """
    if _taken.count(_name(hook), time()) >= settings.HOOK_RATE_PER_MINUTE:
        return None
    try:
        message = _checked(hook, headers, body, time())
        if message.reads or len(message.rows) != 1:
            return None
        reach("hook.before_commit")
        new = keep_known(hook, host, message)
    except (signatures.BadSignature, BadMessage, DatabaseError):
        return None
    if new is None:
        return None
    _taken.note(_name(hook), time())
    reach("hook.after_commit")
    return Received(message.id, new, not new, hook)


def _checked(hook: HookAddress, headers: Mapping[str, str], body: bytes, now: float) -> Message:
    """Open a message only once its signature has been found good."""
    good = _good(hook.secrets)
    message_id = signatures.verify(headers, body, secrets=good, now=now)
    return message_of(hook, message_id, _read(hook.connection, body))


def _records(message: Message) -> int:
    return sum(row["stream"] is not None for row in message.rows)


def _name(hook: HookAddress) -> tuple[str, int]:
    return hook.schema, hook.connection.pk


def _hook(key: str) -> HookAddress:
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
    return HookAddress(
        current_schema(),
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
