"""Records of a source that cannot be read, or that the database refuses: named, and set aside.

The latter are found when it does, not looked for before: a page of thousands that is all right
costs nothing.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeVar

from django.db import DataError, transaction
from msgspec.structs import replace

from governance.redaction import storable
from mappings.documents import Problem
from syncjobs.connectors.base import LONGEST_ID, SourceRecord
from syncjobs.fingerprint import cut_apart, fingerprint
from syncjobs.intake.reading import UNKEPT, Refused

logger = logging.getLogger(__name__)
# What the database says, and what writing its JSON does of texts that are none.
REFUSALS: Final = (DataError, UnicodeError)
NAMELESS: Final = "row without an id,"
_MOST_DIGITS: Final = 10_000
Given = TypeVar("Given")
Take = Callable[[Sequence[SourceRecord]], object]


def without_unkept(
    records: Sequence[SourceRecord],
    take: Take,
    commit: Callable[[Sequence[SourceRecord], Sequence[Refused]], Given],
    unread: Sequence[SourceRecord] = (),
) -> Given:
    """Commit the records; where the database refuses some, commit the others with these refused.

    `take` tries a part of them in a transaction that is taken back. `unread`: rows with a problem,
    refused in any case. Raises what the database said where it is none of the records.
    """
    refused = [_refused_row(one) for one in unread]
    try:
        return commit(records, refused)
    except REFUSALS as error:
        unkept = _find(records, take)
        if not unkept:
            raise
        logger.warning("%s records of a page cannot be kept: %s", len(unkept), type(error).__name__)
        kept = [one for one in records if one.id not in unkept]
        return commit(kept, [*refused, *unkept.values()])


def _refused_row(row: SourceRecord) -> Refused:
    """One that names no id is known by its content: read again, it is no second one."""
    named = row if row.id else replace(row, id=f"{NAMELESS} {fingerprint(row.data)[:16]}")
    return _told(named, "", row.problem)


def _find(records: Sequence[SourceRecord], take: Take) -> dict[str, Refused]:
    """Return id → what is refused: by its look, or else by trying smaller and smaller parts."""
    seen = {one.id: wrong for one in records if (wrong := wrong_in(one))}
    if not seen:
        seen = {one.id: ("", _words(error)) for one, error in _refused(records, take)}
    return {one.id: _told(one, *seen[one.id]) for one in records if one.id in seen}


def _refused(records: Sequence[SourceRecord], take: Take) -> list[tuple[SourceRecord, Exception]]:
    try:
        with transaction.atomic():
            take(records)
            transaction.set_rollback(True)
    except REFUSALS as error:
        if len(records) == 1:
            return [(records[0], error)]
        half = len(records) // 2
        return [*_refused(records[:half], take), *_refused(records[half:], take)]
    return []


def wrong_in(record: SourceRecord) -> tuple[str, str] | None:
    """Return (field, what is wrong with it) of the first value that cannot be kept, if any."""
    if len(record.id) > LONGEST_ID:
        size = len(record.id)
        return "id", f"The id has {size} characters; {LONGEST_ID} are the most."
    if storable(record.id + record.version) != record.id + record.version:
        return "id", "The id or the version holds a character that cannot be kept."
    return _wrong("", record.data)


def _wrong(path: str, value: object) -> tuple[str, str] | None:
    name = path or "the record"
    if isinstance(value, str) and storable(value) != value:
        return path, f"{name} holds a character that cannot be kept (NUL, or half of a pair)."
    if isinstance(value, Decimal) and not _is_in_proportion(value):
        return path, f"{name} is a number out of all proportion."
    if isinstance(value, int) and value.bit_length() > 3 * _MOST_DIGITS:
        return path, f"{name} is a number out of all proportion."
    if isinstance(value, Mapping):
        inner = [(f"{path}.{key}".lstrip("."), one) for key, one in value.items()]
        odd = next((key for key, _ in inner if storable(key) != key), None)
        if odd is not None:
            return storable(odd), "The name of a field holds a character that cannot be kept."
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        inner = [(f"{path}.{place}".lstrip("."), one) for place, one in enumerate(value)]
    else:
        return None
    return next((found for at, one in inner if (found := _wrong(at, one))), None)


def _is_in_proportion(number: Decimal) -> bool:
    return number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS


def _words(error: Exception) -> str:
    said = str(error.__cause__ or error).splitlines()[0]
    return f"The database cannot keep it: {storable(said)[:200]}."


def _told(record: SourceRecord, field: str, why: str) -> Refused:
    kept = replace(
        record,
        id=cut_apart(storable(record.id), LONGEST_ID),
        version=storable(record.version),
        data=_storable(record.data),
    )
    return Refused(kept, (Problem(UNKEPT, why, target=field, source=field),))


def _storable(value: object) -> object:
    """Return content as it can be kept and shown; a number that cannot be is its first digits."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): _storable(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_storable(one) for one in value]
    if _wrong("", value):
        return "a number out of all proportion"
    return value
