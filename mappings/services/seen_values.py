"""Which values records really have that a value map has no entry for. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mappings.canonical.custom import CustomFields
from mappings.documents import MappingError
from mappings.engine import compile_mapping
from mappings.models import Mapping, ValueMap
from mappings.samples import samples_for
from mappings.services.custom_fields import custom_fields
from mappings.services.preview import inputs_for, value_tables
from mappings.services.value_maps import table_of, used_by
from mappings.word_order import reading_order

MOST_RECORDS: Final = 200
MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """A word without an entry: how many of the looked-at records have it, and one of them."""

    word: str
    count: int
    example: str


def unknown_values(value_map: ValueMap, client_id: int | None) -> list[Seen]:
    """Return the words that the newest records bring and the live table lacks, by how often.

    client_id: of the client's person who looks, None for staff. A client's value map is held
    against that client's records alone, the partner's not against those of clients that have
    a map of their own of this name.
    """
    client_id = client_id or value_map.client_id
    table = table_of(value_map)
    found: dict[str, list[str]] = {}
    custom = custom_fields()
    for mapping in used_by(value_map):
        for word, label in _words(mapping, value_map.name, client_id, custom):
            if word not in table:
                found.setdefault(word, []).append(label)
    seen = [Seen(word, len(labels), labels[0]) for word, labels in found.items()]
    return sorted(seen, key=lambda one: (-one.count, reading_order(one.word)))[:MOST_SHOWN]


def _words(
    mapping: Mapping, name: str, client_id: int | None, custom: CustomFields
) -> Iterator[tuple[str, str]]:
    """Give (word, record) of each look-up in the value map that the newest records make."""
    if mapping.live is None:
        return
    try:
        made = compile_mapping(
            mapping.live.document, object_type=mapping.object_type, custom=custom
        )
    except MappingError:
        return  # a live version that is no good any more says so where it runs
    tables = value_tables(client_id)
    for sample in samples_for(mapping, client_id, MOST_RECORDS):
        inputs = inputs_for(made, sample.data, tables)
        for word in made.looked_up(sample.data, name, inputs=inputs):
            yield word, sample.label
