"""Source paths and targets that a document names and nobody has. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from mappings.documents import Problem, objects_in, rules_of
from mappings.language.budget import ExpressionError
from mappings.language.evaluate import Expression
from mappings.paths import BadPath, joined, split
from mappings.transforms import paths_read

Record = Mapping[str, object]
MAX_PATHS = 300


def paths_in(sample: object, above: str = "", depth: int = 5) -> list[str]:
    """Return the paths of a sample record, those of objects in it too; at most MAX_PATHS."""
    found: list[str] = []
    if isinstance(sample, Mapping) and depth:
        for name, value in sample.items():
            if len(found) >= MAX_PATHS or not name:
                break
            path = f"{above}{joined(str(name))}"
            found.append(path)
            found += paths_in(value, f"{path}.", depth - 1)
    return found[:MAX_PATHS]


def read_by(rule: Record) -> Iterator[str]:
    """Give the paths that a rule reads from the record."""
    for name in ("source", "for_each"):
        if isinstance(path := rule.get(name), str):
            yield path
    for step in objects_in(rule.get("steps")):
        yield from paths_read(step)
    for name in ("expr", "when"):
        if isinstance(text := rule.get(name), str) and text:
            try:
                yield from Expression(text).paths
            except ExpressionError:
                continue  # compiling says what is wrong with it


def read_in(document: Record) -> set[str]:
    """Return all paths that a document's rules read from the record."""
    return {path for rule in rules_of(document) for path in read_by(rule)}


class KnownPaths:
    """The paths that a system's object, or a sample, has."""

    def __init__(self, paths: Iterable[str]) -> None:
        """`paths`: with dots; those that can't be read as a path are left out."""
        self._ends: set[tuple[str, ...]] = set()
        self._ways: set[tuple[str, ...]] = set()
        for path in paths:
            try:
                parts = split(path)
            except BadPath:
                continue
            self._ends.add(parts)
            self._ways.update(parts[:size] for size in range(1, len(parts)))

    def __bool__(self) -> bool:
        return bool(self._ends)

    def has(self, path: str) -> bool:
        """Say whether a path is known, leads to one that is, or goes below where nothing more
        is known (a list, an object that the sample has empty)."""
        try:
            # A position in a list, as in addresses.0.city, is no name.
            parts = tuple(part for part in split(path) if not part.isdecimal())
        except BadPath:
            return True  # compiling says what is wrong with it
        if parts in self._ends or parts in self._ways:
            return True
        above = [parts[:size] for size in range(1, len(parts))]
        return any(one in self._ends and one not in self._ways for one in above)


def unknown_sources(document: Record, known: KnownPaths, where: str) -> list[Problem]:
    """Return the rules that read a path which is not known. `where`: what should have it."""
    return [
        Problem(
            "source",
            f"{where} has no field '{path}'. Choose one that it has, or correct the name.",
            str(rule.get("id")),
            str(rule.get("target") or ""),
            path,
        )
        for rule in rules_of(document)
        for path in read_by(rule)
        if not known.has(path)
    ]


def unknown_targets(document: Record, known: KnownPaths, where: str) -> list[Problem]:
    """Return the rules whose target is not known. `where`: what should take it."""
    return [
        Problem("target", f"{where} takes no field '{target}'.", str(rule.get("id")), target)
        for rule in rules_of(document)
        if (target := str(rule.get("target") or "")) and not known.has(target)
    ]
