"""Objects of JSON that have each name once: of two equal ones, which counts? Pure."""

import json
from typing import Final

_SHOWN: Final = 60


class NamedTwice(ValueError):
    """An object has a name twice; the message says which, fit to show."""


def each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of its names and values: an `object_pairs_hook`. Raises NamedTwice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise NamedTwice(f"The name {name[:_SHOWN]!r} stands twice in one object.")
            seen.add(name)
    return made


def refuse_twice(body: bytes) -> None:
    """Read a JSON text, known to be one, for its names only. Raises NamedTwice."""
    json.loads(body, object_pairs_hook=each_once, parse_float=str, parse_int=str)
