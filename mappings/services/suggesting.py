"""Rules that could be, for what a sample has and no rule fills yet. Reads only, no network."""

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final

from django.db.models import Q

from mappings.canonical.fields import Field
from mappings.canonical.registry import schema
from mappings.documents import rules_of
from mappings.known_paths import paths_in
from mappings.models import Mapping
from mappings.paths import MISSING, split, walked
from mappings.sample_rows import Samples
from mappings.services.checking import sources_of, targets_of
from mappings.services.custom_fields import custom_fields
from mappings.suggestions import Suggestion, normal, suggest

# Different texts of a field that are looked at.
MOST_VALUES: Final = 200


def suggestions_for(
    mapping: Mapping, samples: Samples, filled: Collection[str], read: Collection[str]
) -> list[Suggestion]:
    """Return rules for targets beside `filled`, from sources beside those `read` already."""
    fields = [one for one in _fields(mapping) if one.name not in filled]
    values = {path: found for path, found in _values(mapping, samples).items() if path not in read}
    return suggest(fields, values, _done_before(mapping))


def _fields(mapping: Mapping) -> list[Field]:
    if mapping.object_type:
        return list(schema(mapping.object_type, custom_fields()).fields)
    return [Field(name, "text", name) for name in targets_of(mapping)]


def _values(mapping: Mapping, samples: Samples) -> dict[str, list[str]]:
    """Return the source's paths, with the texts that the samples have under each."""
    sample = samples.rows[0].data
    paths = paths_in(sample) if samples.is_table else sources_of(mapping, sample)
    return {path: list(islice(dict.fromkeys(_texts(path, samples)), MOST_VALUES)) for path in paths}


def _texts(path: str, samples: Samples) -> Iterator[str]:
    parts = split(path)
    for row in samples.rows:
        value = walked(row.data, parts)
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
