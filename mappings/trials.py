"""Where impact previews get their records: the layer above registers it at start-up.

Unlike the editor's samples (`mappings.samples`), a trial brings all that a run may know besides
the record, and each record comes once, however often it was written.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mappings.inputs import Inputs, Record
from mappings.models import Mapping

# (client id, record, variables) → (object type, value) of the references that will be looked up.
Wanted = Callable[[int, Record, Record], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A stored record as the engine would give it to a mapping. `inputs` lacks the value maps.

    currency: of the record, or of its client where it names none. at: when it was last mapped.
    """

    client_id: int
    key: str
    label: str
    data: Record
    inputs: Inputs
    currency: str
    at: datetime | None = None


Finder = Callable[[Mapping, frozenset[int], int, Wanted], Iterator[Sequence[Trial]]]
_finders: list[Finder] = []


def register_trials(finder: Finder) -> None:
    """Let `finder(mapping, client ids, most, wanted)` find records, newest first. One only."""
    _finders[:] = [finder]


def trials_for(
    mapping: Mapping, clients: frozenset[int], most: int, wanted: Wanted
) -> Iterator[Sequence[Trial]]:
    """Give up to `most` stored records of these clients in batches, newest first."""
    if _finders and clients and most > 0:
        yield from _finders[0](mapping, clients, most, wanted)
