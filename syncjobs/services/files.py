"""Taking files in: by hand or by a program, and the stream of what is fetched from a folder.

What becomes of a file's rows is in `intake/filing`. Where another file has come since, who takes
it in says whether it is repeated, or holds again.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from governance.actors import Actor, task_actor
from mappings.canonical import SCHEMAS
from syncjobs.connectors.codec import encode
from syncjobs.connectors.files import HELD, KEY
from syncjobs.engine.live import LiveMappings
from syncjobs.intake.filing import Checked as Checked
from syncjobs.intake.filing import KeyReused, check_content, is_repeated, keep_file, keep_records
from syncjobs.intake.filing import Taken as Taken
from syncjobs.intake.filing import row_id as row_id
from syncjobs.models import Connection, Stream
from syncjobs.services.blueprints import ensure_shipped
from syncjobs.services.streams import ensure_stream
from syncjobs.sheets import MAX_BYTES as MAX_BYTES
from syncjobs.sheets import BadSheet
from syncjobs.state import CONNECTION

# What ships with the product, and the stream that a file is, may be used by whoever may connect;
# changing them is another right.
_SHIPPING: Final = task_actor("shipped mappings")
MOST_TOLD: Final = 20
# What others refer to is taken in first.
_ORDER: Final = {name: 10 + 2 * place for place, name in enumerate(SCHEMAS)}


def check_file(
    actor: Actor, connection: Connection, *, object_: str, name: str, content: bytes
) -> Checked:
    """Read a file and map every row; no row is stored.

    Raises NotPermitted; ValidationError where the connection takes no files, there is no such
    object, or the file cannot be used at all.
    """
    actor.require("connections.manage", connection.client_id)
    slug = _mapping(connection, object_)
    live = LiveMappings(connection.client_id).get(slug)
    if live is None:
        raise ValidationError(f"There is no published mapping {slug}. Publish one first.")
    try:
        return check_content(connection, live, slug, object_=object_, name=name, content=content)
    except BadSheet as error:
        raise ValidationError(str(error)) from error


def was_last_taken(
    connection: Connection, checked: Checked, *, object_: str, content: bytes
) -> bool:
    """Say whether this very file was the last of its kind to be taken in."""
    known = Stream.objects.filter(connection=connection, object=object_).first()
    return known is not None and is_repeated(known, checked, content)


@transaction.atomic
def take_file(
    actor: Actor,
    connection: Connection,
    *,
    object_: str,
    name: str,
    content: bytes,
    again: bool = False,
) -> Taken:
    """Take a file's rows in; the workers do the rest. Raises as `check_file`.

    again: a file that was taken in before, with another of its kind since, says what holds now.
    """
    checked = check_file(actor, connection, object_=object_, name=name, content=content)
    _refuse_switched_off(connection)
    stream = _stream(connection, object_)
    return keep_file(stream, checked, name=name, content=content, again=again)


@transaction.atomic
def take_records(
    actor: Actor,
    connection: Connection,
    *,
    object_: str,
    records: Sequence[Mapping[str, object]],
    key: str,
) -> Taken:
    """Take in records that a program sends, once for each key; the workers do the rest.

    Raises as `check_file`; ValidationError where a record cannot be named, then none is taken, and
    where the key has come with other records.
    """
    content = b"\n".join(encode(one, numbers=True) for one in records)
    checked = check_file(actor, connection, object_=object_, name="records.jsonl", content=content)
    if checked.left_out:
        told = [f"Record {one.row}: {one.text}" for one in checked.problems]
        raise ValidationError({"records": told[:MOST_TOLD]})
    _refuse_switched_off(connection)
    try:
        return keep_records(_stream(connection, object_), checked, key=key)
    except KeyReused:
        text = "This key has come with other records before. Use a new one for these."
        raise ValidationError({"Idempotency-Key": text}) from None


def _refuse_switched_off(connection: Connection) -> None:
    if connection.state == CONNECTION.target("disable"):
        raise ValidationError("The connection is switched off. Switch it on first.")


def _mapping(connection: Connection, object_: str) -> str:
    if connection.connector != KEY:
        raise ValidationError("This system is read by itself; it takes no files.")
    if object_ not in HELD:
        raise ValidationError(f"Choose what the file holds: {', '.join(HELD)}.")
    return _shipped(connection, object_)


def _shipped(connection: Connection, object_: str) -> str:
    """Return the mapping of what files hold: the stream's own, else the shipped one."""
    known = Stream.objects.filter(connection=connection, object=object_).first()
    if known is not None:
        return known.mapping
    made = ensure_shipped(_SHIPPING, KEY, f"{object_.replace('_', '-')}-in")
    if made is None:
        raise ValidationError(f"There is no mapping for files of {object_}. Make one first.")
    return made.slug


def ensure_fetched(connection: Connection) -> None:
    """Have the folder of a connection looked into from now on, as often as it is set."""
    object_ = str(connection.config["object"])
    seconds = 60 * int(connection.config["every_minutes"])
    stream = _stream(connection, object_, every_seconds=seconds)
    Stream.objects.filter(pk=stream.pk).update(every_seconds=seconds)


def _stream(connection: Connection, object_: str, *, every_seconds: int = 300) -> Stream:
    return ensure_stream(
        _SHIPPING,
        connection,
        object_=object_,
        canonical=HELD[object_].canonical,
        mapping=_shipped(connection, object_),
        position=_ORDER[HELD[object_].canonical],
        every_seconds=every_seconds,
    )
