"""Which fields a system's objects have: the layer above registers it at start-up."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of a system. `label`: the system's name. Paths are written with dots.

    reads: the paths that its records hold. writes: those that it takes.
    """

    label: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


Catalogue = Callable[[str, str], Fields | None]
_catalogues: list[Catalogue] = []


def register_catalogue(catalogue: Catalogue) -> None:
    """Let `catalogue(connector, object)` answer. One only; None for what it does not know."""
    _catalogues[:] = [catalogue]


def fields_for(connector: str, object_name: str) -> Fields:
    """Return an object's fields, none where nobody knows them."""
    found = _catalogues[0](connector, object_name) if _catalogues and connector else None
    return found or Fields(label=connector)
