"""A connection's direction and objects change as everything does that is governed: by a signed
request. What may be read is kept in its streams, what may be written is held at each write."""

from collections.abc import Mapping
from typing import Final

from django.utils import timezone

from governance.actors import Actor
from governance.appliers import Applier, DiffLine, Risk
from governance.errors import ApplyFailed, InvalidProposal
from governance.hashing import json_hash
from governance.models import Change, ChangeRequest
from governance.permits import require_permit
from governance.services import audit
from governance.services.changes import ProposedChange, propose
from syncjobs import actions
from syncjobs.connectors import registry
from syncjobs.engine import doorbell
from syncjobs.models import Connection, Stream
from syncjobs.scope import DIRECTIONS, Scope, scope_from, widened

KIND: Final = "connection_scope"


def objects_of(connection: Connection) -> dict[str, str]:
    """Return the objects of a connection's system with their labels, and what is read besides."""
    named = {
        one.name: one.label for one in registry.connector(connection.connector).descriptor.objects
    }
    read = connection.streams.values_list("object", flat=True)
    return {**dict.fromkeys(read, ""), **named}


def propose_scope(
    actor: Actor, connection: Connection, scope: Scope, *, reason: str, ticket: str = ""
) -> ChangeRequest:
    """Ask for a connection to have this scope. Raises NotPermitted, InvalidProposal."""
    actor.require("connections.manage", connection.client_id)
    wanted = _checked(connection, scope.as_json())
    if wanted == connection.scope:
        raise InvalidProposal("The connection has this scope already: nothing would change.")
    return propose(
        actor,
        title=f"Change what {connection.name} of {connection.client.name} may touch"[:200],
        reason=reason,
        ticket=ticket,
        changes=[
            ProposedChange(
                KIND, str(connection.pk), connection.name, wanted.as_json(), connection.client_id
            )
        ],
    )


def _checked(connection: Connection, content: Mapping[str, object]) -> Scope:
    try:
        return scope_from(content, objects_of(connection))
    except ValueError as error:
        raise InvalidProposal(str(error)) from error


def _connection(target_id: str) -> Connection:
    return Connection.objects.select_related("client").get(pk=int(target_id))


def _apply(change: Change, actor: Actor) -> Mapping[str, object]:
    require_permit(KIND, change.target_id)
    row = Connection.objects.select_for_update().get(pk=int(change.target_id))
    if row.client_id != change.client_id:
        raise ApplyFailed("This connection is not of whom the request concerns.")
    before, wanted = row.scope, _checked(row, change.content)
    Connection.objects.filter(pk=row.pk).update(
        direction=wanted.direction, scopes=list(wanted.objects)
    )
    for stream in row.streams.select_for_update():
        reads = wanted.reads(stream.object)
        if reads != stream.enabled:
            Stream.objects.filter(pk=stream.pk).update(enabled=reads, next_poll_at=timezone.now())
    audit.record(
        actions.SCOPE_SET,
        object_kind="connection",
        object_id=row.pk,
        object_label=row.name,
        client_id=row.client_id,
        before=before.as_json(),
        after=wanted.as_json(),
    )
    doorbell.ring()
    return {"scope": wanted.as_json()}


def _in_words(scope: Scope, labels: Mapping[str, str]) -> list[str]:
    objects = ", ".join(labels.get(one) or one for one in scope.objects) or "All objects"
    return [DIRECTIONS[scope.direction], objects]


def _diff(change: Change) -> list[DiffLine]:
    row = _connection(change.target_id)
    labels = objects_of(row)
    before = _in_words(row.scope, labels)
    after = _in_words(_checked(row, change.content), labels)
    gone = [DiffLine("-", one) for one in before if one not in after]
    return [*gone, *(DiffLine(" " if one in before else "+", one) for one in after)]


def _risk(change: Change) -> Risk:
    """Whatever is let through only now weakens a control, and may move amounts."""
    row = _connection(change.target_id)
    wanted, objects = _checked(row, change.content), sorted(objects_of(row))
    more = widened(row.scope, wanted, objects)
    if more:
        return Risk(touches_money=True, notes=tuple(more), weakens=True)
    return Risk(notes=("What it leaves out is not read, and fails where something writes it.",))


def _base(target_id: str) -> str:
    return json_hash(_connection(target_id).scope.as_json())


def _snapshot(target_id: str) -> Mapping[str, object]:
    return {"scope": _connection(target_id).scope.as_json()}


def _revert(change: Change) -> Mapping[str, object] | None:
    scope = (change.before or {}).get("scope")
    return scope if isinstance(scope, dict) else None


CONNECTION_SCOPE: Final = Applier(
    kind=KIND,
    label="Scope of a connection",
    apply=_apply,
    diff=_diff,
    risk=_risk,
    base_version=_base,
    snapshot=_snapshot,
    revert=_revert,
    permission="connections.manage",
)
