"""Names of clients, for people to read. Governance keeps plain client ids; the app that
owns clients registers how to name them in `AppConfig.ready()`."""

from collections.abc import Callable, Iterable, Mapping

Names = Callable[[frozenset[int]], Mapping[int, str]]
_resolvers: list[Names] = []


def register_client_names(names: Names) -> None:
    """Say how ids become names; the latest registration answers."""
    _resolvers.append(names)


def client_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Return a name for each id (None is left out), "Client 7" where nobody knows one."""
    wanted = frozenset(one for one in ids if one is not None)
    known = _resolvers[-1](wanted) if wanted and _resolvers else {}
    return {one: known.get(one, f"Client {one}") for one in wanted}


Known = Callable[[], Mapping[int, str]]
_known: list[Known] = []


def register_known_clients(known: Known) -> None:
    """Say which clients there are, by id; the latest registration answers."""
    _known.append(known)


def known_clients() -> dict[int, str]:
    """Return all clients with their names, for people to choose from."""
    return dict(_known[-1]()) if _known else {}
