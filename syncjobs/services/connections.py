"""Connecting clients' systems: add, test, change credentials, switch off and on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from governance import correlation
from governance.actions import Action
from governance.actors import Actor
from governance.services import audit
from governance.twins import refusing_twins
from syncjobs import actions
from syncjobs.canonical_store import Origin
from syncjobs.connectors import registry
from syncjobs.connectors.base import Check, ConnectionField
from syncjobs.connectors.egress import checked_url
from syncjobs.connectors.errors import ConnectorError
from syncjobs.drift import compared
from syncjobs.engine import doorbell, health
from syncjobs.engine.restored import asking_until
from syncjobs.engine.systems import Systems
from syncjobs.engine.transitions import move_row
from syncjobs.intake import comparing
from syncjobs.intake.polling import read_from_start
from syncjobs.models import Connection, Stream
from syncjobs.services.files import ensure_fetched
from syncjobs.services.secrets import place_of, seal
from syncjobs.services.streams import ensure_stream as ensure_stream
from syncjobs.state import CONNECTION
from syncjobs.vault import VaultError
from tenants.accounts.models import Client
from tenants.egress import AddressRefused
from tenants.nouns import in_words

CHANGED_MEANWHILE: Final = Check(
    "Open", ok=False, message="It was changed while it was tested: test it again."
)


@transaction.atomic
def create_connection(
    actor: Actor,
    *,
    client: Client,
    connector: str,
    name: str,
    config: Mapping[str, str],
    secret: Mapping[str, str],
    expires_at: datetime | None = None,
) -> Connection:
    """Add a system of a client, its secret sealed. Sends nothing: test it next.

    expires_at: when the credentials do, for people to be told of in time.
    Raises NotPermitted, UnknownConnector, ValidationError for missing fields or a name in use.
    """
    actor.require("connections.manage", client.pk)
    descriptor = registry.connector(connector).descriptor
    _require_fields(descriptor.config_fields, config)
    _require_fields(descriptor.secret_fields, secret)
    taken = ValidationError(
        {"name": in_words("This client has a connection of that name already.")}
    )
    if Connection.objects.filter(client=client, name=name).exists():
        raise taken
    made = Connection(
        client=client,
        connector=connector,
        name=name,
        config=dict(config),
        secret_expires_at=expires_at,
        ask_first_until=asking_until(),
    )
    made.full_clean(exclude=["client"])
    made.secret = _sealed(made, secret)
    with refusing_twins(taken):
        made.save()
    given = {"connector": connector, "config": dict(config), "expires": _day(expires_at)}
    _audit(actions.CONNECTION_ADDED, made, after=given)
    return made


def _require_fields(fields: Sequence[ConnectionField], given: Mapping[str, str]) -> None:
    missing = [
        f"{one.label} is missing." for one in fields if one.required and not given.get(one.name)
    ]
    missing += [
        f"{one.label}: choose one of {', '.join(value for value, _ in one.choices)}."
        for one in fields
        if one.choices and given.get(one.name) and given[one.name] not in dict(one.choices)
    ]
    if missing:
        raise ValidationError(missing)
    _require_addresses(fields, given)


def _require_addresses(fields: Sequence[ConnectionField], given: Mapping[str, str]) -> None:
    """A mistyped address is told before anything is kept; whether it answers is tested later."""
    for one in fields:
        if one.kind == "url" and given.get(one.name):
            try:
                checked_url(given[one.name].strip())
            except AddressRefused as error:
                raise ValidationError({one.name: str(error)}) from error


def _day(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _sealed(connection: Connection, secret: Mapping[str, str]) -> str:
    try:
        return seal(secret, aad=place_of(connection))
    except VaultError as error:
        raise ValidationError(str(error)) from error


def _hosts(config: Mapping[str, str]) -> set[tuple[str, str]]:
    """The hosts that a configuration names, with how they are reached."""
    try:
        parts = [urlsplit(value.strip()) for value in config.values() if "//" in value]
        found = {(one.scheme, one.hostname or "") for one in parts}
    except ValueError as error:
        raise ValidationError("The address cannot be read. Write it as https://host/.") from error
    bare = (config.get("host", "").strip().lower(), config.get("port", ""))
    return found | {bare} if bare[0] else found


def test_connection(actor: Actor, connection: Connection) -> list[Check]:
    """Reach the system, sign in, read a little of each object; keep and return the checks.

    A system that passes goes back into use, with what waited for it. If its address or
    credentials were changed meanwhile, nothing is kept. Raises NotPermitted.
    """
    actor.require("connections.manage", connection.client_id)
    tested = (connection.config, connection.secret)
    try:
        with Systems() as systems:
            checks = systems.open(connection).check()
    except ConnectorError as error:
        checks = [Check("Open", ok=False, message=error.message)]
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if (row.config, row.secret) == tested:
            _keep_checks(row, checks)
        else:
            checks = [CHANGED_MEANWHILE]
    connection.refresh_from_db()
    return checks


def _keep_checks(row: Connection, checks: Sequence[Check]) -> None:
    passed = all(check.ok for check in checks)
    kept, changes = compared(row.checks, checks)
    Connection.objects.filter(pk=row.pk).update(checks=kept, checked_at=timezone.now())
    if passed:
        health.reopen(row.pk)
        if registry.connector(row.connector).descriptor.fetches:
            ensure_fetched(row)
        _poll_soon(row.pk)
        doorbell.ring()
    elif CONNECTION.may(row.state, "fail"):
        text = next(check.message for check in checks if not check.ok)
        move_row(row, CONNECTION, "fail", last_error=text[:500])
    _audit(actions.CONNECTION_TESTED, row, after={"passed": passed})
    if changes:
        told = {one.object: {"gained": one.gained, "lost": one.lost} for one in changes}
        _audit(actions.FIELDS_CHANGED, row, after=told)


@transaction.atomic
def change_credentials(
    actor: Actor,
    connection: Connection,
    *,
    config: Mapping[str, str],
    secret: Mapping[str, str],
    expires_at: datetime | None = None,
) -> None:
    """Set a new address and seal new credentials; what waited for the connection tries them.

    Without secret fields the stored ones stay, as long as the host does. Raises NotPermitted,
    ValidationError for missing fields, BadTransition while it is switched off.
    """
    actor.require("connections.manage", connection.client_id)
    descriptor = registry.connector(connection.connector).descriptor
    _require_fields(descriptor.config_fields, config)
    row = Connection.objects.select_for_update().get(pk=connection.pk)
    changes: dict[str, Any] = {"config": dict(config), "secret_expires_at": expires_at}
    if secret:
        _require_fields(descriptor.secret_fields, secret)
        changes["secret"] = _sealed(row, secret)
    elif _hosts(config) - _hosts(row.config):
        # Or whoever may change the address could have the stored secret sent to themselves.
        raise ValidationError("The system's host changed: enter its credentials again.")
    before = row.config
    move_row(row, CONNECTION, "change", **changes)
    _audit(
        actions.CREDENTIALS_CHANGED,
        row,
        after={
            "before": before,
            "config": dict(config),
            "new_secret": bool(secret),
            "expires": _day(expires_at),
        },
    )
    # What waited for a connection that was refused may be tried through it.
    doorbell.ring()


@transaction.atomic
def set_enabled(actor: Actor, connection: Connection, *, enabled: bool, reason: str = "") -> None:
    """Switch a connection on, with what waited, or off: nothing is read or written then.

    Raises NotPermitted, BadTransition when it is so already.
    """
    actor.require("connections.manage", connection.client_id)
    row = Connection.objects.select_for_update().get(pk=connection.pk)
    move_row(row, CONNECTION, "enable" if enabled else "disable")
    action = actions.CONNECTION_ENABLED if enabled else actions.CONNECTION_DISABLED
    _audit(action, row, reason=reason)
    if enabled:
        doorbell.ring()


@transaction.atomic
def read_again(actor: Actor, stream: Stream, *, reason: str) -> None:
    """Read a stream from its start; what has not changed is recognised and doubles nothing."""
    actor.require("connections.manage", stream.connection.client_id)
    stream.connection.refs.filter(object=stream.object).update(seen_version="", seen_at=None)
    read_from_start(stream.connection_id, stream.object)
    _audit_stream(actions.STREAM_RESET, stream, reason)


@transaction.atomic
def stop_asking_first(actor: Actor, connection: Connection, *, reason: str) -> None:
    """Write again without asking whether it is there. Raises NotPermitted, ValidationError."""
    actor.require("connections.manage", connection.client_id)
    if not reason.strip():
        raise ValidationError("Give a reason.")
    if not Connection.objects.filter(pk=connection.pk).update(ask_first_until=None):
        return
    audit.record(
        actions.ASKING_ENDED,
        object_kind="connection",
        object_id=connection.pk,
        object_label=connection.name,
        client_id=connection.client_id,
        reason=reason,
    )


@transaction.atomic
def compare_now(actor: Actor, stream: Stream, *, reason: str) -> None:
    """Compare the whole source with what is known, behind live work; from its start again.

    Raises NotPermitted; ValidationError for files.
    """
    actor.require("connections.manage", stream.connection.client_id)
    if registry.connector(stream.connection.connector).descriptor.kind == "files":
        # A file that is gone, or was moved, does not say that its records are.
        raise ValidationError("Files are not compared: they do not say what was deleted.")
    Stream.objects.filter(pk=stream.pk).update(compare=None, next_compare_at=timezone.now())
    _audit_stream(actions.COMPARE_ASKED, stream, reason)
    doorbell.ring()


@transaction.atomic
def confirm_deletions(actor: Actor, stream: Stream, *, reason: str) -> int:
    """Soft-delete what a comparison asked about; return how many records are gone.

    Raises NotPermitted; ValidationError when nothing is asked, or the answer has changed since.
    """
    actor.require("connections.manage", stream.connection.client_id)
    row = (
        Stream.objects.select_for_update(of=("self",))
        .select_related("connection")
        .get(pk=stream.pk)
    )
    if not row.compare or "asking" not in row.compare:
        raise ValidationError("No comparison waits for an answer here.")
    gone = comparing.find_gone(row, row.compare)
    if gone.missing > row.compare["asking"]:
        raise ValidationError("More is missing now than you were shown. Compare again first.")
    origin = Origin(
        row.connection.client_id,
        row.connection_id,
        None,
        correlation.current().correlation_id,
    )
    _audit_stream(actions.DELETIONS_CONFIRMED, row, reason)
    comparing.end_compare(row, gone, origin)
    return gone.missing


def _audit_stream(action: Action, stream: Stream, reason: str) -> None:
    audit.record(
        action,
        object_kind="stream",
        object_id=stream.pk,
        object_label=stream.object,
        client_id=stream.connection.client_id,
        reason=reason,
    )


def _poll_soon(connection_id: int) -> None:
    Stream.objects.filter(connection_id=connection_id, enabled=True).update(
        next_poll_at=timezone.now()
    )


def _audit(
    action: Action,
    connection: Connection,
    *,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    audit.record(
        action,
        object_kind="connection",
        object_id=connection.pk,
        object_label=connection.name,
        client_id=connection.client_id,
        after=after,
        reason=reason,
    )
