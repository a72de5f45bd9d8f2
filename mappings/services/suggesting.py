"""Rules that could be, for what a sample has and no rule fills yet. Reads only, no network."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as Record
from itertools import islice
from typing import Final

from django.db.models import Q

from mappings.canonical.fields import Field
from mappings.canonical.registry import schema
from mappings.documents import rules_of
from mappings.known_paths import paths_in
from mappings.models import Mapping
from mappings.parts import BESIDES, sample_parts
from mappings.paths import MISSING, split, walked
from mappings.sample_rows import Samples
from mappings.services.checking import sources_of, targets_of
from mappings.services.custom_fields import custom_fields
from mappings.suggestions import Suggestion, normal, suggest

# Different texts of a field that are looked at.
MOST_VALUES: Final = 200


def suggestions_for(
    mapping: Mapping,
    samples: Samples,
    filled: Collection[str],
    read: Collection[str],
    document: Record[str, object],
) -> list[Suggestion]:
    """Return rules for targets beside `filled`, from sources beside those `read` already.

    `document`: the rules so far; of a list that they take apart, the members are looked at, too.
    """
    fields = [one for one in _fields(mapping) if one.name not in filled]
    values = _values(mapping, samples, document)
    free = {path: found for path, found in values.items() if path not in read}
    return suggest(fields, free, _done_before(mapping))


def _fields(mapping: Mapping) -> list[Field]:
    if mapping.object_type:
        return list(schema(mapping.object_type, custom_fields()).fields)
    return [Field(name, "text", name) for name in targets_of(mapping)]


def _values(
    mapping: Mapping, samples: Samples, document: Record[str, object]
) -> dict[str, list[str]]:
    """Return the source's paths, with the texts that the samples have under each."""
    sample = samples.rows[0].data
    paths = paths_in(sample) if samples.is_table else sources_of(mapping, sample, document)
    records = [part for row in samples.rows for part in sample_parts(document, row.data)]
    return {
        path: list(islice(dict.fromkeys(_texts(path, records)), MOST_VALUES))
        for path in paths
        if path not in BESIDES
    }


def _texts(path: str, records: Sequence[Record[str, object]]) -> Iterator[str]:
    parts = split(path)
    for record in records:
        value = walked(record, parts)
        is_there = value is not MISSING and value is not None and value != ""
        if is_there and not isinstance(value, dict | list | bool):
            yield str(value)


def _done_before(mapping: Mapping) -> Counter[tuple[str, str]]:
    """Return how often live mappings of this kind fill a target from a source."""
    rows = Mapping.objects.filter(direction=mapping.direction, makes=mapping.makes)
    rows = rows.filter(canonical=mapping.canonical).exclude(live=None).exclude(pk=mapping.pk)
    if mapping.client_id is not None:  # what other clients have is not theirs to see
        rows = rows.filter(Q(client=None) | Q(client_id=mapping.client_id))
    found: Counter[tuple[str, str]] = Counter()
    for other in rows.select_related("live"):
        for rule in rules_of(other.live.document if other.live else {}):
            if source := str(rule.get("source") or ""):
                found[str(rule.get("target")), normal(source)] += 1
    return found
