"""Walking from a record to the records that it refers to. Pure: what is not known yet is noted.

A path such as "project.contract.tax_code" goes through reference fields; the last segment may
be any field. The caller loads what `wanted` and `wanted_refs` list and walks again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

type_key = tuple[str, str]


class Known(Struct, frozen=True):
    """A canonical record as the engine knows it. version 0: others refer to it, nobody sent it."""

    type: str
    key: str
    data: Mapping[str, object]
    version: int = 1
    deleted: bool = False
    id: int = 0

    @property
    def exists(self) -> bool:
        """Say whether some system has shown us this record."""
        return self.version > 0 and not self.deleted

    @property
    def watch_key(self) -> str:
        """Return what a delivery watches to learn of a change of this record."""
        return watch_record(self.type, self.key)


def watch_record(type_: str, key: str) -> str:
    """Return the watch key of a canonical record."""
    return f"{type_}:{key}"


def watch_ref(connection_id: int, type_: str, key: str) -> str:
    """Return the watch key of a record's existence in a system."""
    return f"ref:{connection_id}:{type_}:{key}"


def watch_delivery(delivery_id: int) -> str:
    """Return the watch key of another delivery's end."""
    return f"delivery:{delivery_id}"


def watch_live(kind: str, name: str) -> str:
    """Return the watch key of a mapping's, or a value map's, next live version."""
    return f"live:{kind}:{name}"


@dataclass(slots=True)
class Neighbourhood:
    """The records (and their existence in systems) that a batch has looked at so far.

    `reference_of(type, field)` is the type that a reference field points to, None for others.
    """

    reference_of: Callable[[str, str], str | None]
    records: dict[type_key, Known | None] = field(default_factory=dict)
    refs: dict[tuple[int, str, str], str | None] = field(default_factory=dict)
    wanted: set[type_key] = field(default_factory=set)
    wanted_refs: set[tuple[int, str, str]] = field(default_factory=set)

    def add(self, records: Iterable[Known]) -> None:
        """Make records known."""
        for record in records:
            self.records[record.type, record.key] = record

    def record(self, type_: str, key: str) -> Known | None:
        """Return a record; one that is not loaded yet is None now and noted as wanted."""
        if (type_, key) not in self.records:
            self.wanted.add((type_, key))
            return None
        return self.records[type_, key]

    def external_id(self, connection_id: int, type_: str, key: str) -> str | None:
        """Return a record's id in a system; one that is not loaded yet is noted as wanted."""
        at = (connection_id, type_, key)
        if at not in self.refs:
            self.wanted_refs.add(at)
            return None
        return self.refs[at]


@dataclass(frozen=True, slots=True)
class Walked:
    """Where a path led.

    `value`: of the last segment. `at`: the record that holds it, None when the way broke.
    `target`: what the last segment refers to, when it is a reference with a value.
    `seen`: watch keys of every record on the way, the missing one included.
    `broken`: the record that is not there, or None.
    """

    value: object
    at: Known | None
    target: type_key | None
    seen: tuple[str, ...]
    broken: type_key | None = None


def walk(start: Known, path: str, world: Neighbourhood) -> Walked:
    """Follow `path` from `start`."""
    here = start
    seen = [start.watch_key]
    segments = path.split(".")
    for place, name in enumerate(segments):
        value = here.data.get(name)
        to = world.reference_of(here.type, name)
        target = (to, value) if to and isinstance(value, str) and value else None
        if place == len(segments) - 1:
            if target:
                seen.append(watch_record(*target))
                world.record(*target)  # whoever comes this far may look at it
            return Walked(value, here, target, tuple(seen))
        if target is None:
            # A reference without a value, or a plain field in mid-way: nothing lies beyond.
            return Walked(None, here, None, tuple(seen))
        seen.append(watch_record(*target))
        known = world.record(*target)
        if known is None or not known.exists:
            return Walked(None, None, None, tuple(seen), broken=target)
        here = known
    raise AssertionError("a path has at least one segment")
