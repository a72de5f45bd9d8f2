"""What is read from a system: a stream for each object of a connection."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from governance.actors import Actor
from governance.permits import laying_down
from governance.services import audit
from syncjobs import actions
from syncjobs.connectors import registry
from syncjobs.engine.release import ring_in_turn
from syncjobs.intake import comparing
from syncjobs.models import Connection, Stream


@transaction.atomic
def ensure_stream(
    actor: Actor,
    connection: Connection,
    *,
    object_: str,
    canonical: str,
    mapping: str,
    position: int = 100,
    every_seconds: int = 300,
) -> Stream:
    """Read an object of the connection from now on; an existing stream stays as it is.

    What is read is part of the workflow that needs it: people propose that. Raises NotPermitted,
    Ungoverned.
    """
    actor.require("connections.manage", connection.client_id)
    with laying_down(actor, "stream", f"{connection.pk}/{object_}"):
        return _stream(connection, object_, canonical, mapping, position, every_seconds)


def _stream(
    connection: Connection,
    object_: str,
    canonical: str,
    mapping: str,
    position: int,
    every_seconds: int,
) -> Stream:
    stream, made = Stream.objects.get_or_create(
        connection=connection,
        object=object_,
        defaults={
            "canonical": canonical,
            "mapping": mapping,
            "position": position,
            "every_seconds": every_seconds,
            "enabled": connection.scope.reads(object_),
            "next_poll_at": timezone.now(),
            "next_compare_at": _first_compare(connection, object_),
        },
    )
    if made:
        audit.record(
            actions.STREAM_ADDED,
            object_kind="stream",
            object_id=stream.pk,
            object_label=object_,
            client_id=connection.client_id,
            after={"connection": connection.name, "mapping": mapping},
        )
        ring_in_turn()
    return stream


def _first_compare(connection: Connection, object_: str) -> datetime | None:
    """A day from now where the connector sees deletions by comparing only."""
    descriptor = registry.connector(connection.connector).descriptor
    by_compare = any(one.name == object_ and one.deletes == "compare" for one in descriptor.objects)
    return timezone.now() + comparing.EVERY if by_compare else None
