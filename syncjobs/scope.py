"""What may be read from a client's system, and what written to it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

DIRECTIONS: Final[Mapping[str, str]] = {
    "both": "Reading and writing",
    "read": "Reading only",
    "write": "Writing only",
}


@dataclass(frozen=True)
class Scope:
    """direction: a key of DIRECTIONS. objects: those that may be touched; empty for all."""

    direction: str = "both"
    objects: tuple[str, ...] = ()

    @property
    def is_limited(self) -> bool:
        """Whether it forbids anything."""
        return self.direction != "both" or bool(self.objects)

    def reads(self, object_: str) -> bool:
        """Say whether an object may be read."""
        return self.direction != "write" and self._has(object_)

    def writes(self, object_: str) -> bool:
        """Say whether an object may be written."""
        return self.direction != "read" and self._has(object_)

    def as_json(self) -> dict[str, object]:
        """Return plain JSON."""
        return {"direction": self.direction, "objects": sorted(self.objects)}

    def _has(self, object_: str) -> bool:
        return not self.objects or object_ in self.objects


def scope_from(content: Mapping[str, object], known: Iterable[str]) -> Scope:
    """Return a scope from plain JSON. Raises ValueError, saying what is wrong."""
    direction, objects = content.get("direction"), content.get("objects", [])
    if direction not in DIRECTIONS:
        raise ValueError(f"Choose a direction: {', '.join(DIRECTIONS)}.")
    if not isinstance(objects, list) or any(not isinstance(one, str) for one in objects):
        raise ValueError("Objects are a list of names.")
    strange = sorted(set(objects) - set(known))
    if strange:
        raise ValueError(f"The system has no object of the name {strange[0]}.")
    return Scope(str(direction), tuple(sorted(set(objects))))


def widened(before: Scope, after: Scope, objects: Iterable[str]) -> list[str]:
    """Return a sentence for each of these objects that may be read or written only now."""
    found = []
    for one in objects:
        if after.reads(one) and not before.reads(one):
            found.append(f"{one} is read from now on.")
        if after.writes(one) and not before.writes(one):
            found.append(f"{one} is written from now on.")
    return found
