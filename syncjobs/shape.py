"""The fields that a mapping reads, as a source's records have them: what went, what changed. Pure.

What every one of the first records has is expected from then on. A field is told of when several
in a row, and none among them otherwise, lack it or have another kind of value. One that comes and
goes by itself is optional: it is forgotten.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from mappings.paths import BadPath, split

LEARN: Final = 20
TELL: Final = 3
GONE: Final = "gone"
# Nothing is known of it: it is null, or below a list.
OPEN: Final = ""
_KINDS: Final = {
    bool: "yes or no",
    str: "text",
    int: "number",
    Decimal: "number",
    list: "list",
    dict: "object",
}
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a stream. mapping: the version whose paths these are; seen: records that it
    was learned from; kinds: path → what each of them had; odd: path → what came last instead, and
    in how many in a row (no more than `TELL` are counted).
    """

    mapping: int = 0
    seen: int = 0
    kinds: Mapping[str, str] = field(default_factory=dict)
    odd: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def told(self) -> tuple[tuple[str, str, str], ...]:
        """Return (path, what it was, what it is) of all that people are told of, in order."""
        found = [
            (path, self.kinds[path], now)
            for path, (now, count) in sorted(self.odd.items())
            if count >= TELL
        ]
        gone = [f"{path}." for path, _, now in found if now == GONE]
        # Of what is gone with all below it, only the top.
        return tuple(one for one in found if not one[0].startswith(tuple(gone)))

    def stored(self) -> dict[str, object]:
        """Return it as JSON."""
        odd = {path: list(one) for path, one in self.odd.items()}
        return {
            "mapping": self.mapping,
            "seen": self.seen,
            "kinds": dict(self.kinds),
            "odd": odd,
        }


def read(stored: Mapping[str, Any]) -> Shape:
    """Return what was stored; nothing known of an empty one."""
    if not stored:
        return Shape()
    odd = {path: (str(kind), int(count)) for path, (kind, count) in stored["odd"].items()}
    return Shape(stored["mapping"], stored["seen"], stored["kinds"], odd)


def look(shape: Shape, mapping: int, paths: Iterable[str], rows: Sequence[Row]) -> Shape:
    """Return what is known after these records; the same object where nothing changed."""
    if shape.mapping != mapping:
        shape = Shape(mapping)
    if not rows:
        return shape
    if shape.seen < LEARN:
        return _learned(shape, paths, rows)
    first = rows[0]
    suspects = [
        path
        for path, kind in shape.kinds.items()
        if path in shape.odd or kind_at(first, path) not in (kind, OPEN)
    ]
    return _compared(shape, suspects, rows) if suspects else shape


def _learned(shape: Shape, paths: Iterable[str], rows: Sequence[Row]) -> Shape:
    wanted = shape.kinds if shape.seen else dict.fromkeys(paths, OPEN)
    kinds: dict[str, str] = {}
    for path, known in wanted.items():
        found = {known, *(kind_at(row, path) for row in rows)} - {OPEN}
        if GONE not in found and len(found) <= 1:
            kinds[path] = found.pop() if found else OPEN
    seen = shape.seen + len(rows)
    if seen >= LEARN:
        kinds = {path: kind for path, kind in kinds.items() if kind}
    return replace(shape, seen=seen, kinds=kinds)


def _compared(shape: Shape, suspects: Sequence[str], rows: Sequence[Row]) -> Shape:
    kinds, odd = dict(shape.kinds), dict(shape.odd)
    for path in suspects:
        found = [kind_at(row, path) for row in rows]
        wrong = [one for one in found if one not in (kinds[path], OPEN)]
        if len(wrong) == len(found):
            count = odd[path][1] if path in odd else 0
            odd[path] = wrong[-1], min(count + len(wrong), TELL)
            continue
        was_told = odd.pop(path, ("", 0))[1] >= TELL
        if wrong or not was_told:
            del kinds[path]
    if (kinds, odd) == (shape.kinds, shape.odd):
        return shape
    return replace(shape, kinds=kinds, odd=odd)


def kind_at(row: Row, path: str) -> str:
    """Return what kind of value a record has at a path: `GONE` without one, `OPEN` of null."""
    value: object = row
    try:
        parts = split(path)
    except BadPath:
        return OPEN
    for part in parts:
        if value is None or isinstance(value, list):
            return OPEN
        if not isinstance(value, (dict, Mapping)) or part not in value:
            return GONE
        value = value[part]
    return _KINDS.get(type(value), OPEN)


def words(told: Iterable[tuple[str, str, str]]) -> str:
    """Return such as "name is gone; amount was a number and is a text now"."""
    said = [
        f"{path} is gone" if now == GONE else f"{path} was {was} and is {now} now"
        for path, was, now in told
    ]
    return "; ".join(said)
