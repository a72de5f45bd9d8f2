"""Where the editor gets sample records: the layer above registers it at start-up."""

from collections.abc import Callable
from dataclasses import dataclass

from mappings.models import Mapping


@dataclass(frozen=True, slots=True)
class Sample:
    """A stored record that a mapping can be tried on, as the engine would give it to it."""

    key: str
    label: str
    data: dict[str, object]


Finder = Callable[[Mapping, int | None, int], list[Sample]]
_finders: list[Finder] = []


def register_finder(finder: Finder) -> None:
    """Let `finder(mapping, client_id, most)` find stored records. One only.

    client_id None: records of any client; otherwise of that client and no other.
    """
    _finders[:] = [finder]


def samples_for(mapping: Mapping, client_id: int | None, most: int = 10) -> list[Sample]:
    """Return up to `most` stored records for a mapping, newest first.

    client_id: of the client's person who looks, None for staff. A client's own mapping is
    tried on that client's records alone, whoever looks.
    """
    if not _finders:
        return []
    return _finders[0](mapping, client_id or mapping.client_id, most)
