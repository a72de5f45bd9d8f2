"""Where the editor gets sample records: the layer above registers it at start-up."""

from collections.abc import Callable
from dataclasses import dataclass

from mappings.models import Mapping


@dataclass(frozen=True)
class Sample:
    """A stored record that a mapping can be tried on."""

    key: str
    label: str
    data: dict[str, object]


Finder = Callable[[Mapping, int], list[Sample]]
_finders: list[Finder] = []


def register_finder(finder: Finder) -> None:
    """Let `finder(mapping, most)` find stored records. One only."""
    _finders[:] = [finder]


def samples_for(mapping: Mapping, most: int = 10) -> list[Sample]:
    """Return up to `most` stored records for a mapping, newest first."""
    return _finders[0](mapping, most) if _finders else []
