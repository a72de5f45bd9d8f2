"""Reads an object's changes page by page, from a cursor to the next."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from syncjobs.connectors.base import Page, SourceRecord
from syncjobs.connectors.calls import Call, Caller
from syncjobs.connectors.codec import at, text_at
from syncjobs.connectors.cursor import Batch, Progress
from syncjobs.connectors.descriptor import Join, ObjectSpec, RestDescriptor
from syncjobs.connectors.dialects import AMONG, Condition, moment_of
from syncjobs.connectors.errors import Permanent, Rejected, Transient
from syncjobs.connectors.paging import Lister

# A few rows may all be wrong; a whole page says that the system answers otherwise now.
_MOST_ALL_UNREAD: Final = 10


def read_pages(
    caller: Caller,
    system: RestDescriptor,
    spec: ObjectSpec,
    cursor: Mapping[str, object] | None,
    page_size: int,
) -> Iterator[Page]:
    """Yield pages until the source has no more; see `Connector.read`."""
    progress = Progress(cursor, spec.changes.overlap if spec.changes else 0)
    lister = Lister(caller, system, spec, page_size)
    batch = _first(lister, progress)
    progress.begin(batch.moment)
    while True:
        records = _joined(caller, system, spec, _records(system, spec, batch.rows))
        fresh = progress.fresh(records)
        yield Page(
            [record for record in fresh if not record.problem],
            progress.cursor(batch.at),
            batch.at is None,
            batch.total,
            unread=[record for record in fresh if record.problem],
        )
        if batch.at is None:
            return
        batch = lister.fetch(progress.since, batch.at)


def _first(lister: Lister, progress: Progress) -> Batch:
    """Go on where the last read stopped, or from its start where that place is gone."""
    if progress.at is not None:
        try:
            return lister.fetch(progress.since, progress.at)
        except (Rejected, Permanent):
            progress.at = None
    return lister.fetch(progress.since, None)


def plain(system: RestDescriptor, value: object) -> object:
    """Return plain data for a value from the wire; raises Permanent when it is malformed."""
    try:
        return system.dialect.from_wire(value)
    except (ArithmeticError, KeyError, TypeError, ValueError) as error:
        raise Permanent(f"The system sent a value that cannot be read: {error!r}.") from error


def _records(
    system: RestDescriptor, spec: ObjectSpec, rows: Sequence[object]
) -> list[SourceRecord]:
    """Return a list's rows. Raises Permanent where many came and none can be read: then it is not
    the rows that are wrong, and the place in the source is kept."""
    records = [_row(system, spec, row) for row in rows]
    if len(records) > _MOST_ALL_UNREAD and all(record.problem for record in records):
        raise Permanent(f"None of {len(records)} rows can be read. {records[0].problem}")
    return records


def _row(system: RestDescriptor, spec: ObjectSpec, row: object) -> SourceRecord:
    """Return a row of a list; one that cannot be read says so itself, and the others go on."""
    try:
        return record_of(system, spec, row)
    except Permanent as error:
        data = row if isinstance(row, dict) else {"row": row}
        modified = moment_of(at(data, spec.modified)) if spec.modified else None
        return SourceRecord(text_at(data, spec.id), "", modified, data, problem=error.message)


def record_of(system: RestDescriptor, spec: ObjectSpec, row: object) -> SourceRecord:
    """Return a row as a record of plain data; raises Permanent where it cannot be read."""
    data = plain(system, row)
    record_id = text_at(data, spec.id)
    if not isinstance(data, dict) or not record_id:
        raise Permanent(f"A row of {spec.label} has no id ({spec.id}).")
    modified = moment_of(at(data, spec.modified)) if spec.modified else None
    version = text_at(data, spec.version)
    if not version and spec.modified:
        version = text_at(data, spec.modified)
    deleted = bool(at(data, spec.deleted)) if spec.deleted else False
    return SourceRecord(record_id, version, modified, data, deleted)


def _joined(
    caller: Caller, system: RestDescriptor, spec: ObjectSpec, records: list[SourceRecord]
) -> list[SourceRecord]:
    for join in spec.joins:
        records = _with_join(caller, system, join, records)
    return records


def _with_join(
    caller: Caller, system: RestDescriptor, join: Join, records: Sequence[SourceRecord]
) -> list[SourceRecord]:
    """Fetch what a page's rows point to with one call, and put it into each row."""
    keys = [_join_key(join, record.data) for record in records]
    wanted = sorted({key for key in keys if key is not None})
    found: dict[int, object] = {}
    if wanted:
        conditions = [Condition(join.key, AMONG, wanted)]
        params = system.dialect.query(conditions, fields=join.fields, order=())
        rows = caller.send(Call(method="GET", path=join.path, params=params)).data
        if not isinstance(rows, list):
            raise Transient(f"What rows point to ({join.into}) came without its list.")
        for row in rows:
            data = plain(system, row)
            key = at(data, join.key)
            if isinstance(key, int):
                found[key] = data
    return [
        replace(record, data={**record.data, join.into: _joined_row(found, key)})
        for record, key in zip(records, keys, strict=True)
    ]


def _joined_row(found: Mapping[int, object], key: int | None) -> object:
    return None if key is None else found.get(key)


def _join_key(join: Join, data: Mapping[str, Any]) -> int | None:
    value = at(data, join.source)
    if isinstance(value, str) and value.startswith(join.prefix):
        value = value.removeprefix(join.prefix)
    return int(value) if str(value).isdecimal() else None  # type: ignore[call-overload]  # digits
