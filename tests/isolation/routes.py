"""Every route that the URL confs have, with what it takes, read from Django itself."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

URLCONFS = {
    "admin": "config.urls_admin",
    "portal": "config.urls_portal",
    "console": "config.urls_public",
}


@dataclass(frozen=True)
class Route:
    """One address of one door. `pattern` is as Django writes it; `names` its parameters."""

    door: str
    pattern: str
    name: str
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        """How the matrix calls it: door and URL name, or the pattern where it has no name."""
        return f"{self.door}:{self.name or self.pattern}"


def _walk(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[tuple[str, str, object]]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry, pattern, inner)
        elif isinstance(entry, URLPattern):
            yield pattern, f"{namespace}{entry.name}" if entry.name else "", entry


def routes(door: str) -> list[Route]:
    """Return the routes of one door, in the order in which they are tried."""
    found = []
    for pattern, name, entry in _walk(get_resolver(URLCONFS[door]), "", ""):
        names = tuple(entry.pattern.regex.groupindex) if isinstance(entry, URLPattern) else ()
        found.append(Route(door, pattern, name, names))
    return found
