"""What a connected system's objects have for fields, and what changed since the last look. Pure.

A look sees a few records, and a field that is empty in all of them may be left out. So a field
is new when no look has seen it, and gone only when every record had it and none has it now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from syncjobs.connectors.base import Check


@dataclass(frozen=True, slots=True)
class FieldsChanged:
    """An object of the system gained or lost fields (dotted paths)."""

    object: str
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def read_by(self, paths: Iterable[str]) -> list[str]:
        """Return those of the lost fields that the paths lead to or through."""
        return [lost for lost in self.lost if any(_within(path, lost) for path in paths)]


def compared(
    before: Sequence[Mapping[str, object]], now: Sequence[Check]
) -> tuple[list[dict[str, object]], list[FieldsChanged]]:
    """Return the checks to keep, with what is known of the fields, and what changed.

    `before`: the checks that were kept last.
    """
    known = {str(one["object"]): one for one in before if one.get("object")}
    kept, changes = [], []
    for check in now:
        old = known.get(check.object, {})
        fields, always = _names(old, "fields"), _names(old, "always")
        if not check.fields:  # it could not be read, or is empty: what was seen still holds
            check = replace(check, fields=tuple(fields), always=tuple(always))
        elif fields:
            change = _change(check, fields, always)
            check = replace(check, fields=_still(fields, change.lost, check.fields))
            if change.gained or change.lost:
                changes.append(change)
        kept.append(asdict(check))
    return kept, changes


def _names(check: Mapping[str, object], name: str) -> list[str]:
    found = check.get(name)
    return [str(one) for one in found] if isinstance(found, list | tuple) else []


def _change(check: Check, fields: Sequence[str], always: Sequence[str]) -> FieldsChanged:
    seen = set(check.fields)
    # Below a field that is empty now nothing is seen, and nothing is gone.
    open_ = {""} | {above(one) for one in seen}
    gone = {one for one in always if one not in seen}
    lost = [one for one in sorted(gone) if above(one) in open_]
    new = seen - set(fields)
    gained = [one for one in sorted(new) if above(one) not in new]
    return FieldsChanged(check.object, tuple(gained), tuple(lost))


def above(path: str) -> str:
    """Return the path of the object that a field is in; "" for the record itself."""
    return path.rpartition(".")[0]


def _within(path: str, field: str) -> bool:
    return path == field or path.startswith(f"{field}.")


def _still(fields: Sequence[str], lost: Sequence[str], seen: Sequence[str]) -> tuple[str, ...]:
    """Return every field that was ever seen and is not lost."""
    left = [one for one in fields if not any(_within(one, gone) for gone in lost)]
    return tuple(sorted({*left, *seen}))
