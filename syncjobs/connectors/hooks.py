"""Reads what a system pushes: a signed message's body into records of its objects. Pure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncjobs.connectors.base import LONGEST_ID, SourceRecord
from syncjobs.connectors.codec import at, text_at
from syncjobs.connectors.errors import Permanent
from syncjobs.connectors.reading import record_of

if TYPE_CHECKING:
    from syncjobs.connectors.descriptor import RestDescriptor


@dataclass(frozen=True, slots=True)
class Pushed:
    """One record that a message carries, and the object that it is of."""

    object: str
    record: SourceRecord


def pushed_records(system: "RestDescriptor", body: object) -> list[Pushed]:
    """Return a message's records; none for a kind of message that we do not know.

    Raises Permanent when a record cannot be read.
    """
    shape = system.pushes
    if shape is None:
        return []
    name = text_at(body, shape.type).partition(".")[0]
    spec = next((one for one in system.objects if one.name == name and one.readable), None)
    if spec is None or spec.joins or spec.where:
        # What needs a second call, or conditions that a message cannot show, is read instead.
        return []
    found = at(body, shape.rows)
    rows = found if isinstance(found, list) else [found]
    if len(rows) > shape.most:
        raise Permanent(f"A message carries at most {shape.most} records.")
    records = [record_of(system, spec, row) for row in rows]
    longest = max((len(record.id) for record in records), default=0)
    if longest > LONGEST_ID:
        raise Permanent(f"An id has {longest} characters; {LONGEST_ID} are the most.")
    return [Pushed(name, record) for record in records]
