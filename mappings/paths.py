"""Reading values by dotted path. Pure; it never evaluates anything."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from sys import intern
from typing import Final

MAX_SEGMENTS: Final = 12
MAX_PATH: Final = 300


class _Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "missing"


MISSING: Final = _Missing()
Reader = Callable[[Mapping[str, object]], object]


class BadPath(ValueError):
    """A path is not made of plain names and list positions. Fit to show."""


@lru_cache(maxsize=4_096)
def split(path: str) -> tuple[str, ...]:
    """Return the segments of `a.b.0.c`; a dot inside a name is written `\\.`. Raises BadPath."""
    marked = path.replace("\\.", "\0")
    # One text for each name, however many rules and mappings have it.
    parts = tuple(intern(part.replace("\0", ".")) for part in marked.split("."))
    if len(path) > MAX_PATH or len(parts) > MAX_SEGMENTS or not all(parts):
        raise BadPath(f"{path[:60]!r} is not a path; write names with dots, such as customer.name.")
    if any(part.startswith("__") for part in parts):
        raise BadPath(f"{path[:60]!r} has a name that starts with two underscores.")
    return parts


def joined(*names: str) -> str:
    """Return names as a path, dots inside them marked."""
    return ".".join(name.replace(".", "\\.") for name in names)


def _step(value: object, name: str) -> object:
    if type(value) is dict:
        return value.get(name, MISSING)
    if isinstance(value, Mapping):
        return value.get(name, MISSING)
    if isinstance(value, list) and name.isascii() and name.isdecimal() and len(name) < 6:
        return value[int(name)] if int(name) < len(value) else MISSING
    return MISSING


def reader(path: str) -> Reader:
    """Return a function from record to the value at `path`, MISSING when there is none.

    A null on the way is null: nothing can be below it. Raises BadPath.
    """
    parts = split(path)
    if len(parts) == 1:
        return _read_one(parts[0])
    if len(parts) == 2:
        return _read_two(*parts)
    return lambda record: walked(record, parts)


def _read_one(name: str) -> Reader:
    return lambda record: record.get(name, MISSING)


def _read_two(first: str, second: str) -> Reader:
    """Return the reader of a field of an object: most nested paths are so."""

    def read(record: Mapping[str, object]) -> object:
        inner = record.get(first, MISSING)
        if type(inner) is dict:
            return inner.get(second, MISSING)
        return walked(record, (first, second))

    return read


def walked(record: Mapping[str, object], parts: tuple[str, ...]) -> object:
    """Return the value at the end of a split path, MISSING when there is none."""
    value: object = record
    for part in parts:
        value = _step(value, part)
        if value is None or value is MISSING:
            return value
    return value


def put(target: dict[str, object], parts: tuple[str, ...], value: object) -> None:
    """Set a value in nested dicts, making those that are missing.

    No two targets of a mapping lie on one way (`structure.target_problems`), so what is met
    here is a dict.
    """
    here = target
    for part in parts[:-1]:
        inner = here.setdefault(part, {})
        assert isinstance(inner, dict)
        here = inner
    here[parts[-1]] = value
